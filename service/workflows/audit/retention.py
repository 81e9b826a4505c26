"""Old entries are dropped, if at all, behind a checkpoint: an entry that carries the MAC to continue from."""

from datetime import timedelta

import structlog

from service.storage import Database, audit
from service.storage.stamps import now
from service.workflows.audit.auditor import SERVICE, Act, Auditor, Event, microseconds
from service.workflows.audit.verify import verify

log = structlog.get_logger()


def retain(db: Database, auditor: Auditor, days: float) -> int:
    """Drop the entries that are older than this, and return how many those were. The checkpoint and the dropping are
    one transaction. Where the chain does not hold everything stays: it is evidence.
    """
    before = microseconds(now() - timedelta(days=days))
    with db.reading() as tx:
        through = audit.newest_before(tx, before)
        verdict = verify(tx, auditor.chain) if through is not None else None
    if through is None or verdict is None:
        return 0
    if not verdict.valid or verdict.first is None:
        log.error("audit entries kept: the chain does not hold")
        return 0
    with db.writing() as tx:
        entry = audit.find(tx, through)
        if entry is None or not auditor.chain.holds(entry):
            return 0
        dropped = through - verdict.first + 1
        details = {"through": through, "mac": entry.mac.hex(), "dropped": dropped}
        auditor.record(tx, Event(Act.CHECKPOINT, SERVICE, details=details))
        audit.drop_through(tx, through)
    return dropped
