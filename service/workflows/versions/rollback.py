"""Rolling an alias back, which pins it, and letting it go again."""

from schemas.aliases import Alias, AliasAction, AliasRollback, AliasUnpin
from schemas.jobs import Job
from schemas.problems import Code
from service.errors import Conflict, NotFound, Outgrown, Unprocessable
from service.facts import Facts
from service.ingest.privacy import policies as rules
from service.storage import Transaction, aliases, dictionaries, memories, reset, uploads
from service.storage.dictionaries import found
from service.storage.stamps import new_id, now
from service.workflows.active_policies import active
from service.workflows.audit import Act, Event
from service.workflows.versions.aliases import found_alias
from service.workflows.versions.memories import check_movable
from service.workflows.versions.publish import Advance, EditContext, order_training


def roll_back(service: EditContext, ref: str, alias: str, wanted: AliasRollback, *, by: str) -> Alias:
    """Point the alias where it pointed before, and pin it. No gate stands before a memory that has served.

    With `reset_ledger` the ledger holds that memory's facts again, so nothing waits to move the champion: it is not
    pinned, and edits go on from there. Raises NotFound (not_retained), Conflict (no_predecessor, policy_broken).
    """
    check_movable(alias)
    if wanted.reset_ledger and alias != aliases.CHAMPION:
        raise Unprocessable("the ledger goes back with the champion only")
    with service.db.writing() as tx:
        row = _locked(tx, ref)
        before = found_alias(tx, row.number, alias)
        target = _target(tx, row.number, before, wanted.memory)
        opened = _reset(tx, service, row, target, by) if wanted.reset_ledger else None
        pinned = not wanted.reset_ledger
        to = aliases.Switch(alias, target.id, by, wanted.reason, AliasAction.ROLLBACK, pinned=pinned)
        moved = aliases.switch(tx, row.number, to)
        details = {"alias": alias, "from": before.memory, "ledger_version": opened}
        service.auditor.record(tx, Event(Act.ROLLBACK, by, row.id, target.id, details, {"reason": [wanted.reason]}))
    return moved


def unpin(service: EditContext, ref: str, alias: str, wanted: AliasUnpin, *, by: str) -> Alias | Job:
    """Let edits move the alias again. A champion catches up with the ledger at once, or by the training that it takes
    where the bank must be solved anew.
    """
    with service.db.reading() as tx:
        dictionary = found(tx, ref).id
    with Advance(service, dictionary) as advance, service.db.writing() as tx:
        number = found(tx, dictionary).number
        before = found_alias(tx, number, alias)
        loose = aliases.Switch(alias, before.memory, by, wanted.reason, AliasAction.UNPIN)
        aliases.switch(tx, number, loose)
        job = _catch_up(tx, number, advance, loose) if alias == aliases.CHAMPION else None
        details = {"alias": alias, "action": AliasAction.UNPIN, "job": job.id if job else None}
        event = Event(Act.SWITCH, by, dictionary, before.memory, details, {"reason": [wanted.reason]})
        service.auditor.record(tx, event)
        return job or found_alias(tx, number, alias)


def _catch_up(tx: Transaction, dictionary: int, advance: Advance, to: aliases.Switch) -> Job | None:
    """Bring the champion up to the ledger; the training that does it where an edit cannot."""
    try:
        advance(tx, by=to.by, reason=to.reason)
    except Outgrown:
        return order_training(tx, dictionary, to.by)
    return None


def _locked(tx: Transaction, ref: str) -> dictionaries.Row:
    """The dictionary, whose ledger nobody else changes until `tx` ends."""
    row = dictionaries.locked(tx, found(tx, ref).number)
    if row is None:
        raise NotFound("no such dictionary")
    return row


def _target(tx: Transaction, dictionary: int, alias: Alias, named: str | None) -> memories.Record:
    """The memory to go back to. One that was named must have served and be kept; the one before may be gone."""
    memory = named or aliases.predecessor(tx, dictionary, alias)
    record = memories.record(tx, memory) if memory is not None else None
    if named is not None:
        if record is None or not aliases.has_served(tx, dictionary, alias.alias, named):
            raise NotFound("the alias has never pointed at such a memory")
        if not record.retained:
            raise NotFound("this memory is no longer kept", code=Code.NOT_RETAINED)
    if record is None or not record.retained:
        raise Conflict("the alias has no earlier memory that is still kept", code=Code.NO_PREDECESSOR)
    return record


def _reset(tx: Transaction, service: EditContext, row: dictionaries.Row, to: memories.Record, by: str) -> int:
    """The ledger version that holds the facts of this memory; a new one unless nothing has changed since."""
    if not reset.differs(tx, row.number, to.ledger_version):
        return row.ledger_version
    _check_policies(tx, service, row, to.ledger_version)
    upload = uploads.add_edit(tx, row.number, new_id("rst"), now(), by)
    return reset.to_version(tx, row, to.ledger_version, upload)


def _check_policies(tx: Transaction, service: EditContext, row: dictionaries.Row, version: int) -> None:
    """What begins to hold again is stored anew, so it has to be what today's policies store."""
    current = active(tx, service.settings.secrets, row)
    if current.rules is None:
        return
    subjects, relations, answers = reset.returning(tx, row.number, version)
    applied = rules.apply(Facts(subjects, relations, answers), current.rules)
    if broken := applied.rows + len(applied.dropped):
        detail = f"{broken} of the facts that would hold again are not what the policies store"
        raise Conflict(detail, code=Code.POLICY_BROKEN, facts=broken)
