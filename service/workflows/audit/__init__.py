"""Audit: what was done, by whom, to which memory, in a chain that shows every change to it."""

from service.workflows.audit.auditor import Act, Auditor, Event

__all__ = ["Act", "Auditor", "Event"]
