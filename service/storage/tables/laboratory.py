"""What experiments found: results of trials, each under the digest of what was tried."""

from sqlalchemy import JSON, Column, Table, Text

from service.storage.tables.base import Utc, dictionary_key, metadata, required

trials = Table(
    "trials",
    metadata,
    dictionary_key(primary_key=True),
    Column("digest", Text, primary_key=True),
    required("result", JSON),
    required("created_at", Utc),
)
