"""What every table is made of: the metadata, times in UTC, and the columns that recur."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, Dialect, ForeignKey, Integer, MetaData, TypeDecorator


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


def required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def number() -> Column[Any]:
    return Column("number", Integer, primary_key=True, autoincrement=True)


def dictionary_key(*, primary_key: bool = False) -> Column[Any]:
    owner = ForeignKey("dictionaries.number", ondelete="CASCADE")
    return Column("dictionary", Integer, owner, nullable=False, primary_key=primary_key)
