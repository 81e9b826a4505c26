"""Grants, rate windows and the audit chain: what API keys may do, what they have used up, and what was done.

Every value of the audit chain is one that the driver gives back as it was bound (whole numbers, text, bytes): the MAC
of an entry is over what is stored, and reading a table that somebody has altered must not fail on the way.
"""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from service.storage.tables.base import Utc, dictionary_key, metadata, required

# `relations` and `denied` are lists of names, at most one of them; without either the grant is for every relation.
grants = Table(
    "grants",
    metadata,
    dictionary_key(primary_key=True),
    Column("key", Text, ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text),
    Column("relations", JSON(none_as_null=True)),
    Column("denied", JSON(none_as_null=True)),
    required("granted_at", Utc),
    required("by", Text),
    Index(None, "key"),
)

# How much of one part of a key's rate was handed out to processes in the window that began at `start` (seconds since
# the epoch). `key` is the key's id and the length of the part's windows.
rate_windows = Table(
    "rate_windows",
    metadata,
    Column("key", Text, primary_key=True),
    required("start", Integer),
    required("taken", Integer),
)


# `at` is in microseconds since the epoch. `details` is JSON of ids and figures. `columns` names what each row of
# `commitments` commits to. No foreign keys: an entry outlives what it speaks of.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    required("at", BigInteger),
    required("act", Text),
    required("by", Text),
    Column("dictionary", Text),
    Column("memory", Text),
    required("details", Text),
    required("columns", Text),
    required("commitments", LargeBinary),
    required("previous", LargeBinary),
    required("mac", LargeBinary),
    Index(None, "at"),
    Index(None, "dictionary", "number"),
    Index(None, "act", "number"),
)

# The salts of an entry's commitments, apart from it: a purge overwrites them, and the chain holds.
audit_salts = Table(
    "audit_salts",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=False),
    required("salts", LargeBinary),
    required("seal", LargeBinary),
)

# One row: how many entries there are and the MAC of the last. It moves with each entry, in the same transaction.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    required("entries", Integer),
    required("mac", LargeBinary),
    required("seal", LargeBinary),
)
