"""Aliases: moved by hand, with the reason kept; trainings and edits move their own."""

from schemas.aliases import Alias, AliasHistory, AliasList, AliasPut
from schemas.problems import Code
from service.errors import Conflict, NotFound, Unprocessable
from service.storage import Database, Transaction, aliases, dictionaries, memories, revisions
from service.storage.dictionaries import found
from service.workflows import etags
from service.workflows.audit import Act, Event
from service.workflows.versions.gate import limits
from service.workflows.versions.memories import check_movable
from service.workflows.versions.publish import EditContext

PAGE = 1_000


def find(db: Database, ref: str, alias: str) -> Alias:
    with db.reading() as tx:
        return found_alias(tx, found(tx, ref).number, alias)


def listed(db: Database, ref: str) -> AliasList:
    with db.reading() as tx:
        return AliasList(aliases=aliases.of_dictionary(tx, found(tx, ref).number))


def put(service: EditContext, ref: str, alias: str, wanted: AliasPut, *, by: str, if_match: str | None) -> Alias:
    """Point the alias at a memory of the same dictionary that passes the gate. With `if_match` (its ETag, or `*`) only
    if nobody moved it meanwhile: PreconditionFailed.

    Raises NotFound (not_retained), Conflict (behind_ledger, gate_failed, gate_not_decisive).
    """
    check_movable(alias)
    with service.db.reading() as tx:
        row, memory = _candidate(tx, ref, alias, wanted, if_match)
    limits.admit(service.db, service.settings, alias, limits.stored(service.db, service.settings, row, memory))
    with service.db.writing() as tx:
        _candidate(tx, ref, alias, wanted, if_match)
        moved = aliases.switch(tx, row.number, aliases.Switch(alias, memory.id, by, wanted.reason))
        details = {"alias": alias, "forced": wanted.force}
        service.auditor.record(tx, Event(Act.SWITCH, by, row.id, memory.id, details, {"reason": [wanted.reason]}))
    return moved


def remove(service: EditContext, ref: str, alias: str, reason: str, *, by: str) -> None:
    """The champion cannot be deleted: recalls without an address would have no memory."""
    check_movable(alias)
    if alias == aliases.CHAMPION:
        raise Unprocessable("the champion can be moved, not deleted")
    with service.db.writing() as tx:
        row = found(tx, ref)
        gone = found_alias(tx, row.number, alias)
        aliases.remove(tx, row.number, gone, by, reason)
        details = {"alias": alias, "deleted": True}
        service.auditor.record(tx, Event(Act.SWITCH, by, row.id, gone.memory, details, {"reason": [reason]}))


def history(db: Database, ref: str, alias: str, cursor: int | None, limit: int) -> AliasHistory:
    """A page, newest first; its cursor is the version below which the next one goes on."""
    with db.reading() as tx:
        events = aliases.history(tx, found(tx, ref).number, alias, before=cursor, limit=limit)
    if not events and cursor is None:
        raise NotFound("no such alias")
    more = len(events) == limit and events[-1].version > 1
    return AliasHistory(events=events, cursor=str(events[-1].version) if more else None)


def found_alias(tx: Transaction, dictionary: int, alias: str) -> Alias:
    kept = aliases.find(tx, dictionary, alias)
    if kept is None:
        raise NotFound("no such alias")
    return kept


def _candidate(
    tx: Transaction, ref: str, alias: str, wanted: AliasPut, if_match: str | None
) -> tuple[dictionaries.Row, memories.Record]:
    """The dictionary, and the memory that the alias may move to as things are now."""
    row = found(tx, ref)
    memory = memories.record(tx, wanted.memory)
    if memory is None or memory.dictionary != row.id:
        raise NotFound("no such memory in this dictionary")
    if not memory.retained:
        raise NotFound("this memory is no longer kept", code=Code.NOT_RETAINED)
    before = aliases.find(tx, row.number, alias)
    etags.check(if_match, before.version if before else None, "the alias")
    if alias == aliases.CHAMPION and not wanted.force:
        _check_caught_up(tx, row.number, memory)
    return row, memory


def _check_caught_up(tx: Transaction, dictionary: int, memory: memories.Record) -> None:
    """A memory that never was champion must hold what the champion has learned since it was trained."""
    champion = aliases.find(tx, dictionary, aliases.CHAMPION)
    served = memories.record(tx, champion.memory) if champion else None
    if served is None or served.ledger_version <= memory.ledger_version:
        return
    if aliases.has_served(tx, dictionary, aliases.CHAMPION, memory.id):
        return
    behind = len(revisions.moved(tx, dictionary, (memory.ledger_version, served.ledger_version)))
    if behind:
        raise Conflict(
            f"{behind} pairs have changed since this memory was trained, and the champion holds them: train it anew",
            code=Code.BEHIND_LEDGER,
            pairs=behind,
            memory_ledger_version=memory.ledger_version,
            champion_ledger_version=served.ledger_version,
        )
