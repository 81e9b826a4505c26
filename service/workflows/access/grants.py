"""Grants: making, listing and revoking the rights of an API key in dictionaries."""

from collections.abc import Mapping

from schemas.edits import FactBatch
from schemas.grants import Grant, GrantList, GrantPut
from schemas.keys import KeyCreate, KeyCreated
from service.errors import NotFound
from service.storage import Database, Transaction, dictionaries, grants, jobs, keys, memories
from service.storage.dictionaries import get_dictionary
from service.workflows.access.keys import add_key
from service.workflows.access.relations import Sight, check_written
from service.workflows.audit import Act, Auditor, Event


def put(db: Database, auditor: Auditor, ref: str, key: str, wanted: GrantPut, *, by: str) -> Grant:
    """Grant, in place of an earlier grant. From then on the key is scoped: it never again reaches every dictionary."""
    with db.writing() as tx:
        return _put(tx, auditor, ref, key, wanted, by=by)


def create_key(
    db: Database,
    auditor: Auditor,
    wanted: KeyCreate,
    ref: str | None,
    grant: GrantPut,
    *,
    by: str,
    made_by: str | None = None,
) -> KeyCreated:
    """Make a key, with this grant where a dictionary is named, in one commit. made_by: the attempt of a job that it is
    made for. Raises NotFound, Unprocessable.
    """
    with db.writing() as tx:
        made = add_key(tx, auditor, wanted, by, made_by=made_by)
        if ref is not None:
            _put(tx, auditor, ref, made.info.id, grant, by=by)
    return made


def _put(tx: Transaction, auditor: Auditor, ref: str, key: str, wanted: GrantPut, *, by: str) -> Grant:
    row = get_dictionary(tx, ref)
    if keys.find(tx, key) is None:
        raise NotFound("no such key")
    grants.put(tx, row.number, key, wanted, by)
    keys.scope(tx, key)
    named = {"relations": _count(wanted.relations), "denied": _count(wanted.denied)}
    details = {"granted": True, "key": key, "role": wanted.role, **named}
    auditor.record(tx, Event(Act.GRANT, by, row.id, details=details))
    granted = grants.find(tx, row.number, key)
    if granted is None:
        raise NotFound("no such grant")
    return granted


def remove(db: Database, auditor: Auditor, ref: str, key: str, *, by: str) -> None:
    with db.writing() as tx:
        row = get_dictionary(tx, ref)
        if not grants.remove(tx, row.number, key):
            raise NotFound("no such grant")
        auditor.record(tx, Event(Act.GRANT, by, row.id, details={"granted": False, "key": key}))


def find(db: Database, ref: str, key: str) -> Grant:
    with db.reading() as tx:
        granted = grants.find(tx, get_dictionary(tx, ref).number, key)
    if granted is None:
        raise NotFound("no such grant")
    return granted


def list_grants(db: Database, ref: str) -> GrantList:
    with db.reading() as tx:
        return GrantList(grants=grants.list_in(tx, get_dictionary(tx, ref).number))


def check_batch(db: Database, sight: Sight, ref: str, batch: FactBatch) -> None:
    """Raise Forbidden where the batch names a relation that the caller may not see."""
    with db.reading() as tx:
        dictionary = get_dictionary(tx, ref).id
    check_written(
        sight, dictionary, [each.relation for each in batch.upsert] + [each.relation for each in batch.delete]
    )


def find_owner(db: Database, path: Mapping[str, str]) -> str | None:
    """The id of the dictionary that the ids in a route's path lead to; None where they lead to none, be it because the
    route is about no dictionary or because what it names is absent.
    """
    with db.reading() as tx:
        if ref := path.get("dictionary"):
            row = dictionaries.find(tx, ref) if "\0" not in ref else None
            return row.id if row else None
        if memory := path.get("memory"):
            record = memories.find_record(tx, memory)
            return record.dictionary if record else None
        if job := path.get("job") or path.get("report_id"):
            owned = jobs.find_owner(tx, job)
            return owned[0] if owned else None
    return None


def _count(names: list[str] | None) -> int | None:
    return None if names is None else len(names)
