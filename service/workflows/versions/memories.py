"""Memories: ordering trainings and verifications, and finding and listing versions."""

import re
from functools import partial
from typing import Any

from schemas.jobs import Job, JobKind
from schemas.memories import MemoryCreate, MemoryInfo, MemoryList
from schemas.problems import Code
from service.errors import NotFound, Overtaken, Unprocessable
from service.memory import read_recipe
from service.storage import Database, Transaction, idempotency, jobs, memories, purge
from service.storage.aliases import PREVIOUS
from service.storage.dictionaries import check_holds_facts, get_dictionary
from service.workflows.cursors import Asked, read_page
from service.workflows.url_names import check_url_name

ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def order_training(db: Database, ref: str, wanted: MemoryCreate, by: str, idempotency_key: str | None) -> Job:
    """Queue a training of the facts that the ledger holds when the job starts. Raises Unprocessable, NotFound."""
    recipe = None if wanted.recipe is None else wanted.recipe.model_dump(exclude_unset=True)
    read_recipe(recipe)
    if wanted.publish is not None:
        check_movable(wanted.publish)
    params: dict[str, Any] = {"recipe": recipe, "publish": wanted.publish}
    request = idempotency.Request.of(by, idempotency_key, wanted.model_dump_json())
    with db.writing() as tx:
        row = get_dictionary(tx, ref)
        if earlier := idempotency.earlier_reply(tx, row.number, request):
            return get_queued_job(tx, earlier["job"])
        check_holds_facts(row)
        return add_job(tx, jobs.Order(JobKind.TRAIN, row.number, params, by), request)


def order_verification(db: Database, memory_id: str, by: str, idempotency_key: str | None = None) -> Job:
    """Queue a verification of this memory. Raises NotFound (not_retained), Conflict (idempotency_key_reused)."""
    request = idempotency.Request.of(by, idempotency_key, f"verifications {memory_id}")
    with db.writing() as tx:
        info = get_memory(tx, memory_id)
        number = get_dictionary(tx, info.dictionary).number
        if earlier := idempotency.earlier_reply(tx, number, request):
            return get_queued_job(tx, earlier["job"])
        check_kept(info)
        return add_job(tx, jobs.Order(JobKind.VERIFY, number, {}, by, memory_id), request)


def add_job(tx: Transaction, order: jobs.Order, request: idempotency.Request | None) -> Job:
    """Queue a job, which is the reply to this request."""
    job = jobs.add(tx, order)
    idempotency.keep(tx, order.dictionary, request, {"job": job.id})
    return job


def list_memories(db: Database, ref: str, asked: Asked) -> MemoryList:
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        page, cursor = read_page(asked, ("memories", row.id), partial(memories.list_page, tx, row.number))
    return MemoryList(memories=page, cursor=cursor)


def find(db: Database, memory_id: str) -> MemoryInfo:
    with db.reading() as tx:
        return get_memory(tx, memory_id)


def get_memory(tx: Transaction, memory_id: str) -> MemoryInfo:
    """The memory of this id. Raises NotFound."""
    info = memories.find(tx, memory_id)
    if info is None:
        raise NotFound("no such memory")
    return info


def begin_reading(tx: Transaction, dictionary: int, memory: str) -> int:
    """Begin to read from a memory what is to be written down: the count for `check_unpurged`. Raises NotFound
    (not_retained) where the memory was withdrawn, as a purge does with those that hold what it purges.
    """
    check_kept(get_memory(tx, memory))
    return purge.count(tx, dictionary)


def check_unpurged(tx: Transaction, dictionary: int, begun: int) -> None:
    """Raise Overtaken where there was a purge since `begin_reading`; to be called in the transaction that writes."""
    if purge.count(tx, dictionary) != begun:
        raise Overtaken


def check_kept(memory: MemoryInfo) -> None:
    """Raise NotFound (not_retained) where the memory is no longer kept."""
    if not memory.retained:
        raise NotFound("this memory is no longer kept", code=Code.NOT_RETAINED)


def check_movable(alias: str) -> None:
    """An alias stands in URLs: letters, digits, dots, dashes and underscores. `previous` follows the champion and is
    never moved by callers.
    """
    if not ALIAS.fullmatch(alias):
        raise Unprocessable("an alias has 1 to 64 letters, digits, dots, dashes or underscores")
    check_url_name(alias, "an alias")
    if alias == PREVIOUS:
        raise Unprocessable("previous follows the champion by itself")


def get_queued_job(tx: Transaction, job_id: str) -> Job:
    """The job of an earlier reply. Raises NotFound."""
    job = jobs.find(tx, job_id)
    if job is None:
        raise NotFound("no such job")
    return job
