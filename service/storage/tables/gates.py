"""What stands before and beside an alias: priority facts, measured memories, and comparisons with a challenger."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Table, Text

from service.storage.tables.base import Utc, dictionary_key, metadata, number, required

# A fact that the gate counts on a line of its own; without a subject, every fact of the relation.
priorities = Table(
    "priorities",
    metadata,
    number(),
    dictionary_key(),
    Column("subject", Text),
    required("relation", Text),
    Index(None, "dictionary"),
)

# What a memory was measured at when an alias was to move to it; `figures` are counts and hold no names.
measurements = Table(
    "measurements",
    metadata,
    Column("memory", Text, primary_key=True),
    dictionary_key(),
    required("measured_at", Utc),
    required("figures", JSON),
    Index(None, "dictionary"),
)

# A share of the live recalls of a dictionary is asked of `alias` as well.
shadows = Table(
    "shadows",
    metadata,
    dictionary_key(primary_key=True),
    required("alias", Text),
    required("share", Float),
    required("by", Text),
    required("since", Utc),
    required("dropped", BigInteger),
)

shadow_counts = Table(
    "shadow_counts",
    metadata,
    dictionary_key(primary_key=True),
    Column("relation", Text, primary_key=True),
    required("asked", BigInteger),
    required("agreed", BigInteger),
    required("disagreed", BigInteger),
    required("stale", BigInteger),
)

shadow_disagreements = Table(
    "shadow_disagreements",
    metadata,
    number(),
    dictionary_key(),
    required("at", Utc),
    required("subject", Text),
    required("relation", Text),
    required("champion", Text),
    required("challenger", Text),
    required("champion_said", JSON),
    required("challenger_said", JSON),
    required("stale", Boolean),
    Index(None, "dictionary"),
)
