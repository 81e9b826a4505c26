"""Reviews and their samples, live use, scrubs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _samples()
    _reviews()
    _withdrawals()
    _live_use()
    op.create_table(
        "scrubs",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("failing", sa.Integer(), nullable=False),
        _owner("scrubs"),
        sa.PrimaryKeyConstraint("number", name="pk_scrubs"),
    )
    op.create_index("ix_scrubs_dictionary", "scrubs", ["dictionary"])
    op.create_index("ix_scrubs_memory", "scrubs", ["memory"])


def _samples() -> None:
    op.create_table(
        "samples",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _owner("samples"),
        sa.PrimaryKeyConstraint("number", name="pk_samples"),
        sa.UniqueConstraint("id", name="uq_samples_id"),
    )
    op.create_index("ix_samples_dictionary_memory", "samples", ["dictionary", "memory"])


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.Column("expected", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("lot", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("corrected", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("memory_before", sa.Text(), nullable=True),
        sa.Column("memory_after", sa.Text(), nullable=True),
        sa.Column("job", sa.Text(), nullable=True),
        _owner("reviews"),
        sa.PrimaryKeyConstraint("number", name="pk_reviews"),
        sa.UniqueConstraint("id", name="uq_reviews_id"),
    )
    op.create_index("ix_reviews_dictionary_state", "reviews", ["dictionary", "state"])
    op.create_index("ix_reviews_dictionary_memory", "reviews", ["dictionary", "memory"])


def _withdrawals() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("floor", sa.Float(), nullable=False),
        sa.Column("maximum", sa.Float(), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=False),
        _owner("withdrawals"),
        sa.PrimaryKeyConstraint("dictionary", "memory", name="pk_withdrawals"),
    )


def _live_use() -> None:
    op.create_table(
        "live_use",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        _owner("live_use"),
        sa.PrimaryKeyConstraint("number", name="pk_live_use"),
    )
    op.create_index("ix_live_use_dictionary_day", "live_use", ["dictionary", "day"])
    op.create_table(
        "live_unknowns",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        _owner("live_unknowns"),
        sa.PrimaryKeyConstraint("number", name="pk_live_unknowns"),
    )
    op.create_index("ix_live_unknowns_dictionary", "live_unknowns", ["dictionary"])
    op.create_table(
        "live_uncounted",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        _owner("live_uncounted"),
        sa.PrimaryKeyConstraint("dictionary", name="pk_live_uncounted"),
    )


def _owner(table: str) -> sa.ForeignKeyConstraint:
    """Rows go with their dictionary."""
    name = f"fk_{table}_dictionary"
    return sa.ForeignKeyConstraint(["dictionary"], ["dictionaries.number"], name=name, ondelete="CASCADE")
