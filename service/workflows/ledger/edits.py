"""Edits: facts put and pairs deleted, in one commit with the version of the memory that holds them.

A batch is checked item by item before anything is touched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from schemas.edits import EditAccepted, EditOp, EditReply, EditResult, EditStatus, FactBatch, FactDelete, FactUpsert
from schemas.jobs import Job
from service.errors import NotFound, Outgrown, Unprocessable
from service.facts import Pair, fold, is_blank, trimmed
from service.ingest import Limits
from service.ingest.readers.decode import SURROGATE
from service.storage import Transaction, dictionaries, facts, idempotency, jobs, lookup, names, revisions, uploads
from service.storage.dictionaries import get_dictionary
from service.storage.revisions import Item, Revision
from service.storage.stamps import new_id, now
from service.workflows import etags
from service.workflows.active_policies import screen
from service.workflows.audit import Act, Event
from service.workflows.versions.publish import Advance, EditContext, order_training

__all__ = ["Advance", "EditContext", "Edited", "apply"]

DONE = {EditStatus.CREATED, EditStatus.UPDATED, EditStatus.DELETED}


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did to the ledger. `upload` is its id (`edt_…`), None where nothing changed; `version` the ledger's
    newest.
    """

    upload: str | None
    version: int
    results: Sequence[EditResult]


Also = Callable[[Transaction, Edited], None]
Answer = EditReply | EditAccepted


def apply(
    service: EditContext,
    ref: str,
    batch: FactBatch,
    *,
    by: str,
    if_match: str | None = None,
    idempotency_key: str | None = None,
    reason: str = "edit",
    also: Also | None = None,
) -> Answer:
    """Commit the batch and serve it, or queue the training that it needs. `also` writes in the same commit.

    Raises Unprocessable, NotFound, PreconditionFailed, Conflict (idempotency_key_reused).
    """
    edit = _Edit(service, items_of(batch), by, if_match, _request(batch, if_match, by, idempotency_key), reason, also)
    with service.db.reading() as tx:
        row = get_dictionary(tx, ref)
        if earlier := edit.earlier(tx, row.number):
            return earlier
    with Advance(service, row.id) as advance:
        advance.prepare()
        with service.db.writing() as tx:
            return edit.commit(tx, row.number, advance)


def _request(batch: FactBatch, if_match: str | None, by: str, key: str | None) -> idempotency.Request | None:
    return idempotency.Request.of(by, key, f"facts:batch {if_match} {batch.model_dump_json()}")


@dataclass(frozen=True, slots=True)
class _Edit:
    """One batch of edits and what is known about it before it is committed."""

    service: EditContext
    items: list[Item]
    by: str
    if_match: str | None
    request: idempotency.Request | None
    reason: str
    also: Also | None

    def earlier(self, tx: Transaction, dictionary: int) -> Answer | None:
        """The reply that the same request got before. Only its figures are stored; the names come from the request."""
        kept = idempotency.earlier_reply(tx, dictionary, self.request)
        if kept is None:
            return None
        results = self._results([EditStatus(status) for status in kept["statuses"]])
        if kept["job"] is None:
            return EditReply(results=results, memory=kept["memory"], ledger_version=kept["ledger_version"], job=None)
        job = jobs.find(tx, kept["job"])
        if job is None:
            raise NotFound("no such job")
        return _to_accepted(job, results, kept["ledger_version"])

    def commit(self, tx: Transaction, dictionary: int, advance: Advance) -> Answer:
        """Write the ledger's facts, the champion's next version and the records of both in one transaction."""
        row = dictionaries.lock(tx, dictionary)
        if row is None:
            raise NotFound("no such dictionary")
        if earlier := self.earlier(tx, dictionary):
            return earlier
        etags.check(self.if_match, row.ledger_version, "the ledger")
        _refuse_aliases(tx, row, self.items)
        items = screen(tx, self.service.settings.secrets, row, self.items)
        revision = revisions.revise(tx, dictionary, items)
        edited = self._write(tx, row, revision)
        if self.also is not None:
            self.also(tx, edited)
        reply = self._advanced(tx, row, edited, advance)
        self._keep(tx, dictionary, revision.statuses, reply)
        self._record(tx, row.id, items, edited, reply)
        return reply

    def _write(self, tx: Transaction, row: dictionaries.Row, revision: Revision) -> Edited:
        results = self._results(revision.statuses)
        if not revision.plan.diff.changes:
            return Edited(None, row.ledger_version, results)
        edit = new_id("edt")
        number = uploads.add_edit(tx, row.number, edit, now(), self.by)
        return Edited(edit, facts.apply(tx, row, number, revision.plan), results)

    def _advanced(self, tx: Transaction, row: dictionaries.Row, edited: Edited, advance: Advance) -> Answer:
        results = list(edited.results)
        try:
            memory = advance(tx, by=self.by, reason=f"{self.reason} {edited.upload}" if edited.upload else self.reason)
        except Outgrown:
            return _to_accepted(order_training(tx, row.number, self.by), results, edited.version)
        return EditReply(results=results, memory=memory, ledger_version=edited.version, job=None)

    def _keep(self, tx: Transaction, dictionary: int, statuses: list[EditStatus], reply: Answer) -> None:
        made: dict[str, Any] = {"memory": reply.memory, "job": reply.id if isinstance(reply, EditAccepted) else None}
        kept = {"statuses": statuses, "ledger_version": reply.ledger_version, **made}
        idempotency.keep(tx, dictionary, self.request, kept)

    def _results(self, statuses: Sequence[EditStatus]) -> list[EditResult]:
        return [
            EditResult(op=item.op, subject=item.pair[0], relation=item.pair[1], status=status)
            for item, status in zip(self.items, statuses, strict=True)
        ]

    def _record(self, tx: Transaction, dictionary: str, items: Sequence[Item], edited: Edited, reply: Answer) -> None:
        """Write one audit entry for what was put and one for what was deleted."""
        details = {"edit": edited.upload, "ledger_version": edited.version, "reason": self.reason}
        changed = [item for item, result in zip(items, edited.results, strict=True) if result.status in DONE]
        put = [(*item.pair, answer) for item in changed for answer in sorted(item.answers)]
        gone = [item.pair for item in changed if item.op is EditOp.DELETE]
        events = [
            Event(act, self.by, dictionary, reply.memory, {**details, "facts": len(rows)}, _texts(rows))
            for act, rows in ((Act.EDIT, put), (Act.DELETE, gone))
            if rows
        ]
        self.service.auditor.record_all(tx, events)


