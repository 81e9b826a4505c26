"""Absence: whether a version of a memory holds a pair, and the proof that was kept when the pair was deleted."""

from datetime import datetime

from schemas.base import Reply, Request, document
from schemas.recall import Status


class AbsenceQuery(Request):
    model_config = document({"subject": "PART-1", "relation": "lead time"})

    subject: str
    relation: str


class AbsenceProof(Reply):
    """The same question put to the stored bytes before and after the deletion; `ledger_version` is the first without
    the pair. `digest_after` is the digest of a memory trained by the same resolved recipe without it.
    """

    memory_before: str
    memory_after: str
    digest_before: str
    digest_after: str
    status_before: Status
    status_after: Status
    margin_before: float
    margin_after: float
    ledger_version: int
    at: datetime
    by: str


class Absence(Reply):
    """`status` is what a recall of this version answers; `absent` whether it holds exactly this pair, which a recall
    may answer by another spelling. `proof` is set for an absent pair whose deletion was recorded.
    """

    memory: str
    digest: str
    status: Status
    absent: bool
    proof: AbsenceProof | None
