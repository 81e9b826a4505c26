"""Random histories of trainings, edits, rollbacks, unpinnings and resets leave alias, ledger and memories in step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from threading import Event
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from schemas.aliases import Alias, AliasRollback, AliasUnpin
from schemas.edits import EditReply, FactBatch, FactDelete, FactUpsert
from schemas.jobs import JobKind
from schemas.memories import MemoryCreate, RecipeRequest
from service.errors import Conflict
from service.settings import Settings
from service.storage import Database, aliases, facts, jobs, memories
from service.storage import dictionaries as stored_dictionaries
from service.storage.migrate import upgrade
from service.workflows.audit import Auditor
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import perform
from service.workflows.ledger import dictionaries, edits
from service.workflows.versions import rollback
from service.workflows.versions.editors import Editors
from service.workflows.versions.loaded import Versions
from service.workflows.versions.memories import order_training
from service.workflows.versions.train import train
from tests.examples import examples

SUBJECTS, ANSWERS = ("a", "b", "c"), ("1", "2", "3")
STEPS = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(SUBJECTS), st.sampled_from(ANSWERS)),
    st.tuples(st.just("edit"), st.sampled_from(SUBJECTS), st.none()),
    st.tuples(st.just("rollback"), st.booleans(), st.integers(0, 9)),
    st.tuples(st.just("train")),
    st.tuples(st.just("unpin")),
)


@dataclass(frozen=True, slots=True)
class Kit:
    """What workflows that edit need of a service."""

    db: Database
    settings: Settings
    auditor: Auditor
    editors: Editors


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    made = Settings(data=tmp_path_factory.mktemp("kit") / "data", device="cpu")
    made.make_folders()
    db = Database(made.database)
    upgrade(db)
    yield Kit(db, made, Auditor(db, made), Editors(Versions(made)))
    db.close()


@dataclass
class World:
    """A dictionary, beside what its ledger and each of its memories must hold."""

    kit: Kit
    ledger: dict[str, str] = field(default_factory=lambda: {"k": "0", "a": "1"})
    taught: dict[str, dict[str, str]] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)
    left: str | None = None
    pinned: bool = False

    def __post_init__(self) -> None:
        self.id = dictionaries.create(
            self.kit.db, self.kit.settings, self.kit.auditor, f"world {uuid4().hex}", "key"
        ).id
        self._apply(FactBatch(upsert=[self._fact(*fact) for fact in self.ledger.items()]))
        self.train()

    def edit(self, subject: str, answer: str | None) -> None:
        if answer is None:
            batch = FactBatch(delete=[FactDelete(subject=subject, relation="r")])
            self.ledger.pop(subject, None)
        else:
            batch = FactBatch(upsert=[self._fact(subject, answer)])
            self.ledger[subject] = answer
        self._apply(batch)
        self._follow()

    def train(self) -> None:
        self.order()
        self.work()
        self.pinned = False
        self._follow()

    def order(self) -> None:
        order_training(self.kit.db, self.id, MemoryCreate(recipe=RecipeRequest(block_facts=16)), "key", None)

    def work(self) -> None:
        with self.kit.db.writing() as tx:
            claim = jobs.claim(tx, "worker", timedelta(seconds=60))
        assert claim is not None
        perform(Attempt(self.kit.db, self.kit.settings, claim, Event()), {JobKind.TRAIN: train})

    def unpin(self) -> None:
        let_go = rollback.unpin(self.kit, self.id, "champion", AliasUnpin(reason="test"), by="key")
        assert isinstance(let_go, Alias)
        self.pinned = False
        self._follow()

    def rollback(self, reset: bool, which: int) -> None:
        """To the version before, or to one that served."""
        named = self.served[which] if which < len(self.served) else None
        wanted = AliasRollback(reason="test", reset_ledger=reset, memory=named)
        try:
            target = rollback.roll_back(self.kit, self.id, "champion", wanted, by="key").memory
        except Conflict:
            return
        assert named in {None, target}
        assert target in self.served
        self.pinned = not reset
        if reset:
            self.ledger = dict(self.taught[target])
        self._arrived(target)

    def check(self) -> None:
        """Alias, ledger and memory tell one story; a champion that is not pinned holds the ledger."""
        with self.kit.db.reading() as tx:
            row = stored_dictionaries.find(tx, self.id)
            assert row is not None
            champion, previous = (aliases.find(tx, row.number, name) for name in ("champion", "previous"))
            held = facts.columns(tx, row.number, row.ledger_version)
            events = aliases.history(tx, row.number, "champion")
        assert champion is not None
        assert dict(zip(held.subjects, held.answers, strict=True)) == self.ledger
        assert (row.pairs, row.facts) == (len(self.ledger), len(self.ledger))
        assert (champion.memory, champion.pinned) == (self.served[-1], self.pinned)
        assert (previous.memory if previous else None) == self.left
        assert self._recalled(champion.memory) == self.taught[champion.memory]
        assert self.pinned or self.taught[champion.memory] == self.ledger
        assert [event.version for event in events] == list(range(champion.version, 0, -1))
        assert all(older.memory == newer.previous for newer, older in pairwise(events))

    def _follow(self) -> None:
        """Where the champion moved by itself, it holds the ledger."""
        with self.kit.db.reading() as tx:
            row = stored_dictionaries.find(tx, self.id)
            champion = aliases.find(tx, row.number, "champion") if row else None
        if champion is not None and (not self.served or champion.memory != self.served[-1]):
            assert not self.pinned
            self.taught.setdefault(champion.memory, dict(self.ledger))
            self._arrived(champion.memory)

    def _arrived(self, memory: str) -> None:
        if self.served and memory != self.served[-1]:
            self.left = self.served[-1]
        self.served.append(memory)

    def _apply(self, batch: FactBatch) -> None:
        assert isinstance(edits.apply(self.kit, self.id, batch, by="key"), EditReply)

    def _recalled(self, memory: str) -> dict[str, str]:
        with self.kit.db.reading() as tx:
            record = memories.record(tx, memory)
            assert record is not None
            recalled = self.kit.editors.versions.load(tx, record).recall(["k", *SUBJECTS], ["r"] * 4)
        return {subject: answers[0] for subject, answers in zip("kabc", recalled.answers, strict=True) if answers}

    @staticmethod
    def _fact(subject: str, answer: str) -> FactUpsert:
        return FactUpsert(subject=subject, relation="r", answer=answer)


@examples(6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=2, max_size=8))
def test_any_history_is_consistent(kit: Kit, steps: list[tuple[object, ...]]) -> None:
    """After every step: the ledger holds what was put, the champion what its version was taught, an unpinned champion
    the ledger; `previous` is where the champion was, and the history has no gap.
    """
    world = World(kit)
    world.check()
    for name, *arguments in steps:
        getattr(world, str(name))(*arguments)
        world.check()


def test_a_rollback_outlasts_a_training_that_was_ordered_before(kit: Kit) -> None:
    """It keeps its memory and its pin; one that is ordered afterwards moves the alias again."""
    world = World(kit)
    world.edit("a", "2")
    world.order()
    world.rollback(reset=False, which=9)
    world.work()
    world.check()
    assert world.pinned
    world.train()
    world.check()
