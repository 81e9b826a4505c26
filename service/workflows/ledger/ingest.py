"""Uploads: a file is read, compared with the ledger and stored in one commit together with its receipt."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TextIO

from schemas.problems import Code
from schemas.uploads import Mode, Receipt, ReceiptList, RefusedCount
from service.errors import Conflict, Forbidden, NotFound, Outgrown
from service.ingest import Limits, Options, ParsedFile, RefusedRow, read_table, write_refused
from service.packed import give_back
from service.storage import Database, Transaction, dictionaries, facts, idempotency, uploads
from service.storage.dictionaries import get_dictionary
from service.storage.diff import Diff
from service.storage.stamps import new_id, now
from service.workflows.access.relations import Sight, check_written
from service.workflows.active_policies import get_active
from service.workflows.audit import Act, Auditor, Event
from service.workflows.cursors import Asked, read_page
from service.workflows.versions.editors import MOST_CHANGES
from service.workflows.versions.publish import Advance, EditContext, if_current

COUNTED = ("rows_read", "accepted", "rejected", "created", "updated", "unchanged", "deleted")  # what an entry says


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file and the options of its upload. The caller removes `path`."""

    path: Path
    sha256: str
    bytes: int
    media_type: str | None
    options: Options
    dry_run: bool
    allow_partial: bool
    by: str
    idempotency_key: str | None
    sight: Sight

    def request(self) -> idempotency.Request | None:
        """The key by which a repeated upload is recognised; None for a dry run, which stores nothing."""
        if self.idempotency_key is None or self.dry_run:
            return None
        chosen = asdict(replace(self.options, sent=()))
        everything = json.dumps([self.sha256, self.media_type, self.allow_partial, chosen])
        return idempotency.Request(self.by, self.idempotency_key, hashlib.sha256(everything.encode()).hexdigest())


def upload(service: EditContext, limits: Limits, ref: str, sent: Upload) -> Receipt:
    """Store what can be stored and report what was refused; where few pairs change, the champion takes them in within
    the same commit. Raises UnusableFile, UnsupportedMedia, Conflict, NotFound.
    """
    db = service.db
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        if earlier := idempotency.earlier_reply(tx, row.number, sent.request()):
            return uploads.to_receipt(earlier)
        policies = get_active(tx, service.settings.secrets, row)
    check = partial(_check_seen, row.id, sent)
    parsed = read_table(sent.path, sent.media_type, sent.options, limits, policies.rules, check=check)
    give_back()
    _check_complete(parsed, sent)
    if sent.dry_run:
        with db.reading() as tx:
            return _receipt(row, sent, parsed, _plan(tx, row, sent, parsed).diff)
    with Advance(service, row.id) as advance:
        if len(parsed.accepted) <= MOST_CHANGES:
            advance.prepare()
        with db.writing() as tx:
            stored = _store(tx, row.number, sent, parsed, advance, auditor=service.auditor)
            policies.check_current(tx, row.number)
            policies.remember(tx, row.number, parsed.pseudonyms)
            return stored


def list_receipts(db: Database, ref: str, asked: Asked) -> ReceiptList:
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        page, cursor = read_page(asked, ("uploads", row.id), partial(uploads.list_receipts, tx, row.number))
    return ReceiptList(uploads=page, cursor=cursor)


def get_receipt(db: Database, ref: str, upload_id: str) -> Receipt:
    with db.reading() as tx:
        kept = uploads.find(tx, get_dictionary(tx, ref).number, upload_id)
    if kept is None:
        raise NotFound("no such upload in this dictionary")
    return kept


def write_refused_csv(db: Database, ref: str, upload_id: str, out: TextIO, *, raw: bool) -> None:
    """Write the refused rows of an upload as CSV: with `raw` exactly, else so that nothing in them runs in a
    spreadsheet.
    """
    with db.reading() as tx:
        if uploads.find(tx, get_dictionary(tx, ref).number, upload_id) is None:
            raise NotFound("no such upload in this dictionary")
        rows = uploads.read_refused(tx, upload_id)
        write_refused((RefusedRow(line, Code(code), detail, text) for line, code, detail, text in rows), out, raw=raw)


def _check_seen(dictionary: str, sent: Upload, relations: Iterable[str]) -> None:
    """Raise Forbidden where a caller who may see only some relations would write others, or replace the whole table
    and so delete others.
    """
    check_written(sent.sight, dictionary, relations)
    if sent.options.mode is Mode.REPLACE and sent.sight.relations(dictionary) is not None:
        raise Forbidden("a key for some relations only may not replace a dictionary's facts")


