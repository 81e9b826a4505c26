"""Automatic rollback to an earlier memory where reviews show that the champion errs more than its gate allows."""

from collections.abc import Iterator

import structlog

from schemas.aliases import AliasAction
from service.storage import Transaction, aliases, dictionaries, memories, reviews
from service.storage.aliases import CHAMPION
from service.storage.dictionaries import get_dictionary
from service.workflows.audit import Act, Event
from service.workflows.reviews.error_rates import Limits, rate_at, rate_of
from service.workflows.versions.publish import EditContext

log = structlog.get_logger()

BY = "service"
LOOKED_BACK = 1_000  # moves of the champion


def withdraw_if_exceeded(service: EditContext, dictionary: str, memory: str, limits: Limits) -> None:
    """Roll the champion back if it is `memory` or was made from it by edits, and the lower bound of that memory's error
    rate exceeds the gate: once a memory; and to the newest one that was champion before and that gave fewer of the
    answers found wrong, so few that it keeps to the gate, never to one withdrawn or of a worse estimate of its own.
    """
    with service.db.writing() as tx:
        row = get_dictionary(tx, dictionary)
        rate = rate_of(tx, row, memory)
        if rate.verdict(limits) != "exceeded" or not _serves(tx, row, memory):
            return
        target = next(_better(tx, row, memory, limits), None)
        if target is None:
            log.warning("no memory to roll back to", dictionary=row.id, memory=memory)
            return
        figures = f"lower bound {rate.floor:.4f}, {limits.maximum:g} allowed, {rate.wrong} wrong of {rate.decided}"
        reason = f"reviews of {memory}: {figures}"
        to = aliases.Switch(CHAMPION, target, BY, reason, AliasAction.AUTOMATIC_ROLLBACK)
        aliases.switch(tx, row.number, to)
        reviews.add_withdrawal(tx, row.number, reviews.Withdrawal(memory, rate.floor, limits.maximum, target))
        details = {"automatic": True, "withdrawn": memory, "reason": reason}
        service.auditor.record(tx, Event(Act.ROLLBACK, BY, row.id, target, details))


def _serves(tx: Transaction, row: dictionaries.Row, memory: str) -> bool:
    """Whether the champion is this memory, not withdrawn before, or a version that edits made of it."""
    champion = aliases.find(tx, row.number, CHAMPION)
    serving = memories.find_record(tx, champion.memory) if champion else None
    reviewed = memories.find_record(tx, memory)
    if serving is None or reviewed is None or memory in reviews.withdrawn_memories(tx, row.number):
        return False
    return _came_from(serving, reviewed)


def _better(tx: Transaction, row: dictionaries.Row, memory: str, limits: Limits) -> Iterator[str]:
    """Memories that the champion pointed at, newest first, and may point at again."""
    reviewed, withdrawn = memories.find_record(tx, memory), reviews.withdrawn_memories(tx, row.number)
    for event in aliases.list_events(tx, row.number, CHAMPION, limit=LOOKED_BACK):
        record = memories.find_record(tx, event.memory)
        if record is None or reviewed is None or not record.retained or record.id in withdrawn:
            continue
        if not _came_from(record, reviewed) and _keeps(tx, row, reviewed, record, limits):
            yield record.id


def _keeps(
    tx: Transaction, row: dictionaries.Row, reviewed: memories.Record, other: memories.Record, limits: Limits
) -> bool:
    """Whether the other memory errs less, by the same items and by those of its own sample, if it has one."""
    rate, same = rate_of(tx, row, reviewed.id), rate_at(tx, row, reviewed.id, other.ledger_version)
    own = rate_of(tx, row, reviews.newest_sampled(tx, row.number, other.id))
    return same.known <= limits.maximum and (own.rate or 0.0) <= (rate.rate or 0.0)


def _came_from(later: memories.Record, earlier: memories.Record) -> bool:
    return later.lineage == earlier.lineage and later.seq >= earlier.seq
