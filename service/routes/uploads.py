"""/v1/dictionaries/{d}/uploads: a file as the request's raw body, answered with its receipt."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from schemas.base import QueryFlag
from schemas.problems import Code
from schemas.uploads import Layout, Mode, OnConflict, Receipt, ReceiptList
from service.ingest import MEDIA_TYPES, Limits, Options
from service.routes.context import FileSender, IdempotencyKey, LedgerReader, Page, RawCsv, Service, check_may
from service.routes.guard import check_announced
from service.routes.replies import Csv, refusals, with_form
from service.routes.wire import Router, unpack
from service.turns import in_one
from service.workflows.access.authenticator import Action
from service.workflows.ledger import ingest
from service.workflows.ledger.spool import Spooled, spool_body

router = Router(prefix="/v1/dictionaries/{dictionary}/uploads", tags=["uploads"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, byte for byte: no form, no Base64. Its media type is the Content-Type.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES},
    }
}
_BODY["requestBody"]["content"]["text/csv"]["example"] = "subject,relation,answer\r\nPART-1,lead time,4 days\r\n"


def _asked(description: str, *examples: str, **limits: Any) -> Any:
    """A query parameter, with examples in the form that the document of the API has them."""
    shown: Any = {each: {"value": each} for each in examples} or None
    return Query(description=description, openapi_examples=shown, **limits)


_COLUMNS = "Names of columns, parted by commas; in double quotes a name may contain one."


def _options(  # noqa: PLR0917 - FastAPI reads the query from the parameters
    request: Request,
    mode: Annotated[
        Mode, _asked("`upsert` replaces the answers of the pairs in the file; `replace` deletes all others too.")
    ] = Mode.UPSERT,
    on_conflict: Annotated[
        OnConflict,
        _asked("Where the file has several answers for one pair: store none, the first, the last, or all of them."),
    ] = OnConflict.REFUSE,
    encoding: Annotated[
        str | None, _asked("Of text; found out where left out, and asked for where unclear.", "cp932", max_length=40)
    ] = None,
    delimiter: Annotated[
        str | None,
        _asked(
            "A character, or `comma`, `tab`, `semicolon`, `pipe`, `space`; found out where left out.",
            ";",
            max_length=10,
        ),
    ] = None,
    header: Annotated[
        str,
        _asked(
            "`auto` finds the titles; `none`: the first row is a fact; or the titles of subject, relation and answer.",
            "none",
            "Part,Property,Value",
            max_length=2000,
        ),
    ] = "auto",
    layout: Annotated[
        Layout, _asked("`long`: a fact in each row. `wide`: a subject in each row and a relation in each column.")
    ] = Layout.LONG,
    subject: Annotated[
        str | None, _asked(f"Of a wide table: what makes the subject. {_COLUMNS}", "Part", max_length=2000)
    ] = None,
    relations: Annotated[
        str | None,
        _asked(f"Of a wide table: the relations; all other columns where left out. {_COLUMNS}", max_length=20_000),
    ] = None,
    ignore: Annotated[
        str | None, _asked(f"Of a wide table: what is no relation. {_COLUMNS}", "Remarks", max_length=20_000)
    ] = None,
    sheet: Annotated[
        str | None, _asked("Of a workbook: the name of the worksheet, or `all`.", "all", max_length=100)
    ] = None,
) -> Options:
    return Options(
        mode=mode,
        on_conflict=on_conflict,
        encoding=encoding,
        delimiter=delimiter,
        header=header,
        layout=layout,
        subject=subject,
        relations=relations,
        ignore=ignore,
        sheet=sheet,
        sent=tuple(request.query_params.multi_items()),
    )


@router.post("", openapi_extra=_BODY, responses=refusals({409: [Code.REPLACE_INCOMPLETE, Code.POLICIES_CHANGED]}))
async def upload(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    request: Request,
    service: Service,
    caller: FileSender,
    options: Annotated[Options, Depends(_options)],
    idempotency_key: IdempotencyKey = None,
    dry_run: Annotated[QueryFlag, _asked("Store nothing; the reply is what an upload would say.")] = False,
    allow_partial: Annotated[
        QueryFlag, _asked("With `replace`: though rows were refused; no pair that they mention is deleted.")
    ] = False,
) -> Receipt:
    """Store the facts of one file. The reply is sent once they are on the disk; `dry_run` only says what would be."""
    if not dry_run:
        check_may(request, caller, Action.UPLOAD)
    async with _receive(request, service) as body:
        sent = ingest.Upload(
            path=body.path,
            sha256=body.sha256,
            bytes=body.bytes,
            media_type=request.headers.get("content-type"),
            options=options,
            dry_run=dry_run,
            allow_partial=allow_partial,
            by=caller.key,
            idempotency_key=idempotency_key,
            sight=caller,
        )
        return await service.uploads.run(caller.key, in_one(ingest.upload, service, Limits(), dictionary, sent))


@router.get("")
def listed(dictionary: str, service: Service, _: LedgerReader, page: Page) -> ReceiptList:
    """Newest first; `cursor` asks for the next page."""
    return ingest.list_receipts(service.db, dictionary, page)


@router.get("/{upload}")
def find(dictionary: str, upload: str, service: Service, _: LedgerReader) -> Receipt:
    return ingest.get_receipt(service.db, dictionary, upload)


@router.get("/{upload}/refused.csv", response_class=Csv)
def refused(dictionary: str, upload: str, service: Service, _: LedgerReader, raw: RawCsv = False) -> Csv:
    """The refused rows with line, code, reason and text."""
    out = io.StringIO(newline="")
    ingest.write_refused_csv(service.db, dictionary, upload, out, raw=raw)
    return with_form([out.getvalue()], "refused.csv", raw=raw)


@asynccontextmanager
async def _receive(request: Request, service: Service) -> AsyncIterator[Spooled]:
    """The body in a file. Raises Busy where too many are on their way."""
    limit = service.settings.max_upload_bytes
    headers = dict(request.scope["headers"])
    check_announced(headers, limit)
    sent = Request(request.scope, unpack(headers, request.receive, limit))
    with service.uploads.place():
        async with spool_body(sent.stream(), service.settings.spool, limit) as body:
            yield body
