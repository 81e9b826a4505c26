"""Publishing: how the champion of a dictionary catches up with its ledger, whatever changed the ledger.

The rule, for edits, uploads, corrections, unpinning and trainings alike: what a champion holds is taken back only by
the ledger. A champion that is behind is brought up by an edit of its lineage's newest version where few pairs changed,
and by a training otherwise; a training that was overtaken by edits is brought up in the same way before it is
published, and is never published over a champion that knows more.
"""

import time
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from schemas.aliases import AliasAction
from schemas.jobs import Job, JobKind
from schemas.memories import MemoryInfo
from service.errors import Outgrown
from service.memory import Editor, Facts, Memory, Staged, reopened
from service.settings import Settings
from service.storage import Database, Transaction, aliases, dictionaries, jobs, memories, patches, revisions
from service.storage.aliases import CHAMPION
from service.storage.stamps import new_id, now
from service.workflows.audit import Act, Auditor, Event
from service.workflows.versions import absence
from service.workflows.versions.editors import Editors, changes_between


class EditContext(Protocol):
    """What changing facts needs of the service; the routes' Context is one."""

    @property
    def db(self) -> Database: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def auditor(self) -> Auditor: ...

    @property
    def editors(self) -> Editors: ...


class Advance:
    """One step of a dictionary's champion, in two phases: solved and stored within the caller's transaction, taken over
    by this process once that has committed.

        with Advance(service, dictionary_id) as advance, service.db.writing() as tx:
            ...                                   # any change of the ledger
            champion = advance(tx, by=caller, reason="why")

    Contexts end in reverse order, so the transaction has committed, or the step is forgotten.
    """

    def __init__(self, service: EditContext, dictionary: str) -> None:
        self._service = service
        self._dictionary = dictionary
        self._turn = service.editors.turn(dictionary)
        self._made: tuple[memories.Record, Staged] | None = None

    def __enter__(self) -> Self:
        self._turn.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None and self._made is not None:
                self._service.editors.accept(*self._made)
        finally:
            self._turn.release()

    def prepare(self) -> None:
        """Make an editor before the write lock is acquired, because that reads every fact."""
        editors = self._service.editors
        with self._service.db.reading() as tx:
            champion = memories.find_champion(tx, self._dictionary)
            if champion is None or editors.stands_in(champion):
                return
            row, tip = dictionaries.find(tx, self._dictionary), memories.get_tip(tx, champion.id)
            alias = None if row is None else aliases.find(tx, row.number, CHAMPION)
            if row is None or alias is None or alias.pinned or not tip.retained:
                return
            with suppress(Outgrown):
                changes_between(tx, row.number, after=tip.ledger_version, upto=row.ledger_version)
                editors.at(tx, row.number, tip)

    def __call__(self, tx: Transaction, *, by: str, reason: str) -> str | None:
        """Bring the champion up to the ledger as it is in `tx`, and return the memory that then serves (None: there is
        no champion). A pinned champion stays. Raises Outgrown where the bank must be solved anew: `order_training`.
        """
        row = dictionaries.lock_by_id(tx, self._dictionary)
        champion = None if row is None else aliases.find(tx, row.number, CHAMPION)
        if row is None or champion is None:
            return None
        if champion.pinned:
            return champion.memory
        tip = memories.get_tip(tx, champion.memory)
        if tip.ledger_version < row.ledger_version:
            tip = self._step(tx, row, tip, by)
        if tip.id != champion.memory:
            aliases.switch(tx, row.number, aliases.Switch(CHAMPION, tip.id, by, reason, AliasAction.EDIT))
            self._service.auditor.record(tx, Event(Act.PUBLISH, by, row.id, tip.id, {"alias": CHAMPION}))
        return tip.id

    def _step(self, tx: Transaction, row: dictionaries.Row, tip: memories.Record, by: str) -> memories.Record:
        """The version that follows `tip` and holds what the ledger holds now."""
        if not tip.retained:
            raise Outgrown("the version that an edit would start from is no longer kept")
        wanted = changes_between(tx, row.number, after=tip.ledger_version, upto=row.ledger_version)
        started = time.perf_counter()
        editor = self._service.editors.at(tx, row.number, tip)
        staged = editor.stage(wanted)
        version = add_version(tx, row, tip, staged, time.perf_counter() - started)
        before, after = absence.ProbedVersion(tip.id, editor.memory), absence.ProbedVersion(version.id, staged.memory)
        deletion = absence.Deletion(before, after, wanted.delete, row.ledger_version, by)
        absence.record_proofs(tx, self._service.settings, row, deletion)
        self._made = version, staged
        return version


