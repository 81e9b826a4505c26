"""/v1/dictionaries/{d}/grants: what each API key may do there, and with which relations. For admins only."""

from schemas.grants import Grant, GrantList, GrantPut
from service.routes.context import KeyKeeper, Service
from service.routes.wire import Router
from service.workflows.access import grants

router = Router(prefix="/v1/dictionaries/{dictionary}/grants", tags=["access"])


@router.get("")
def listed(dictionary: str, service: Service, _: KeyKeeper) -> GrantList:
    return grants.list_grants(service.db, dictionary)


@router.get("/{key}")
def find(dictionary: str, key: str, service: Service, _: KeyKeeper) -> Grant:
    return grants.find(service.db, dictionary, key)


@router.put("/{key}")
def put(dictionary: str, key: str, wanted: GrantPut, service: Service, caller: KeyKeeper) -> Grant:
    """In place of an earlier grant. From its first grant on a key reaches only what is granted to it."""
    granted = grants.put(service.db, service.auditor, dictionary, key, wanted, by=caller.key)
    service.authenticator.refresh()
    return granted


@router.delete("/{key}", status_code=204)
def remove(dictionary: str, key: str, service: Service, caller: KeyKeeper) -> None:
    """The key no longer reaches this dictionary; nor any other that is not granted to it."""
    grants.remove(service.db, service.auditor, dictionary, key, by=caller.key)
    service.authenticator.refresh()
