"""A purge stopped at any step and taken up again ends as one that was not."""

import itertools
import sqlite3
from datetime import timedelta

import pytest

from schemas.edits import FactBatch, FactDelete
from schemas.jobs import JobKind, JobState
from schemas.problems import Code
from schemas.purge import PurgedPair, PurgeRequest
from service.errors import NotFound
from service.storage import jobs, memories, purge
from service.workflows.jobs.attempt import Attempt
from service.workflows.ledger import edits
from service.workflows.purges import files
from service.workflows.purges.purge import order
from service.workflows.purges.tombstone_file import read
from service.workflows.versions.loaded import load_from_disk
from tests.service.workflows.purges.conftest import BY, Alone
from tests.service.workflows.purges.searching import places

SUBJECT, RELATION, ANSWER = "to be forgotten", "telephone at night", "0123-456789"
FACT = {(SUBJECT, RELATION): ANSWER}
FEW = {(f"part {number}", f"relation {number % 3}"): f"value {number % 7}" for number in range(24)}
WANTED = PurgeRequest(pairs=[PurgedPair(subject=SUBJECT, relation=RELATION)], reason="asked for")


class Killed(BaseException):
    """As a kill ends everything: no handler of ours sees it."""


@pytest.fixture(autouse=True)
def _nothing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """No service runs whose recalls would have to be waited for."""
    monkeypatch.setattr(files, "OBSERVED", timedelta(0))


def left(alone: Alone) -> list[str]:
    return [place for text in (SUBJECT, RELATION, ANSWER) for place in places(alone.settings.data, text)]


def delete(alone: Alone, dictionary: str, *pairs: tuple[str, str]) -> str | None:
    batch = FactBatch(delete=[FactDelete(subject=subject, relation=relation) for subject, relation in pairs])
    return edits.apply(alone, dictionary, batch, by=BY).memory


def recall(alone: Alone, memory: str | None, pair: tuple[str, str]) -> tuple[str, ...]:
    """What the memory answers as it is stored. Raises NotFound."""
    with alone.db.reading() as tx:
        version = memories.find_record(tx, memory or "")
        assert version is not None
        return load_from_disk(tx, alone.settings, version).recall([pair[0]], [pair[1]]).answers[0]


