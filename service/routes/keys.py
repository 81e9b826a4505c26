"""/v1/keys: made, listed, revoked, by admins only."""

from fastapi import APIRouter

from schemas.keys import KeyCreate, KeyCreated, KeyInfo, KeyList
from service.routes.context import KeyKeeper, Service
from service.workflows import keys

router = APIRouter(prefix="/v1/keys", tags=["keys"])


@router.post("", status_code=201)
def create(wanted: KeyCreate, service: Service, _: KeyKeeper) -> KeyCreated:
    """The key is shown this once."""
    made = keys.create(service.db, wanted)
    service.authenticator.refresh()
    return made


@router.get("")
def listed(service: Service, _: KeyKeeper) -> KeyList:
    return keys.listed(service.db)


@router.delete("/{key}")
def revoke(key: str, service: Service, _: KeyKeeper) -> KeyInfo:
    """It opens nothing from now on."""
    revoked = keys.revoke(service.db, key)
    service.authenticator.refresh()
    return revoked
