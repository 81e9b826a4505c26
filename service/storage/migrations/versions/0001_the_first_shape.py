"""The first shape: keys, dictionaries, the ledger of facts, uploads, jobs, memories and aliases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """In the order of their foreign keys."""
    _api_keys()
    _change_counter()
    _dictionaries()
    _alias_events()
    _aliases()
    _facts()
    _idempotency()
    _jobs()
    _ledger_versions()
    _memories()
    _uploads()
    _refused()


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )


def _change_counter() -> None:
    op.create_table(
        "change_counter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_change_counter"),
    )


def _dictionaries() -> None:
    op.create_table(
        "dictionaries",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ledger_version", sa.Integer(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_dictionaries"),
        sa.UniqueConstraint("id", name="uq_dictionaries_id"),
        sa.UniqueConstraint("name", name="uq_dictionaries_name"),
        sqlite_autoincrement=True,
    )


def _alias_events() -> None:
    op.create_table(
        "alias_events",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name="fk_alias_events_dictionary", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_alias_events"),
    )
    op.create_index("ix_alias_events_dictionary_alias", "alias_events", ["dictionary", "alias"])


def _aliases() -> None:
    op.create_table(
        "aliases",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("switched_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name="fk_aliases_dictionary", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dictionary", "alias", name="pk_aliases"),
    )


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("subject_key", sa.BigInteger(), nullable=False),
        sa.Column("relation_key", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("upload", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name="fk_facts_dictionary", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
    )
    op.create_index(
        "ix_facts_dictionary_subject_key_relation_key", "facts", ["dictionary", "subject_key", "relation_key"]
    )


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name="fk_idempotency_dictionary", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_idempotency"),
        sa.UniqueConstraint("dictionary", "by", "key", name="uq_idempotency_dictionary_by_key"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=True),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("problem", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["dictionary"], ["dictionaries.number"], name="fk_jobs_dictionary", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name="pk_jobs"),
        sa.UniqueConstraint("id", name="uq_jobs_id"),
    )
    op.create_index("ix_jobs_dictionary", "jobs", ["dictionary"])
    op.create_index("ix_jobs_state", "jobs", ["state"])


def _ledger_versions() -> None:
    op.create_table(
        "ledger_versions",
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upload", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name="fk_ledger_versions_dictionary", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dictionary", "version", name="pk_ledger_versions"),
    )


def _memories() -> None:
    op.create_table(
        "memories",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ledger_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("stored_parameters", sa.BigInteger(), nullable=False),
        sa.Column("frozen_parameters", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("code_bits_total", sa.BigInteger(), nullable=False),
        sa.Column("train_seconds", sa.Float(), nullable=False),
        sa.Column("verify_seconds", sa.Float(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name="fk_memories_dictionary", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_memories"),
        sa.UniqueConstraint("id", name="uq_memories_id"),
    )
    op.create_index("ix_memories_dictionary", "memories", ["dictionary"])


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dictionary"], ["dictionaries.number"], name="fk_uploads_dictionary", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_uploads"),
        sa.UniqueConstraint("id", name="uq_uploads_id"),
    )
    op.create_index("ix_uploads_dictionary", "uploads", ["dictionary"])


def _refused() -> None:
    op.create_table(
        "refused",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("upload", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["uploads.number"], name="fk_refused_upload", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name="pk_refused"),
    )
    op.create_index("ix_refused_upload", "refused", ["upload"])