def test_a_purge_killed_at_any_step_is_done_again(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill it at its first, second, … step: when it is queued and done again, no byte is left, there is one tombstone,
    and the champion answers everything else.
    """
    for steps in itertools.count(1):
        dictionary = alone.dictionary(FACT | FEW)
        middle = delete(alone, dictionary, ("part 1", "relation 1"))
        purged = order(alone, dictionary, WANTED, by=BY)
        assert middle in purged.withdrawn
        killed = stopped_after(steps, alone.attempt(), monkeypatch)
        with alone.db.writing() as tx:
            purge_again = [each.id for each in purge.list_unfinished(tx)]
        assert purge_again == []  # its job is open: a lease that runs out frees it
        if killed:
            free(alone)
            assert alone.work().state is JobState.SUCCEEDED
        assert left(alone) == []
        assert [each.purge for each in read(alone.settings.tombstones)].count(purged.id) == 1
        assert recall(alone, purged.memory, ("part 2", "relation 2")) == ("value 2",)
        if not killed:
            break
    assert steps > 4


def stopped_after(steps: int, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the job was killed on its way, at the `steps`th time it shows progress."""
    shown = itertools.count(1)

    def progress(fraction: float, step: str) -> None:
        if next(shown) == steps:
            raise Killed

    monkeypatch.setattr(attempt, "progress", progress)
    try:
        files.finish(attempt)
    except Killed:
        return True
    return False


def free(alone: Alone) -> None:
    """The dead worker's lease ends."""
    with alone.db.writing() as tx:
        jobs.free(tx, "worker")


def test_versions_without_the_facts_are_kept(alone: Alone) -> None:
    """Of a lineage, the version before the facts came and those after they went answer as before; only versions that
    held them are withdrawn, though all shared blocks.
    """
    dictionary = alone.dictionary(FEW)
    with alone.db.reading() as tx:
        first = memories.list_ids(tx)[-1]
    alone.teach(dictionary, {(SUBJECT, "relation 1"): "value 1"})
    alone.teach(dictionary, {("part 2", "relation 2"): "value 4"})
    after = delete(alone, dictionary, (SUBJECT, "relation 1"))
    alone.teach(dictionary, {("part 2", "relation 2"): "value 5"})
    purged = order(alone, dictionary, PurgeRequest(subject=SUBJECT, reason="asked for"), by=BY)
    assert len(purged.withdrawn) == 2
    assert alone.work().state is JobState.SUCCEEDED
    assert places(alone.settings.data, SUBJECT) == []
    answers = [recall(alone, memory, ("part 2", "relation 2")) for memory in (first, after, purged.memory)]
    assert answers == [("value 2",), ("value 4",), ("value 5",)]
    for memory in purged.withdrawn:
        with pytest.raises(NotFound) as gone:
            recall(alone, memory, ("part 2", "relation 2"))
        assert gone.value.code is Code.NOT_RETAINED


def test_edits_go_on_after_a_purge(alone: Alone) -> None:
    """The next edit starts from the purged memory, in the process that purged and in another one whose editor stood at
    a version that was withdrawn: the fact does not come back with its block.
    """
    shared_block = (SUBJECT, "relation 1")
    dictionary = alone.dictionary(FEW | {shared_block: "value 1"})
    other = Alone(
        alone.db, alone.settings, alone.auditor, type(alone.editors)(type(alone.editors.versions)(alone.settings))
    )
    other.teach(dictionary, {("part 3", "relation 0"): "value 1"})
    order(alone, dictionary, PurgeRequest(subject=SUBJECT, reason="asked for"), by=BY)
    assert alone.work().state is JobState.SUCCEEDED
    for teacher, value in ((alone, "value 1"), (other, "value 2"), (alone, "value 3")):
        teacher.teach(dictionary, dict.fromkeys(FEW, value))
        with alone.db.reading() as tx:
            champion = memories.find_champion(tx, dictionary)
        assert champion is not None
        assert recall(alone, champion.id, shared_block) == ()
        assert recall(alone, champion.id, ("part 3", "relation 0")) == (value,)
    assert places(alone.settings.data, SUBJECT) == []


def test_the_last_fact_can_be_purged(alone: Alone) -> None:
    """A dictionary whose only fact goes has a champion that knows nothing."""
    dictionary = alone.dictionary(FACT)
    purged = order(alone, dictionary, WANTED, by=BY)
    assert alone.work().state is JobState.SUCCEEDED
    assert left(alone) == []
    assert purged.memory is not None
    assert recall(alone, purged.memory, (SUBJECT, RELATION)) == ()


def test_what_a_reader_holds_is_said_and_erased_later(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a reader keeps its snapshot the journal cannot be emptied: the job fails and says so, and what is left is
    queued again.
    """
    monkeypatch.setattr(files, "READER_SECONDS", 0.1)
    monkeypatch.setattr(files, "LOOK_SECONDS", 0.1)
    dictionary = alone.dictionary(FACT | FEW)
    reader = sqlite3.connect(alone.db.engine.url.database or "")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM facts").fetchone()
    order(alone, dictionary, WANTED, by=BY)
    failed = alone.work()
    assert failed.problem is not None
    assert (failed.state, failed.problem.code) == (JobState.FAILED, Code.UNAVAILABLE)
    reader.rollback()
    reader.close()
    files.resume(alone.db)
    assert alone.work().state is JobState.SUCCEEDED
    assert left(alone) == []


def test_where_it_must_be_trained_anew_nothing_answers_meanwhile(alone: Alone) -> None:
    """The ledger has outgrown the champion, so that no edit can follow: the memory that held the fact is withdrawn at
    once, the training comes after the purge, and publishes a champion without the fact.
    """
    dictionary = alone.dictionary(FACT | FEW)
    alone.teach(dictionary, {("part 1", "a relation that is new"): "with an answer that is new"})
    purged = order(alone, dictionary, WANTED, by=BY)
    assert purged.memory is None
    with alone.db.reading() as tx:
        assert memories.find_champion(tx, dictionary) is None
    done = [alone.work(), alone.work()]
    assert [(job.kind, job.state) for job in done] == [
        (JobKind.PURGE, JobState.SUCCEEDED),
        (JobKind.TRAIN, JobState.SUCCEEDED),
    ]
    assert left(alone) == []
    assert recall(alone, done[1].memory, ("part 2", "relation 2")) == ("value 2",)
    assert recall(alone, done[1].memory, (SUBJECT, RELATION)) == ()
