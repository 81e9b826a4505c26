"""Shadow mode as callers set it and read it: which alias is compared with the champion, and what came of it."""

from schemas.shadow import DisagreementList, Shadow, ShadowPut, ShadowRelation
from service.errors import NotFound, Unprocessable
from service.storage import Database, Transaction, aliases, memories, revisions, shadow
from service.storage.dictionaries import found
from service.storage.shadow import Counts
from service.workflows.audit import Act, Event
from service.workflows.versions.memories import check_movable
from service.workflows.versions.publish import EditContext


def put(service: EditContext, ref: str, wanted: ShadowPut, *, by: str) -> Shadow:
    """Compare this share of the champion's recalls with another alias, from the next second on."""
    check_movable(wanted.alias)
    if wanted.alias == aliases.CHAMPION:
        raise Unprocessable("the champion is not compared with itself")
    with service.db.writing() as tx:
        row = found(tx, ref)
        shadow.put(tx, row.number, wanted.alias, wanted.share, by)
        service.auditor.record(tx, Event(Act.POLICY, by, row.id, None, {"shadow": wanted.alias, "share": wanted.share}))
    return find(service.db, ref)


def find(db: Database, ref: str) -> Shadow:
    with db.reading() as tx:
        number = found(tx, ref).number
        watched = _watched(tx, number)
        by_relation = shadow.counts(tx, number)
        champion, challenger = (_pointed(tx, number, alias) for alias in (aliases.CHAMPION, watched.alias))
        behind = _behind(tx, number, champion, challenger)
    total = Counts()
    for counted in by_relation.values():
        total.add(counted)
    return Shadow(
        alias=watched.alias,
        share=watched.share,
        since=watched.since,
        by=watched.by,
        champion=champion.id if champion else None,
        challenger=challenger.id if challenger else None,
        behind=behind,
        dropped=watched.dropped,
        relations=[_relation(name, counted) for name, counted in by_relation.items()],
        **_figures(total),
    )


def stop(service: EditContext, ref: str, *, by: str) -> None:
    """Counts and disagreements go with it."""
    with service.db.writing() as tx:
        row = found(tx, ref)
        if not shadow.remove(tx, row.number):
            raise NotFound("no recalls of this dictionary are compared")
        service.auditor.record(tx, Event(Act.POLICY, by, row.id, None, {"shadow": None, "share": 0}))


def disagreements(db: Database, ref: str) -> DisagreementList:
    with db.reading() as tx:
        number = found(tx, ref).number
        _watched(tx, number)
        return DisagreementList(disagreements=shadow.disagreements(tx, number))


def _watched(tx: Transaction, dictionary: int) -> shadow.Watched:
    watched = shadow.find(tx, dictionary)
    if watched is None:
        raise NotFound("no recalls of this dictionary are compared")
    return watched


def _pointed(tx: Transaction, dictionary: int, alias: str) -> memories.Record | None:
    kept = aliases.find(tx, dictionary, alias)
    return memories.record(tx, kept.memory) if kept else None


def _behind(
    tx: Transaction, dictionary: int, champion: memories.Record | None, challenger: memories.Record | None
) -> int:
    if champion is None or challenger is None:
        return 0
    return len(revisions.moved(tx, dictionary, (challenger.ledger_version, champion.ledger_version)))


def _relation(name: str, counted: Counts) -> ShadowRelation:
    return ShadowRelation(relation=None if name == shadow.UNTAUGHT else name, **_figures(counted))


def _figures(counted: Counts) -> dict[str, int]:
    return {
        "asked": counted.asked,
        "agreed": counted.agreed,
        "disagreed": counted.disagreed,
        "stale": counted.stale,
    }
