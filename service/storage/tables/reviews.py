"""What is known of the answers of memories: reviews and their samples, live use, scrubs, measurements for the promotion
gate, and comparisons with a challenger.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, Table, Text

from service.storage.tables.base import Utc, dictionary_key, metadata, number, required

# A sample: `drawn` of `population` pairs of one memory.
samples = Table(
    "samples",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    dictionary_key(),
    required("memory", Text),
    required("method", Text),
    required("population", Integer),
    required("drawn", Integer),
    required("by", Text),
    required("at", Utc),
    Index(None, "dictionary", "memory"),
)

# `lot` is a random number that orders the queue; `version` moves with every change and is the item's ETag.
reviews = Table(
    "reviews",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    dictionary_key(),
    required("source", Text),
    required("state", Text),
    required("version", Integer),
    required("subject", Text),
    required("relation", Text),
    required("memory", Text),
    required("answers", JSON),
    required("margin", Float),
    Column("expected", JSON(none_as_null=True)),
    required("note", Text),
    Column("sample", Text),
    Column("probability", Float),
    required("lot", BigInteger),
    required("by", Text),
    required("created_at", Utc),
    required("returned", Integer),
    Column("reason", Text),
    Column("decided_by", Text),
    Column("decided_at", Utc),
    Column("corrected", JSON(none_as_null=True)),
    Column("memory_before", Text),
    Column("memory_after", Text),
    Column("job", Text),
    Index(None, "dictionary", "state"),
    Index(None, "dictionary", "memory"),
)

# A memory that the champion left by itself, because of what reviews found; never twice.
withdrawals = Table(
    "withdrawals",
    metadata,
    dictionary_key(primary_key=True),
    Column("memory", Text, primary_key=True),
    required("at", Utc),
    required("floor", Float),
    required("maximum", Float),
    required("replaced_by", Text),
)

# Counts by day (ISO 8601, UTC); `relation` is NULL for names that the memory was not taught. Two processes may each
# add a row for the same day, relation and status: readers sum.
live_use = Table(
    "live_use",
    metadata,
    number(),
    dictionary_key(),
    required("day", Text),
    Column("relation", Text),
    required("status", Text),
    required("count", BigInteger),
    Index(None, "dictionary", "day"),
)

# The unknowns most asked, kept only while the setting is on.
live_unknowns = Table(
    "live_unknowns",
    metadata,
    number(),
    dictionary_key(),
    required("subject", Text),
    required("relation", Text),
    required("count", BigInteger),
    Index(None, "dictionary"),
)

# How many times an unknown may have been asked beyond its count.
live_uncounted = Table("live_uncounted", metadata, dictionary_key(primary_key=True), required("count", BigInteger))

scrubs = Table(
    "scrubs",
    metadata,
    number(),
    dictionary_key(),
    required("memory", Text),
    required("state", Text),
    required("started_at", Utc),
    Column("ended_at", Utc),
    required("asked", Integer),
    required("failing", Integer),
    Index(None, "dictionary"),
    Index(None, "memory"),
)


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
