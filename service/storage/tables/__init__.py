"""Every table. A module holds those of one concern; all share one metadata."""

from service.storage.tables import access, audit, gates, laboratory, privacy, purge, reviews
from service.storage.tables.base import metadata
from service.storage.tables.ledger import (
    alias_events,
    aliases,
    api_keys,
    change_counter,
    dictionaries,
    facts,
    idempotency,
    jobs,
    ledger_versions,
    memories,
    patches,
    refused,
    uploads,
)

__all__ = [
    "access",
    "alias_events",
    "aliases",
    "api_keys",
    "audit",
    "change_counter",
    "dictionaries",
    "facts",
    "gates",
    "idempotency",
    "jobs",
    "laboratory",
    "ledger_versions",
    "memories",
    "metadata",
    "patches",
    "privacy",
    "purge",
    "refused",
    "reviews",
    "uploads",
]
