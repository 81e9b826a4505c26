"""Aliases moved by hand, with the reason kept; a rollback pins an alias, an unpinning releases it again."""

from schemas.aliases import Alias, AliasAction, AliasHistory, AliasList, AliasPut, AliasRollback, AliasUnpin
from schemas.jobs import Job
from schemas.problems import Code
from service.errors import Conflict, NotFound, Outgrown, Unprocessable
from service.facts import Facts
from service.ingest.privacy import policies as rules
from service.storage import (
    Database,
    Transaction,
    aliases,
    dictionaries,
    idempotency,
    memories,
    reset,
    revisions,
    uploads,
)
from service.storage.aliases import CHALLENGER, CHAMPION
from service.storage.dictionaries import get_dictionary
from service.storage.stamps import new_id, now
from service.workflows import etags
from service.workflows.active_policies import get_active
from service.workflows.audit import Act, Event
from service.workflows.cursors import open_number, seal
from service.workflows.versions import promotion_gate
from service.workflows.versions.memories import check_movable
from service.workflows.versions.publish import Advance, EditContext, order_training

PAGE = 1_000


def find(db: Database, ref: str, alias: str) -> Alias:
    with db.reading() as tx:
        return get_alias(tx, get_dictionary(tx, ref).number, alias)


def list_aliases(db: Database, ref: str) -> AliasList:
    with db.reading() as tx:
        return AliasList(aliases=aliases.list_in(tx, get_dictionary(tx, ref).number))


def put(service: EditContext, ref: str, alias: str, wanted: AliasPut, *, by: str, if_match: str | None) -> Alias:
    """Point the alias at a memory of the same dictionary that passes the gate. With `if_match` (its ETag, or `*`) only
    if it was not moved meanwhile: PreconditionFailed.

    Raises NotFound (not_retained), Conflict (behind_ledger, gate_failed, gate_not_decisive).
    """
    check_movable(alias)
    with service.db.reading() as tx:
        row, memory = _candidate(tx, ref, alias, wanted, if_match)
    promotion_gate.admit(
        service.db, service.settings, alias, promotion_gate.stored_candidate(service.db, service.settings, row, memory)
    )
    with service.db.writing() as tx:
        _candidate(tx, ref, alias, wanted, if_match)
        moved = aliases.switch(tx, row.number, aliases.Switch(alias, memory.id, by, wanted.reason))
        details = {"alias": alias, "forced": wanted.force}
        service.auditor.record(tx, Event(Act.SWITCH, by, row.id, memory.id, details, {"reason": [wanted.reason]}))
    return moved


def remove(service: EditContext, ref: str, alias: str, reason: str, *, by: str) -> None:
    """Delete an alias. The champion cannot be deleted, since recalls without an address need it."""
    check_movable(alias)
    if alias == CHAMPION:
        raise Unprocessable("the champion can be moved, not deleted")
    with service.db.writing() as tx:
        row = get_dictionary(tx, ref)
        gone = get_alias(tx, row.number, alias)
        aliases.remove(tx, row.number, gone, by, reason)
        details = {"alias": alias, "deleted": True}
        service.auditor.record(tx, Event(Act.SWITCH, by, row.id, gone.memory, details, {"reason": [reason]}))


def read_history(db: Database, ref: str, alias: str, cursor: str | None, limit: int) -> AliasHistory:
    """A page of the alias's history, newest first; its cursor is the version below which the next page continues."""
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        listed = ("history", row.id, alias)
        before = None if cursor is None else open_number(cursor, listed)
        events = aliases.list_events(tx, row.number, alias, before=before, limit=limit)
    if not events and cursor is None:
        raise NotFound("no such alias")
    more = len(events) == limit and events[-1].version > 1
    return AliasHistory(events=events, cursor=seal(events[-1].version, listed) if more else None)


def get_alias(tx: Transaction, dictionary: int, alias: str) -> Alias:
    kept = aliases.find(tx, dictionary, alias)
    if kept is None:
        raise NotFound("no such alias")
    return kept


def _candidate(
    tx: Transaction, ref: str, alias: str, wanted: AliasPut, if_match: str | None
) -> tuple[dictionaries.Row, memories.Record]:
    """The dictionary, and the memory that the alias may move to at present."""
    row = get_dictionary(tx, ref)
    memory = memories.find_record(tx, wanted.memory)
    if memory is None or memory.dictionary != row.id:
        raise NotFound("no such memory in this dictionary")
    if not memory.retained:
        raise NotFound("this memory is no longer kept", code=Code.NOT_RETAINED)
    before = aliases.find(tx, row.number, alias)
    etags.check(if_match, before.version if before else None, "the alias")
    if alias != CHALLENGER and before is not None and not wanted.force:
        _check_caught_up(tx, row, memory, before)
    return row, memory


def _check_caught_up(tx: Transaction, row: dictionaries.Row, memory: memories.Record, before: Alias) -> None:
    """Check that a memory holds what the alias answers with already, whether the alias has pointed at it or not: what
    was corrected or deleted since then, or taken back with the ledger, must not come back unnoticed.
    """
    served = memories.find_record(tx, before.memory)
    if served is None:
        return
    if memory.ledger_version < served.ledger_version:
        moved = revisions.find_moved(tx, row.number, (memory.ledger_version, served.ledger_version))
    else:
        moved = revisions.find_lost(tx, row, memory.ledger_version, served.ledger_version)
    if behind := len(moved):
        raise Conflict(
            f"{behind} pairs have changed since this memory was made, and the alias answers with the changes: "
            "train it anew, roll back, or set force",
            code=Code.BEHIND_LEDGER,
            pairs=behind,
            memory_ledger_version=memory.ledger_version,
            alias_ledger_version=served.ledger_version,
        )


