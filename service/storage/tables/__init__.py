"""Every table. A module holds those of one concern; all share one metadata."""

from service.storage.tables import access, privacy, reviews
from service.storage.tables.base import metadata
from service.storage.tables.ledger import (
    alias_events,
    aliases,
    api_keys,
    change_counter,
    dictionaries,
    facts,
    heartbeats,
    idempotency,
    identity,
    jobs,
    ledger_versions,
    memories,
    patches,
    refused,
    trials,
    uploads,
)

__all__ = [
    "access",
    "alias_events",
    "aliases",
    "api_keys",
    "change_counter",
    "dictionaries",
    "facts",
    "heartbeats",
    "idempotency",
    "identity",
    "jobs",
    "ledger_versions",
    "memories",
    "metadata",
    "patches",
    "privacy",
    "refused",
    "reviews",
    "trials",
    "uploads",
]
