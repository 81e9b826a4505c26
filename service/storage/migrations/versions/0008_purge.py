"""Proofs of absence, and purges."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _dictionary(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["dictionary"], ["dictionaries.number"], name=f"fk_{table}_dictionary", ondelete="CASCADE"
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("pair", sa.LargeBinary(length=32), nullable=False),
        *_texts("memory_before", "memory_after", "digest_before", "digest_after", "status_before", "status_after"),
        sa.Column("margin_before", sa.Float(), nullable=False),
        sa.Column("margin_after", sa.Float(), nullable=False),
        sa.Column("ledger_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        *_texts("by"),
        _dictionary("absences"),
        sa.PrimaryKeyConstraint("number", name="pk_absences"),
    )
    op.create_index("ix_absences_dictionary_pair", "absences", ["dictionary", "pair"])
    op.create_table(
        "purges",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        *_texts("id"),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        *_texts("by"),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("tombstone", "withdrawn", "reports")),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        _dictionary("purges"),
        sa.PrimaryKeyConstraint("number", name="pk_purges"),
        sa.UniqueConstraint("id", name="uq_purges_id"),
    )
    op.create_index("ix_purges_dictionary", "purges", ["dictionary"])
