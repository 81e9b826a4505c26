"""/v1/dictionaries/{d}/uploads: a file as the request's raw body, answered with its receipt."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from schemas.problems import Code
from schemas.uploads import Layout, Mode, OnConflict, Receipt, ReceiptList
from service.ingest import MEDIA_TYPES, Limits, Options
from service.routes.context import IdempotencyKey, LedgerReader, PartUploader, RawCsv, Service
from service.routes.guard import check_announced
from service.routes.replies import Csv, refusals, with_form
from service.workflows.ledger import ingest
from service.workflows.ledger.spool import Spooled, spool_body

router = APIRouter(prefix="/v1/dictionaries/{dictionary}/uploads", tags=["uploads"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES},
    }
}


def _options(  # noqa: PLR0917 - FastAPI reads the query from the parameters
    request: Request,
    mode: Mode = Mode.UPSERT,
    on_conflict: OnConflict = OnConflict.REFUSE,
    encoding: Annotated[str | None, Query(max_length=40)] = None,
    delimiter: Annotated[str | None, Query(max_length=10)] = None,
    header: Annotated[str, Query(max_length=2000)] = "auto",
    layout: Layout = Layout.LONG,
    subject: Annotated[str | None, Query(max_length=2000)] = None,
    relations: Annotated[str | None, Query(max_length=20_000)] = None,
    ignore: Annotated[str | None, Query(max_length=20_000)] = None,
    sheet: Annotated[str | None, Query(max_length=100)] = None,
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


@router.post("", openapi_extra=_BODY, responses=refusals({409: [Code.REPLACE_INCOMPLETE]}))
async def upload(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    request: Request,
    service: Service,
    caller: PartUploader,
    options: Annotated[Options, Depends(_options)],
    idempotency_key: IdempotencyKey = None,
    dry_run: bool = False,
    allow_partial: bool = False,
) -> Receipt:
    """Store the facts of one file. The reply is sent once they are on the disk; `dry_run` only says what would be."""
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
        return await asyncio.to_thread(ingest.upload, service, Limits(), dictionary, sent)


@router.get("")
def listed(dictionary: str, service: Service, _: LedgerReader) -> ReceiptList:
    """Newest first."""
    return ingest.list_receipts(service.db, dictionary)


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
    """The body in a file."""
    limit = service.settings.max_upload_bytes
    check_announced(dict(request.scope["headers"]), limit)
    async with spool_body(request.stream(), service.settings.spool, limit) as body:
        yield body
