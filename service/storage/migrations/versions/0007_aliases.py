"""Pinned aliases, what moved them, priority facts, measured memories, comparisons with a challenger."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _dictionary(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["dictionary"], ["dictionaries.number"], name=f"fk_{table}_dictionary", ondelete="CASCADE"
    )


def upgrade() -> None:
    op.add_column("aliases", sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("alias_events", sa.Column("action", sa.Text(), nullable=False, server_default="switch"))
    op.drop_index("ix_alias_events_dictionary_alias", "alias_events")
    op.create_index("ix_alias_events_dictionary_alias_version", "alias_events", ["dictionary", "alias", "version"])
    _gates()
    _shadows()


def _gates() -> None:
    op.create_table(
        "priorities",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=False),
        _dictionary("priorities"),
        sa.PrimaryKeyConstraint("number", name="pk_priorities"),
    )
    op.create_index("ix_priorities_dictionary", "priorities", ["dictionary"])
    op.create_table(
        "measurements",
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        _dictionary("measurements"),
        sa.PrimaryKeyConstraint("memory", name="pk_measurements"),
    )
    op.create_index("ix_measurements_dictionary", "measurements", ["dictionary"])


def _shadows() -> None:
    op.create_table(
        "shadows",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        _dictionary("shadows"),
        sa.PrimaryKeyConstraint("dictionary", name="pk_shadows"),
    )
    op.create_table(
        "shadow_counts",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        *(sa.Column(count, sa.BigInteger(), nullable=False) for count in ("asked", "agreed", "disagreed", "stale")),
        _dictionary("shadow_counts"),
        sa.PrimaryKeyConstraint("dictionary", "relation", name="pk_shadow_counts"),
    )
    op.create_table(
        "shadow_disagreements",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("subject", "relation", "champion", "challenger")),
        sa.Column("champion_said", sa.JSON(), nullable=False),
        sa.Column("challenger_said", sa.JSON(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        _dictionary("shadow_disagreements"),
        sa.PrimaryKeyConstraint("number", name="pk_shadow_disagreements"),
    )
    op.create_index("ix_shadow_disagreements_dictionary", "shadow_disagreements", ["dictionary"])
