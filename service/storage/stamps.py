"""Times and ids, made in one place."""

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def new_id(kind: str) -> str:
    """For example `mem_9f86d081884c7d65`: the kind, then 64 random bits."""
    return f"{kind}_{secrets.token_hex(8)}"
