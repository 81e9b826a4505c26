"""Access."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("api_keys") as keys:
        keys.add_column(sa.Column("scoped", sa.Boolean(), server_default=sa.false(), nullable=False))
        keys.add_column(sa.Column("rate", sa.Text(), nullable=True))
        keys.add_column(sa.Column("replaces", sa.Text(), nullable=True))
    op.create_table(
        "grants",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("relations", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("denied", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("granted_at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name=op.f("fk_grants_dictionary"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["key"], ["api_keys.id"], name=op.f("fk_grants_key"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dictionary", "key", name=op.f("pk_grants")),
    )
    with op.batch_alter_table("grants") as grants:
        grants.create_index(op.f("ix_grants_key"), ["key"], unique=False)
    op.create_table(
        "rate_windows",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_windows")),
    )