def add_version(
    tx: Transaction, row: dictionaries.Row, parent: memories.Record, staged: Staged, seconds: float
) -> memories.Record:
    """Store what was staged on `parent` as the next version of its lineage; `seconds` went into solving it."""
    made = describe_memory(staged.memory, new_id("mem"), row, parent=parent, train_seconds=seconds, verify_seconds=0.0)
    number = memories.add(tx, row.number, made, seq=parent.seq + 1)
    patches.add(tx, number, staged.patch)
    return memories.Record(made.id, row.id, row.ledger_version, parent.lineage, parent.seq + 1, True, made.digest)


def catch_up(tx: Transaction, row: dictionaries.Row, first: str, memory: Memory, taught: Facts) -> str:
    """The version to publish of a lineage that a training has just opened, and that holds what it was `taught`: `first`
    itself, or one that takes in what the ledger has learned meanwhile. Where that is too much, `first` may be published
    only if the champion knows no more than it does; else Outgrown is raised.
    """
    opened = memories.get_tip(tx, first)
    if opened.ledger_version == row.ledger_version:
        return first
    try:
        wanted = changes_between(tx, row.number, after=opened.ledger_version, upto=row.ledger_version)
        started = time.perf_counter()
        staged = Editor.of(memory, taught).stage(wanted)
        return add_version(tx, row, opened, staged, time.perf_counter() - started).id
    except Outgrown:
        champion = memories.find_champion(tx, row.id)
        if champion is not None and revisions.find_lost(tx, row, opened.ledger_version, champion.ledger_version):
            raise
        return first


def describe_memory(
    memory: Memory,
    memory_id: str,
    row: dictionaries.Row,
    *,
    parent: memories.Record | None = None,
    train_seconds: float,
    verify_seconds: float,
) -> MemoryInfo:
    """The row of a memory that holds `row`'s ledger version: a first version, or the one that follows `parent`."""
    return MemoryInfo(
        id=memory_id,
        dictionary=row.id,
        created_at=now(),
        ledger_version=row.ledger_version,
        digest=memory.digest,
        facts=memory.facts,
        pairs=memory.pairs,
        recipe=memory.recipe,
        stored_parameters=memory.stored_parameters,
        frozen_parameters=memory.frozen_parameters,
        bytes=memory.bytes,
        bytes_total=memory.bytes_total,
        code_bits_total=memory.code_bits_total,
        train_seconds=train_seconds,
        verify_seconds=verify_seconds,
        device=memory.device,
        parent=None if parent is None else parent.id,
        lineage=memory_id if parent is None else parent.lineage,
        retained=True,
        aliases=[],
    )


def if_current(tx: Transaction, champion: str | None, version: int) -> str | None:
    """The champion, where it serves this ledger version; None where it is pinned to another."""
    served = memories.find_record(tx, champion) if champion is not None else None
    return champion if served is not None and served.ledger_version == version else None


def order_training(tx: Transaction, dictionary: int, by: str) -> Job:
    """Queue the training that an outgrown champion needs; one that is already queued will do. Its recipe is that of the
    training which will have made the champion by then, without what was resolved from the facts of that time.
    """
    waiting = jobs.find_queued_training(tx, dictionary, CHAMPION)
    if waiting is not None:
        return waiting
    running, champion = jobs.find_running_training(tx, dictionary, CHAMPION), aliases.find(tx, dictionary, CHAMPION)
    if running is not None:
        recipe = running["recipe"]
    else:
        recipe = None if champion is None else jobs.find_ordered_recipe(tx, champion.memory)
    return jobs.add(tx, jobs.Order(JobKind.TRAIN, dictionary, {"recipe": reopened(recipe), "publish": CHAMPION}, by))
