"""Results of trials: what an experiment found for one dictionary, under the digest of what was tried."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from schemas.jobs import JobKind
from service.storage.stamps import now
from service.storage.tables import jobs, trials

KEPT = timedelta(days=90)


def find(tx: Connection, dictionary: int, digest: str) -> dict[str, Any] | None:
    here = (trials.c.dictionary == dictionary, trials.c.digest == digest)
    result: dict[str, Any] | None = tx.scalar(select(trials.c.result).where(*here))
    return result


def keep(tx: Connection, dictionary: int, digest: str, result: dict[str, Any]) -> None:
    """Keep a result. An earlier one stays: two experiments may try the same at the same time."""
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    made = insert(trials).values(dictionary=dictionary, digest=digest, result=result, created_at=now())
    tx.execute(made.on_conflict_do_nothing())


def forget(tx: Connection, dictionary: int) -> None:
    """Delete every trial of a dictionary and every document made from them: figures of facts are traces of facts."""
    tx.execute(delete(trials).where(trials.c.dictionary == dictionary))
    mine = (jobs.c.dictionary == dictionary, jobs.c.kind == JobKind.EXPERIMENT)
    tx.execute(update(jobs).where(*mine).values(result=None))


def has_old(tx: Connection) -> bool:
    """Whether `forget_old` would find something."""
    return tx.scalar(select(trials.c.digest).where(trials.c.created_at < now() - KEPT).limit(1)) is not None


def forget_old(tx: Connection) -> None:
    """Delete trials older than `KEPT`: an experiment that needs one makes it again."""
    tx.execute(delete(trials).where(trials.c.created_at < now() - KEPT))
