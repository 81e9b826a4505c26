"""The audit chain.

Every value is one that the driver gives back as it was bound (whole numbers, text, bytes): the MAC of an entry is over
what is stored, and reading a table that somebody has altered must not fail on the way.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from service.storage.tables.base import metadata, required

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
