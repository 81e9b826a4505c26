"""/v1/dictionaries: make, list, look at, delete, export."""

from typing import Annotated

from fastapi import Query

from schemas.base import DIGITS
from schemas.dictionaries import Dictionary, DictionaryCreate, DictionaryList
from schemas.problems import Code
from service.routes.context import Creator, IdempotencyKey, Page, PartReader, PartViewer, RawCsv, Remover, Service
from service.routes.replies import Csv, refusals, with_form
from service.routes.wire import Router
from service.workflows.ledger import dictionaries, facts

router = Router(prefix="/v1/dictionaries", tags=["dictionaries"])


@router.post("", status_code=201, responses=refusals({409: [Code.NAME_TAKEN]}))
def create(
    wanted: DictionaryCreate, service: Service, caller: Creator, idempotency_key: IdempotencyKey = None
) -> Dictionary:
    """Its facts, memories and aliases belong to it alone."""
    key = idempotency_key
    made = dictionaries.create(
        service.db, service.settings, service.auditor, wanted.name, caller.key, key, caller.made_by
    )
    if caller.made_by is not None:
        service.authenticator.refresh()  # it was granted to the caller
    return made


@router.get("")
def listed(service: Service, caller: PartViewer, page: Page) -> DictionaryList:
    """Those that the key reaches, oldest first; `cursor` asks for the next page."""
    return dictionaries.list_dictionaries(service.db, caller, page)


@router.get("/{dictionary}")
def find(dictionary: str, service: Service, caller: PartViewer) -> Dictionary:
    """By id or exact name."""
    return dictionaries.find(service.db, dictionary, caller)


@router.delete("/{dictionary}", status_code=204)
def delete(dictionary: str, service: Service, caller: Remover) -> None:
    """Everything that was made of it goes; its memory secret is shredded."""
    dictionaries.delete(service.db, service.settings, service.auditor, dictionary, caller.key)


@router.get("/{dictionary}/export", response_class=Csv)
def export(
    dictionary: str,
    service: Service,
    caller: PartReader,
    raw: RawCsv = False,
    as_of: Annotated[int | None, Query(ge=0, description="A ledger version; else the newest."), DIGITS] = None,
) -> Csv:
    """The ledger as CSV in UTF-8. With `raw=true` it is exact: uploaded again, with `encoding=utf-8&delimiter=,`, it is
    the same facts. Without it, whatever a spreadsheet would run as a formula has a `'` before it, so the file is safe
    to open but does not come back equal; the header `Csv-Form` says which form it is.
    """
    return with_form(facts.export(service.db, dictionary, as_of, caller, raw=raw), "facts.csv", raw=raw, as_of=as_of)
