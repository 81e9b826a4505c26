"""When each worker was last known to look for work."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("worker", sa.Text(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
    )
