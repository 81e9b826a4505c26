"""Versions of a memory that share its blocks: what each edit wrote, until a complete folder makes it needless."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table

from service.storage.tables.base import metadata, required

patches = Table(
    "patches",
    metadata,
    Column("memory", Integer, ForeignKey("memories.number", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    required("bytes", Integer),
    required("patch", LargeBinary),
)
