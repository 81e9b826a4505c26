"""Searching the audit chain: its entries, and what was answered for one pair, from which version, taught by whom."""

import json
from datetime import UTC, datetime, timedelta

from schemas.audit import (
    AuditAnswer,
    AuditEntry,
    AuditFound,
    AuditHit,
    AuditPage,
    AuditReview,
    AuditSearch,
    AuditSource,
)
from schemas.recall import Status
from service.errors import Unprocessable
from service.facts import Pair, trimmed
from service.settings import Settings
from service.storage import Database, Transaction, audit, dictionaries, lookup, memories, uploads
from service.storage.audit import Entry, EntryFilter
from service.storage.dictionaries import get_dictionary
from service.storage.lookup import Source
from service.workflows.audit.auditor import Act, Auditor, microseconds
from service.workflows.audit.commitments import answer_text, name_tokens, opens, pair_tokens, rows_of
from service.workflows.cursors import open_number, seal
from service.workflows.recalls.names import read_naming

DAY = timedelta(days=1)


def read_page(db: Database, wanted: EntryFilter, cursor: str | None, limit: int) -> AuditPage:
    """A page of audit entries, newest first."""
    listed = ("audit", wanted.act, wanted.by, wanted.dictionary, wanted.memory, wanted.since, wanted.until)
    before = None if cursor is None else open_number(cursor, listed)
    with db.reading() as tx:
        entries = audit.read_page(tx, wanted, before, limit)
    following = seal(entries[-1].number, listed) if len(entries) == limit else None
    return AuditPage(entries=[_to_schema(entry) for entry in entries], cursor=following)


def search(db: Database, settings: Settings, auditor: Auditor, query: AuditSearch) -> AuditFound:
    """Every entry about the pair in that time, whatever it was called by. Spellings that fold together are one; the
    ledger is asked for the pair as it is spelled here, or as an alias or a pseudonym leads to it.
    """
    since, until = _time(query)
    with db.reading() as tx:
        row = get_dictionary(tx, query.dictionary)
        naming = read_naming(tx, settings, row)
        pair = (trimmed(query.subject), trimmed(query.relation))
        called = [pair] if naming is None else [pair, *naming.spellings(pair)]
        stored = (pair, pair) if naming is None else naming.stored(pair)
        subjects, relations = zip(*called, strict=True)
        tokens = {*pair_tokens(subjects, relations), *name_tokens(subjects)}
        hits: list[AuditHit] = []
        for entry, kept in audit.walk(tx, None, EntryFilter(dictionary=row.id, since=since, until=until)):
            rows = auditor.committer.rows(entry, kept.salts, tokens) if kept else []
            if kept and rows:
                hits.append(_hit(tx, row, stored, entry, (kept.salts, rows[0])))
            if len(hits) == query.limit:
                break
        judged = _reviews(tx, row, _choose(tx, row, row.ledger_version, stored))
    truncated = len(hits) == query.limit
    return AuditFound(entries=hits, reviews=judged, recalls=settings.audit_recalls, truncated=truncated)


def moment(at: datetime | None) -> int | None:
    """The time in microseconds since the epoch; a time without a zone is in UTC."""
    return None if at is None else microseconds(at if at.tzinfo else at.replace(tzinfo=UTC))


def _time(query: AuditSearch) -> tuple[int | None, int | None]:
    if query.day is None:
        return moment(query.since), moment(query.until)
    if query.since is not None or query.until is not None:
        raise Unprocessable("name a day, or since and until, not both")
    start = datetime.combine(query.day, datetime.min.time(), UTC)
    return microseconds(start), microseconds(start) + DAY // timedelta(microseconds=1)


def _choose(tx: Transaction, row: dictionaries.Row, version: int, stored: tuple[Pair, Pair]) -> Pair:
    """The pair that a recall of this ledger version finds: the first of the two where it was taught."""
    own, meant = stored
    return own if own == meant or own in lookup.find_pairs(tx, row.number, version, [own]) else meant


def _hit(
    tx: Transaction, row: dictionaries.Row, stored: tuple[Pair, Pair], entry: Entry, place: tuple[bytes, int]
) -> AuditHit:
    """`stored`: how the ledger may have the pair; `place`: the entry's salts, and the row of it that is about it."""
    recalled = entry.act == Act.RECALL and entry.memory is not None
    record = memories.find_record(tx, entry.memory) if recalled and entry.memory is not None else None
    source = None
    if record is not None:
        pair = _choose(tx, row, record.ledger_version, stored)
        source = lookup.find_pairs(tx, row.number, record.ledger_version, [pair]).get(pair)
    taught = None
    if source is not None and record is not None:
        by = uploads.find_sender(tx, source.upload)
        taught = AuditSource(upload=source.upload, line=source.line or 0, by=by, ledger_version=record.ledger_version)
    return AuditHit(
        number=entry.number,
        at=_at(entry),
        act=entry.act,
        by=entry.by,
        memory=entry.memory,
        details=json.loads(entry.details),
        answer=_answer(entry, place, source) if recalled else None,
        source=taught,
    )


def _answer(entry: Entry, place: tuple[bytes, int], source: Source | None) -> AuditAnswer:
    """What the entry commits to, tried: the ledger's answers, or none."""
    taught = sorted(source.answers) if source else []
    for status, answers in ((Status.ANSWERED, taught), (Status.UNKNOWN, []), (Status.AMBIGUOUS, [])):
        if opens(entry, *place, "answer", answer_text(status, answers)):
            return AuditAnswer(status=status, answers=answers, proven=True)
    return AuditAnswer(status=None, answers=[], proven=False)


def _reviews(tx: Transaction, row: dictionaries.Row, pair: Pair) -> list[AuditReview]:
    return [
        AuditReview(
            id=review.id,
            state=review.state,
            memory=review.memory,
            by=review.by,
            at=review.created_at,
            decided_by=review.decided_by,
            decided_at=review.decided_at,
        )
        for review in uploads.list_reviews(tx, row.number, *pair)
    ]


def _to_schema(entry: Entry) -> AuditEntry:
    return AuditEntry(
        number=entry.number,
        at=_at(entry),
        act=entry.act,
        by=entry.by,
        dictionary=entry.dictionary,
        memory=entry.memory,
        details=json.loads(entry.details),
        committed=rows_of(entry),
        previous=entry.previous.hex(),
        mac=entry.mac.hex(),
    )


def _at(entry: Entry) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=entry.at)