def _texts(rows: Sequence[tuple[str, ...]]) -> dict[str, Sequence[str]]:
    return dict(zip(("subject", "relation", "answer"), zip(*rows, strict=True), strict=False))


def _to_accepted(job: Job, results: list[EditResult], version: int) -> EditAccepted:
    return EditAccepted(**job.model_dump(), results=results, ledger_version=version)


MOST_ITEMS = 10_000
MOST_CHARACTERS = Limits().max_field_chars


def items_of(batch: FactBatch) -> list[Item]:
    """The items in the order sent, upserts first. Raises Unprocessable, whose `op` and `index` say which item it is."""
    count = len(batch.upsert) + len(batch.delete)
    if not 0 < count <= MOST_ITEMS:
        raise Unprocessable(f"a batch has 1 to {MOST_ITEMS:,} items, not {count:,}")
    items = [_upsert(index, sent) for index, sent in enumerate(batch.upsert)]
    items += [Item(EditOp.DELETE, _pair(EditOp.DELETE, index, sent)) for index, sent in enumerate(batch.delete)]
    _refuse_repeated(items, len(batch.upsert))
    return items


def _upsert(index: int, sent: FactUpsert) -> Item:
    pair = _pair(EditOp.UPSERT, index, sent)
    if (sent.answer is None) == (sent.answers is None):
        _refuse(EditOp.UPSERT, index, "an item has either an answer or answers")
    answers = [sent.answer] if sent.answer is not None else sent.answers or []
    if not answers:
        _refuse(EditOp.UPSERT, index, "answers is empty; to delete a pair, name it in delete")
    for answer in answers:
        _check(EditOp.UPSERT, index, "answer", answer)
    return Item(EditOp.UPSERT, pair, frozenset(answers))


def _pair(op: EditOp, index: int, sent: FactUpsert | FactDelete) -> Pair:
    """The names of an item as the ledger stores them."""
    for role, name in (("subject", sent.subject), ("relation", sent.relation)):
        _check(op, index, role, name)
    return trimmed(sent.subject), trimmed(sent.relation)


def _check(op: EditOp, index: int, role: str, text: str) -> None:
    if is_blank(text):
        _refuse(op, index, f"the {role} is blank")
    if len(text) > MOST_CHARACTERS:
        _refuse(op, index, f"the {role} has {len(text):,} characters; {MOST_CHARACTERS:,} are the most")
    if "\0" in text or SURROGATE.search(text):
        _refuse(op, index, f"the {role} has characters that are no text")


def _refuse_aliases(tx: Transaction, row: dictionaries.Row, items: Sequence[Item]) -> None:
    """Refuse to teach a name that an alias of another one is spelled like, as the alias would be refused where the name
    is taught: whoever asked by it would get other facts from then on.
    """
    aliases = {(alias.kind, fold(alias.alias)) for alias in names.read_current(tx, row.number).aliases}
    clashes = [
        (index, kind, item.pair[place])
        for index, item in enumerate(items)
        for place, kind in enumerate(("subject", "relation"))
        if item.op is EditOp.UPSERT and (kind, fold(item.pair[place])) in aliases
    ]
    if clashes:
        subjects, relations = lookup.list_names(tx, row.number, row.ledger_version, None)
        taught = {"subject": set(subjects), "relation": set(relations)}
        for index, kind, name in clashes:
            if name not in taught[kind]:
                _refuse(EditOp.UPSERT, index, f"an alias in /names is spelled like the {kind}: take it away first")


def _refuse_repeated(items: Sequence[Item], upserts: int) -> None:
    seen: set[Pair] = set()
    for at, item in enumerate(items):
        if item.pair in seen:
            index = at if item.op is EditOp.UPSERT else at - upserts
            _refuse(item.op, index, "the pair is named twice in this batch")
        seen.add(item.pair)


def _refuse(op: EditOp, index: int, reason: str) -> NoReturn:
    raise Unprocessable(f"{op}[{index}]: {reason}", op=op, index=index)
