"""Which attempt of a job made a key or a dictionary, so that both go when it ends."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for table in ("api_keys", "dictionaries"):
        op.add_column(table, sa.Column("made_by", sa.Text()))
