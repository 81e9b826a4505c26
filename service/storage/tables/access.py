"""Grants: what an API key may do in one dictionary, and with which of its relations. Windows: what it has used up."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, Table, Text

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

# How much of a key's rate was handed out to processes in the window that began at `start` (seconds since the epoch).
rate_windows = Table(
    "rate_windows",
    metadata,
    Column("key", Text, primary_key=True),
    required("start", Integer),
    required("taken", Integer),
)
