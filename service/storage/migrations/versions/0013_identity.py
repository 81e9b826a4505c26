"""The mark by which a data folder knows its database."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table("identity", sa.Column("mark", sa.Text(), primary_key=True))