def roll_back(
    service: EditContext, ref: str, alias: str, wanted: AliasRollback, *, by: str, idempotency_key: str | None = None
) -> Alias:
    """Point the alias where it pointed before, and pin it. No gate stands before a memory that has served.

    With `reset_ledger` the ledger holds that memory's facts again, so nothing waits to move the champion: it is not
    pinned, and edits go on from there. Raises NotFound (not_retained), Conflict (no_predecessor, policy_broken,
    idempotency_key_reused), MemoryMismatch.
    """
    check_movable(alias)
    request = idempotency.Request.of(by, idempotency_key, f"rollback {alias} {wanted.model_dump_json()}")
    if wanted.reset_ledger and alias != CHAMPION:
        raise Unprocessable("the ledger goes back with the champion only")
    with service.db.reading() as tx:
        number = get_dictionary(tx, ref).number
        if not idempotency.earlier_reply(tx, number, request):
            loaded = _target(tx, number, get_alias(tx, number, alias), wanted.memory)
            service.editors.versions.load(tx, loaded)  # what cannot be served is not moved to
    with service.db.writing() as tx:
        row = _lock(tx, ref)
        if earlier := idempotency.earlier_reply(tx, row.number, request):
            return Alias.model_validate(earlier)
        before = get_alias(tx, row.number, alias)
        target = _target(tx, row.number, before, wanted.memory)
        opened = _reset(tx, service, row, target, by) if wanted.reset_ledger else None
        pinned = not wanted.reset_ledger
        to = aliases.Switch(alias, target.id, by, wanted.reason, AliasAction.ROLLBACK, pinned=pinned)
        moved = aliases.switch(tx, row.number, to)
        idempotency.keep(tx, row.number, request, moved.model_dump(mode="json"))
        details = {"alias": alias, "from": before.memory, "ledger_version": opened}
        service.auditor.record(tx, Event(Act.ROLLBACK, by, row.id, target.id, details, {"reason": [wanted.reason]}))
    return moved


def unpin(service: EditContext, ref: str, alias: str, wanted: AliasUnpin, *, by: str) -> Alias | Job:
    """Let edits move the alias again. A champion catches up with the ledger at once, or by the training that it takes
    where the bank must be solved anew.
    """
    with service.db.reading() as tx:
        dictionary = get_dictionary(tx, ref).id
    with Advance(service, dictionary) as advance, service.db.writing() as tx:
        number = get_dictionary(tx, dictionary).number
        before = get_alias(tx, number, alias)
        loose = aliases.Switch(alias, before.memory, by, wanted.reason, AliasAction.UNPIN)
        aliases.switch(tx, number, loose)
        job = _catch_up(tx, number, advance, loose) if alias == CHAMPION else None
        details = {"alias": alias, "action": AliasAction.UNPIN, "job": job.id if job else None}
        event = Event(Act.SWITCH, by, dictionary, before.memory, details, {"reason": [wanted.reason]})
        service.auditor.record(tx, event)
        return job or get_alias(tx, number, alias)


def _catch_up(tx: Transaction, dictionary: int, advance: Advance, to: aliases.Switch) -> Job | None:
    """Bring the champion up to date with the ledger; returns the training that does it where an edit cannot."""
    try:
        advance(tx, by=to.by, reason=to.reason)
    except Outgrown:
        return order_training(tx, dictionary, to.by)
    return None


def _lock(tx: Transaction, ref: str) -> dictionaries.Row:
    """The dictionary, whose ledger no other transaction changes until `tx` ends."""
    row = dictionaries.lock(tx, get_dictionary(tx, ref).number)
    if row is None:
        raise NotFound("no such dictionary")
    return row


def _target(tx: Transaction, dictionary: int, alias: Alias, named: str | None) -> memories.Record:
    """The memory to go back to. A named one must have served before and still be kept."""
    memory = named or aliases.find_predecessor(tx, dictionary, alias)
    record = memories.find_record(tx, memory) if memory is not None else None
    if named is not None:
        if record is None or not aliases.has_served(tx, dictionary, alias.alias, named):
            raise NotFound("the alias has never pointed at such a memory")
        if not record.retained:
            raise NotFound("this memory is no longer kept", code=Code.NOT_RETAINED)
    if record is None or not record.retained:
        raise Conflict("the alias has no earlier memory that is still kept", code=Code.NO_PREDECESSOR)
    return record


def _reset(tx: Transaction, service: EditContext, row: dictionaries.Row, to: memories.Record, by: str) -> int:
    """Make the ledger hold the facts of this memory; returns its version, a new one unless nothing has changed."""
    if not reset.differs(tx, row.number, to.ledger_version):
        return row.ledger_version
    _check_policies(tx, service, row, to.ledger_version)
    upload = uploads.add_edit(tx, row.number, new_id("rst"), now(), by)
    return reset.reset_to(tx, row, to.ledger_version, upload)


def _check_policies(tx: Transaction, service: EditContext, row: dictionaries.Row, version: int) -> None:
    """Check that facts that become current again comply with today's policies."""
    current = get_active(tx, service.settings.secrets, row)
    if current.rules is None:
        return
    subjects, relations, answers = reset.list_returning(tx, row.number, version)
    applied = rules.apply_policies(Facts(subjects, relations, answers), current.rules)
    if broken := applied.rows + len(applied.dropped):
        detail = f"{broken} of the facts that would hold again are not what the policies store"
        raise Conflict(detail, code=Code.POLICY_BROKEN, facts=broken)
