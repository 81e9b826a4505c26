"""Dictionaries, their facts, uploads, memories, aliases, jobs, trials and keys.

`id` is what callers see; `number` is the short key that a million facts can afford.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from service.storage.tables.base import Utc, dictionary_key, metadata, number, required

dictionaries = Table(
    "dictionaries",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    required("created_at", Utc),
    required("ledger_version", Integer),
    required("pairs", Integer),
    required("facts", Integer),
    Column("made_by", Text),  # the attempt of a job that made it for itself; so with a key
    sqlite_autoincrement=True,  # a number is never used again, so a late writer cannot hit a newer dictionary
)

ledger_versions = Table(
    "ledger_versions",
    metadata,
    dictionary_key(primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    required("upload", Integer),
    required("at", Utc),
    required("pairs", Integer),
    required("facts", Integer),
)

uploads = Table(
    "uploads",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    dictionary_key(),
    required("created_at", Utc),
    required("by", Text),
    required("kind", Text),  # "file", or "edit", whose receipt is null
    required("receipt", JSON),
    Index(None, "dictionary"),
)

refused = Table(
    "refused",
    metadata,
    number(),
    Column("upload", Integer, ForeignKey("uploads.number", ondelete="CASCADE"), nullable=False),
    required("line", Integer),
    required("code", Text),
    required("detail", Text),
    required("text", Text),
    Index(None, "upload"),
)

_ENDED = text("until IS NOT NULL")

# A fact holds in the ledger versions `since <= v < until`; `until` is NULL while it still holds. The keys are the first
# eight bytes of a name's BLAKE2b: they only narrow a search, names are always compared in full. `upload` is no foreign
# key: without an index of its own, each deleted upload would walk through every fact.
facts = Table(
    "facts",
    metadata,
    Column("id", Integer, primary_key=True),
    dictionary_key(),
    required("subject_key", BigInteger),
    required("relation_key", BigInteger),
    required("subject", Text),
    required("relation", Text),
    required("answer", Text),
    required("upload", Integer),
    required("line", Integer),
    required("since", Integer),
    Column("until", Integer),
    Index(None, "dictionary", "subject_key", "relation_key"),
    Index(None, "dictionary", "since"),
    Index("ix_facts_dictionary_until", "dictionary", "until", sqlite_where=_ENDED, postgresql_where=_ENDED),
)

# A trained memory opens a lineage, which bears its id; each edit adds the next version, made from its parent by a
# patch. `complete`: the version has a folder of its own. A recipe is kept with the first version alone; the others have
# null.
memories = Table(
    "memories",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    dictionary_key(),
    required("created_at", Utc),
    required("ledger_version", Integer),
    required("digest", Text),
    required("facts", Integer),
    required("pairs", Integer),
    required("recipe", JSON),
    required("stored_parameters", BigInteger),
    required("frozen_parameters", BigInteger),
    required("bytes", BigInteger),
    required("bytes_total", BigInteger),
    required("code_bits_total", BigInteger),
    required("train_seconds", Float),
    required("verify_seconds", Float),
    required("device", Text),
    required("lineage", Text),
    required("seq", Integer),
    Column("parent", Text),
    required("complete", Boolean),
    required("retained", Boolean),
    Index(None, "dictionary"),
    Index(None, "lineage", "seq", unique=True),
)

aliases = Table(
    "aliases",
    metadata,
    dictionary_key(primary_key=True),
    Column("alias", Text, primary_key=True),
    required("memory", Text),
    required("version", Integer),
    required("switched_at", Utc),
    required("pinned", Boolean),
)

alias_events = Table(
    "alias_events",
    metadata,
    number(),
    dictionary_key(),
    required("alias", Text),
    required("memory", Text),
    Column("previous", Text),
    required("version", Integer),
    required("at", Utc),
    required("by", Text),
    required("reason", Text),
    required("action", Text),
    Index(None, "dictionary", "alias", "version"),
)

jobs = Table(
    "jobs",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    required("kind", Text),
    required("state", Text),
    dictionary_key(),
    Column("memory", Text),
    required("params", JSON),
    required("by", Text),
    required("progress", Float),
    required("step", Text),
    required("attempts", Integer),
    Column("restarts", Integer, nullable=False, server_default="0"),
    required("cancel_requested", Boolean),
    Column("worker", Text),
    Column("lease_until", Utc),
    Column("result", JSON(none_as_null=True)),
    Column("problem", JSON(none_as_null=True)),
    required("created_at", Utc),
    Column("started_at", Utc),
    Column("ended_at", Utc),
    Index(None, "state"),
    Index(None, "dictionary"),
)

# The mark by which a data folder knows its database; a single row.
identity = Table("identity", metadata, Column("mark", Text, primary_key=True))

# When each worker was last known to look for work.
heartbeats = Table("heartbeats", metadata, Column("worker", Text, primary_key=True), required("at", Utc))

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    required("prefix", Text),
    required("role", Text),
    required("label", Text),
    required("scoped", Boolean),
    Column("rate", Text),
    Column("replaces", Text),
    required("created_at", Utc),
    Column("expires_at", Utc),
    Column("revoked_at", Utc),
    Column("last_used_at", Utc),
    Column("made_by", Text),
)

# The reply to a request that carried an Idempotency-Key, kept with what the request was (its SHA-256). `dictionary` is
# null where the request was about none.
idempotency = Table(
    "idempotency",
    metadata,
    number(),
    Column("dictionary", Integer, ForeignKey("dictionaries.number", ondelete="CASCADE")),
    required("by", Text),
    required("key", Text),
    required("fingerprint", Text),
    required("reply", JSON),
    required("at", Utc),
    UniqueConstraint("dictionary", "by", "key"),
    Index(None, "at"),
)
Index(
    "uq_idempotency_by_key",
    idempotency.c.by,
    idempotency.c.key,
    unique=True,
    sqlite_where=idempotency.c.dictionary.is_(None),
    postgresql_where=idempotency.c.dictionary.is_(None),
)

# One row: a counter that moves when an alias, a memory, a dictionary or a key has changed. Caches watch it.
change_counter = Table("change_counter", metadata, Column("id", Integer, primary_key=True), required("value", Integer))


patches = Table(
    "patches",
    metadata,
    Column("memory", Integer, ForeignKey("memories.number", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    required("bytes", Integer),
    required("patch", LargeBinary),
)


trials = Table(
    "trials",
    metadata,
    dictionary_key(primary_key=True),
    Column("digest", Text, primary_key=True),
    required("result", JSON),
    required("created_at", Utc),
)
