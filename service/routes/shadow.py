"""/v1/dictionaries/{d}/shadow: a share of the live recalls is asked of another alias as well."""

from fastapi import APIRouter

from schemas.shadow import DisagreementList, Shadow, ShadowPut
from service.routes.context import AliasMover, LedgerReader, Service, Viewer
from service.workflows.recalls import shadow

router = APIRouter(prefix="/v1/dictionaries/{dictionary}/shadow", tags=["aliases"])


@router.put("")
def put(dictionary: str, wanted: ShadowPut, service: Service, caller: AliasMover) -> Shadow:
    """Compare this share with the alias. Another alias starts new counts."""
    return shadow.put(service, dictionary, wanted, by=caller.key)


@router.get("")
def find(dictionary: str, service: Service, _: Viewer) -> Shadow:
    """What was asked, and how often the two agreed, by relation; up to about a second old."""
    return shadow.find(service.db, dictionary)


@router.delete("", status_code=204)
def stop(dictionary: str, service: Service, caller: AliasMover) -> None:
    shadow.stop(service, dictionary, by=caller.key)


@router.get("/disagreements")
def disagreements(dictionary: str, service: Service, _: LedgerReader) -> DisagreementList:
    """The pairs that the two replied to differently, with both replies, newest first."""
    return shadow.disagreements(service.db, dictionary)
