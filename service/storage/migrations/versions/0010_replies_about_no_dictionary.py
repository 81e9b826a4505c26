"""Replies under an Idempotency-Key that are about no dictionary."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("idempotency") as replies:
        replies.alter_column("dictionary", existing_type=sa.Integer(), nullable=True)
    nowhere = sa.text("dictionary IS NULL")
    op.create_index(
        "uq_idempotency_by_key",
        "idempotency",
        ["by", "key"],
        unique=True,
        sqlite_where=nowhere,
        postgresql_where=nowhere,
    )
