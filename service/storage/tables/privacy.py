"""Policies for personal data, pseudonyms, the other names by which callers may ask; purges and proofs of absence.

Purges and proofs hold no name: pairs are commitments under a subkey of the memory secret.
"""

from sqlalchemy import JSON, Column, Float, Index, Integer, LargeBinary, Table, Text

from service.storage.tables.base import Utc, dictionary_key, metadata, number, required

# One row a version; the newest is the one that holds.
policies = Table(
    "policies",
    metadata,
    dictionary_key(primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    required("policies", JSON),
    required("subjects", Text),
    required("at", Utc),
    required("by", Text),
    required("reason", Text),
)

# What a pseudonym stands for, sealed under a subkey of the policy secret. A pseudonym works without its row.
pseudonyms = Table(
    "pseudonyms",
    metadata,
    dictionary_key(primary_key=True),
    Column("pseudonym", Text, primary_key=True),
    required("sealed", LargeBinary),
)

# `version` counts the changes of a dictionary's names; `templates` are question patterns.
naming = Table(
    "naming",
    metadata,
    dictionary_key(primary_key=True),
    required("version", Integer),
    required("templates", JSON),
    required("at", Utc),
    required("by", Text),
)

# `kind` is subject or relation; `alias` is asked for, `name` is what is taught.
name_aliases = Table(
    "name_aliases",
    metadata,
    dictionary_key(primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("alias", Text, primary_key=True),
    required("name", Text),
)


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
