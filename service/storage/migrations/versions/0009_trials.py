"""Results of trials that experiments made."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "trials",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name="fk_trials_dictionary", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dictionary", "digest", name="pk_trials"),
    )
