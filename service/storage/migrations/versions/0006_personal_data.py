"""Personal data."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("policies", sa.JSON(), nullable=False),
        sa.Column("subjects", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _owner("policies"),
        sa.PrimaryKeyConstraint("dictionary", "version", name="pk_policies"),
    )
    op.create_table(
        "pseudonyms",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _owner("pseudonyms"),
        sa.PrimaryKeyConstraint("dictionary", "pseudonym", name="pk_pseudonyms"),
    )
    op.create_table(
        "naming",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("templates", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        _owner("naming"),
        sa.PrimaryKeyConstraint("dictionary", name="pk_naming"),
    )
    op.create_table(
        "name_aliases",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        _owner("name_aliases"),
        sa.PrimaryKeyConstraint("dictionary", "kind", "alias", name="pk_name_aliases"),
    )


def _owner(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_dictionary"
    return sa.ForeignKeyConstraint(["dictionary"], ["dictionaries.number"], name=name, ondelete="CASCADE")
