"""Proofs of absence as rows, found by the commitment of their pair."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from service.storage.tables.privacy import absences


@dataclass(frozen=True, slots=True)
class Proof:
    """One deleted pair; `ledger_version` is the first without it."""

    pair: bytes
    memory_before: str
    memory_after: str
    digest_before: str
    digest_after: str
    status_before: str
    status_after: str
    margin_before: float
    margin_after: float
    ledger_version: int
    at: datetime
    by: str


def add(tx: Connection, dictionary: int, proofs: Sequence[Proof]) -> None:
    if proofs:
        tx.execute(insert(absences), [{"dictionary": dictionary, **asdict(proof)} for proof in proofs])


def find_newest(tx: Connection, dictionary: int, pair: bytes, ledger_version: int) -> Proof | None:
    """The proof of the pair's last deletion up to this ledger version."""
    columns = [absences.c[name] for name in Proof.__dataclass_fields__]
    mine = (absences.c.dictionary == dictionary, absences.c.pair == pair, absences.c.ledger_version <= ledger_version)
    row = tx.execute(select(*columns).where(*mine).order_by(absences.c.number.desc()).limit(1)).first()
    return None if row is None else Proof(*row)
