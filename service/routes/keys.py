"""/v1/keys: made, listed, rotated, revoked, by admins only."""

from schemas.keys import KeyCreate, KeyCreated, KeyInfo, KeyList, KeyRotate
from service.routes.context import IdempotencyKey, KeyKeeper, Page, Service
from service.routes.wire import Router
from service.workflows.access import keys

router = Router(prefix="/v1/keys", tags=["keys"])


@router.post("", status_code=201)
def create(
    wanted: KeyCreate, service: Service, caller: KeyKeeper, idempotency_key: IdempotencyKey = None
) -> KeyCreated:
    """The key is shown this once, and to the same request sent again under its Idempotency-Key."""
    made = keys.create(service.db, service.auditor, wanted, caller.key, idempotency_key)
    service.authenticator.refresh()
    return made


@router.get("")
def listed(service: Service, _: KeyKeeper, page: Page) -> KeyList:
    """Oldest first; `cursor` asks for the next page."""
    return keys.list_keys(service.db, page)


@router.delete("/{key}")
def revoke(key: str, service: Service, caller: KeyKeeper) -> KeyInfo:
    """It opens nothing from now on."""
    revoked = keys.revoke(service.db, service.auditor, key, caller.key)
    service.authenticator.refresh()
    return revoked


@router.post("/{key}/rotate", status_code=201)
def rotate(
    key: str,
    service: Service,
    caller: KeyKeeper,
    wanted: KeyRotate | None = None,
    idempotency_key: IdempotencyKey = None,
) -> KeyCreated:
    """A new key in place of this one, with everything that is granted to it; both are valid during the overlap."""
    made = keys.rotate(service.db, service.auditor, key, wanted or KeyRotate(), caller.key, idempotency_key)
    service.authenticator.refresh()
    return made