def _check_complete(parsed: ParsedFile, sent: Upload) -> None:
    """Raise Conflict where rows were refused and the rest would replace the table. Rows that a policy drops do not
    count.
    """
    dropped = sum(bad.code is Code.DROPPED_BY_POLICY for bad in parsed.refused)
    incomplete = parsed.rejected > dropped or parsed.conflicting
    if sent.options.mode is Mode.REPLACE and incomplete and not sent.allow_partial:
        raise Conflict(
            "some rows were refused, so replacing would delete facts that the file may hold; correct them, "
            "or set allow_partial=true, which deletes no pair that the file mentions",
            code=Code.REPLACE_INCOMPLETE,
            rejected=parsed.rejected,
            conflicting=parsed.conflicting,
        )


def _plan(tx: Transaction, row: dictionaries.Row, sent: Upload, parsed: ParsedFile) -> facts.Plan:
    replace = sent.options.mode is Mode.REPLACE
    return facts.plan(tx, row.number, parsed.accepted, replace=replace, spared=parsed.mentioned)


def _store(
    tx: Transaction, number: int, sent: Upload, parsed: ParsedFile, advance: Advance, *, auditor: Auditor
) -> Receipt:
    """Store facts, refused rows, receipt, idempotency record and the champion's next version in one transaction."""
    row = dictionaries.lock(tx, number)
    if row is None:
        raise NotFound("no such dictionary")
    if earlier := idempotency.earlier_reply(tx, number, sent.request()):
        return uploads.to_receipt(earlier)
    plan = _plan(tx, row, sent, parsed)
    stored = _receipt(row, sent, parsed, plan.diff)
    upload_number = uploads.add(tx, number, stored, sent.by)
    uploads.add_refused(tx, upload_number, [(bad.line, bad.code, bad.detail, bad.text) for bad in parsed.refused])
    version = facts.apply(tx, row, upload_number, plan)
    stored = stored.model_copy(update={"memory": _advance_champion(tx, stored.id, sent.by, version, advance)})
    uploads.amend(tx, stored)
    idempotency.keep(tx, number, sent.request(), stored.model_dump(mode="json"))
    auditor.record_all(tx, _events(stored, sent.by))
    return stored


def _events(stored: Receipt, by: str) -> list[Event]:
    """Write one audit entry for the upload and one for the pairs that it deleted."""
    made = {"upload": stored.id, "ledger_version": stored.ledger_version}
    counted = {name: getattr(stored, name) for name in COUNTED}
    uploaded = {**made, "mode": stored.mode, **counted}
    events = [Event(Act.UPLOAD, by, stored.dictionary, stored.memory, uploaded)]
    if stored.deleted:
        events.append(Event(Act.DELETE, by, stored.dictionary, stored.memory, {**made, "pairs": stored.deleted}))
    return events


def _advance_champion(tx: Transaction, upload: str, by: str, version: int, advance: Advance) -> str | None:
    """The champion that serves this ledger version; None where it is pinned to another, or has to be trained."""
    try:
        return if_current(tx, advance(tx, by=by, reason=f"upload {upload}"), version)
    except Outgrown:
        return None


def _receipt(row: dictionaries.Row, sent: Upload, parsed: ParsedFile, diff: Diff) -> Receipt:
    codes = Counter(bad.code for bad in parsed.refused)
    return Receipt(
        id=new_id("upl"),
        dictionary=row.id,
        created_at=now(),
        dry_run=sent.dry_run,
        mode=sent.options.mode,
        on_conflict=sent.options.on_conflict,
        rows_read=parsed.rows_read,
        accepted=len(parsed.accepted),
        duplicate=parsed.duplicate,
        conflicting=parsed.conflicting,
        rejected=parsed.rejected,
        created=diff.created,
        updated=diff.updated,
        unchanged=diff.unchanged,
        deleted=diff.deleted,
        ledger_version=row.ledger_version + diff.changes,
        memory=None,
        media_type=parsed.media_type,
        encoding=parsed.encoding,
        delimiter=parsed.delimiter,
        header=parsed.header,
        columns=parsed.columns,
        ignored_columns=parsed.ignored_columns,
        decoded_samples=parsed.decoded_samples,
        blank_lines=parsed.blank_lines,
        sha256=sent.sha256,
        bytes=sent.bytes,
        refused=[RefusedCount(code=code, count=count) for code, count in sorted(codes.items())],
        findings=parsed.findings,
        layout=parsed.layout,
        table_rows=parsed.table_rows,
        empty_cells=parsed.empty_cells,
    )
