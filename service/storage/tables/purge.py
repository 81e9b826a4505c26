"""Proofs of absence, and purges. Neither holds a name: pairs are commitments under a subkey of the memory secret."""

from sqlalchemy import JSON, Column, Float, Index, Integer, LargeBinary, Table, Text

from service.storage.tables.base import Utc, dictionary_key, metadata, number, required

absences = Table(
    "absences",
    metadata,
    number(),
    dictionary_key(),
    Column("pair", LargeBinary(32), nullable=False),
    required("memory_before", Text),
    required("memory_after", Text),
    required("digest_before", Text),
    required("digest_after", Text),
    required("status_before", Text),
    required("status_after", Text),
    required("margin_before", Float),
    required("margin_after", Float),
    required("ledger_version", Integer),
    required("at", Utc),
    required("by", Text),
    Index(None, "dictionary", "pair"),
)

# A row whose `finished_at` is NULL is work that is left: files and free pages may still hold what was purged.
purges = Table(
    "purges",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    dictionary_key(),
    required("at", Utc),
    required("by", Text),
    required("tombstone", JSON),
    required("withdrawn", JSON),
    required("reports", JSON),
    Column("finished_at", Utc),
    Index(None, "dictionary"),
)
