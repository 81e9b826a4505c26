"""Versions that share blocks. Columns are added in place: to rebuild a table would delete what refers to its rows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ENDED = sa.text("until IS NOT NULL")


def upgrade() -> None:
    op.add_column("uploads", sa.Column("kind", sa.Text(), nullable=False, server_default="file"))
    op.create_index("ix_facts_dictionary_since", "facts", ["dictionary", "since"])
    op.create_index(
        "ix_facts_dictionary_until", "facts", ["dictionary", "until"], sqlite_where=ENDED, postgresql_where=ENDED
    )
    op.add_column("memories", sa.Column("lineage", sa.Text(), nullable=False, server_default=""))
    op.add_column("memories", sa.Column("seq", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("memories", sa.Column("parent", sa.Text(), nullable=True))
    op.add_column("memories", sa.Column("complete", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("memories", sa.Column("retained", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("UPDATE memories SET lineage = id")
    op.add_column("idempotency", sa.Column("at", sa.DateTime(), nullable=False, server_default="2026-11-22 00:00:00"))
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
    op.create_index("ix_memories_lineage_seq", "memories", ["lineage", "seq"], unique=True)
    op.create_table(
        "patches",
        sa.Column("memory", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("patch", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["memory"], ["memories.number"], name="fk_patches_memory", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("memory", name="pk_patches"),
    )
