"""Every table. `id` is what callers see; `number` is the short key that a million facts can afford."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Utc(TypeDecorator[datetime]):
    """A time in UTC; kept without its zone, because SQLite has none."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _number() -> Column[Any]:
    return Column("number", Integer, primary_key=True, autoincrement=True)


def _dictionary(*, primary_key: bool = False) -> Column[Any]:
    owner = ForeignKey("dictionaries.number", ondelete="CASCADE")
    return Column("dictionary", Integer, owner, nullable=False, primary_key=primary_key)


dictionaries = Table(
    "dictionaries",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    _required("created_at", Utc),
    _required("ledger_version", Integer),
    _required("pairs", Integer),
    _required("facts", Integer),
    sqlite_autoincrement=True,  # a number is never used again, so a late writer cannot hit a newer dictionary
)

ledger_versions = Table(
    "ledger_versions",
    metadata,
    _dictionary(primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _required("upload", Integer),
    _required("at", Utc),
    _required("pairs", Integer),
    _required("facts", Integer),
)

uploads = Table(
    "uploads",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    _dictionary(),
    _required("created_at", Utc),
    _required("by", Text),
    _required("receipt", JSON),
    Index(None, "dictionary"),
)

refused = Table(
    "refused",
    metadata,
    _number(),
    Column("upload", Integer, ForeignKey("uploads.number", ondelete="CASCADE"), nullable=False),
    _required("line", Integer),
    _required("code", Text),
    _required("detail", Text),
    _required("text", Text),
    Index(None, "upload"),
)

# A fact holds in the ledger versions `since <= v < until`; `until` is NULL while it still holds. The keys are the first
# eight bytes of a name's BLAKE2b: they only narrow a search, names are always compared in full. `upload` is no foreign
# key: without an index of its own, each deleted upload would walk through every fact.
facts = Table(
    "facts",
    metadata,
    Column("id", Integer, primary_key=True),
    _dictionary(),
    _required("subject_key", BigInteger),
    _required("relation_key", BigInteger),
    _required("subject", Text),
    _required("relation", Text),
    _required("answer", Text),
    _required("upload", Integer),
    _required("line", Integer),
    _required("since", Integer),
    Column("until", Integer),
    Index(None, "dictionary", "subject_key", "relation_key"),
)

memories = Table(
    "memories",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    _dictionary(),
    _required("created_at", Utc),
    _required("ledger_version", Integer),
    _required("digest", Text),
    _required("facts", Integer),
    _required("pairs", Integer),
    _required("recipe", JSON),
    _required("stored_parameters", BigInteger),
    _required("frozen_parameters", BigInteger),
    _required("bytes", BigInteger),
    _required("bytes_total", BigInteger),
    _required("code_bits_total", BigInteger),
    _required("train_seconds", Float),
    _required("verify_seconds", Float),
    _required("device", Text),
    Index(None, "dictionary"),
)

aliases = Table(
    "aliases",
    metadata,
    _dictionary(primary_key=True),
    Column("alias", Text, primary_key=True),
    _required("memory", Text),
    _required("version", Integer),
    _required("switched_at", Utc),
)

alias_events = Table(
    "alias_events",
    metadata,
    _number(),
    _dictionary(),
    _required("alias", Text),
    _required("memory", Text),
    Column("previous", Text),
    _required("version", Integer),
    _required("at", Utc),
    _required("by", Text),
    _required("reason", Text),
    Index(None, "dictionary", "alias"),
)

jobs = Table(
    "jobs",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    _required("kind", Text),
    _required("state", Text),
    _dictionary(),
    Column("memory", Text),
    _required("params", JSON),
    _required("by", Text),
    _required("progress", Float),
    _required("step", Text),
    _required("attempts", Integer),
    _required("cancel_requested", Boolean),
    Column("worker", Text),
    Column("lease_until", Utc),
    Column("result", JSON(none_as_null=True)),
    Column("problem", JSON(none_as_null=True)),
    _required("created_at", Utc),
    Column("started_at", Utc),
    Column("ended_at", Utc),
    Index(None, "state"),
    Index(None, "dictionary"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    _required("prefix", Text),
    _required("role", Text),
    _required("label", Text),
    _required("created_at", Utc),
    Column("expires_at", Utc),
    Column("revoked_at", Utc),
    Column("last_used_at", Utc),
)

# The reply to a request that carried an Idempotency-Key, kept with what the request was (its SHA-256).
idempotency = Table(
    "idempotency",
    metadata,
    _number(),
    _dictionary(),
    _required("by", Text),
    _required("key", Text),
    _required("fingerprint", Text),
    _required("reply", JSON),
    UniqueConstraint("dictionary", "by", "key"),
)

# One row: a counter that moves when an alias, a memory, a dictionary or a key has changed. Caches watch it.
change_counter = Table("change_counter", metadata, Column("id", Integer, primary_key=True), _required("value", Integer))
