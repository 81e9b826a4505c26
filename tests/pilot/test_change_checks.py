"""The checks that change facts, on the real service, and on stand-ins for a faulty one."""

import signal
import subprocess
import sys
from collections.abc import Collection, Iterator

import httpx
import pytest

from pilot.checks.deletion import check_deletion, choose_deletions
from pilot.checks.privacy import ServiceSetting, check_privacy
from pilot.checks.retention import check_retention
from pilot.checks.rollback import check_rollback
from pilot.checks.scratch import Answers, Held, Scratch, may_make_scratch, scratch_copy
from pilot.checks.target import CheckPlan, CheckTarget
from pilot.client import FactStore
from pilot.gate import ReportGate, judge, worst_verdict
from pilot.reading import Pair
from schemas.checks import Deletion, Privacy, Retention, Rollback, Verdict
from tests.running import PATIENCE, Running

PLAN = CheckPlan(members=60, strangers=5, edited=5, seed=1)


def table() -> dict[Pair, Answers]:
    """60 subjects, 3 relations; every tenth pair has two answers; one relation says the same of everything."""
    held: dict[Pair, Answers] = {}
    for n in range(60):
        held[f"部品-{n:03d}", "色"] = (f"色の名前 {n % 7}",) if n % 10 else ("白", "黒")
        held[f"部品-{n:03d}", "標準入数"] = (str(n % 12),)
        held[f"部品-{n:03d}", "country"] = ("日本",)
    return held


def quiet(_share: float, _step: str) -> None:
    pass


def list_scratch_dictionaries(store: FactStore) -> list[str]:
    return [held.name for held in store.list_dictionaries() if held.name.startswith("pilot scratch")]


@pytest.fixture(scope="module")
def store(service: Running) -> Iterator[FactStore]:
    with FactStore(service.url, service.key) as store:
        yield store


@pytest.fixture
def scratch(store: FactStore) -> Iterator[Scratch]:
    with scratch_copy(store, table(), 180, None) as made:
        yield made


def test_every_fact_is_asked_after_every_round(scratch: Scratch) -> None:
    """In rounds of 1 %, 10 % and 50 %, every pair is counted once by age and once by relation, nothing is forgotten,
    and changed pairs give their new answers.
    """
    measured = check_retention(scratch, PLAN, {("部品-001", "色")}, quiet)
    found = measured.details
    assert isinstance(found, Retention)
    assert [step.changed for step in found.steps] == [2, 18, 90]
    assert [(step.right, step.forgotten) for step in found.steps] == [(180, 0)] * 3
    assert [step.held for step in found.steps] == [2, 18, 90]
    assert measured.tally.right == measured.tally.asked == sum(part.asked for part in found.relations) == 180
    assert measured.parts["changed_3"].asked == 90
    assert measured.priority is not None
    assert (measured.priority.right, measured.priority.asked) == (1, 1)


def test_what_a_memory_forgets_is_named(scratch: Scratch) -> None:
    """A pair with another answer than it should have is listed by name, and counted under its age and its relation."""
    pair = ("部品-001", "色")
    scratch.held[pair] = ("never taught",)
    measured = check_retention(scratch, CheckPlan(shares=()), None, quiet)
    assert (measured.parts["unchanged"].wrong, measured.tally.asked) == (1, 180)
    assert [(each.subject, each.relation, each.part) for each in measured.failing] == [(*pair, "unchanged")]
    assert worst_verdict(judge(ReportGate(), [measured], 1e-6)) is Verdict.FAIL


def test_deleted_facts_are_gone_and_leave_no_trace(scratch: Scratch) -> None:
    """Asked in three ways they are unknown, each with a proof; all others stay; taught again, the digest returns."""
    gone = choose_deletions(scratch.held, PLAN)
    measured = check_deletion(scratch, gone, 4, quiet)
    counts = {name: (part.right, part.asked) for name, part in measured.parts.items()}
    asked = dict.fromkeys(("deleted", "spellings", "questions", "restored"), (18, 18))
    assert counts == asked | {"proofs": (4, 4), "others": (162, 162)}
    found = measured.details
    assert isinstance(found, Deletion)
    assert found.digest_before == found.digest_restored != found.digest_after
    assert worst_verdict(judge(ReportGate(), [measured], 1e-6)) is Verdict.PASS


class DeletionIgnored(Scratch):
    """A service that acknowledges deletions but does not make them."""

    def change(self, upsert: Held, delete: Collection[Pair] = ()) -> int:
        self.held = {pair: answers for pair, answers in (self.held | dict(upsert)).items() if pair not in set(delete)}
        return 1


def test_a_deletion_that_was_not_made_is_seen(scratch: Scratch) -> None:
    """If every way of asking still finds the answer, there is no proof and the digest is unchanged, all limits fail."""
    deaf = DeletionIgnored(scratch.store, scratch.dictionary, scratch.memory, dict(scratch.held), scratch.of)
    measured = check_deletion(deaf, choose_deletions(deaf.held, PLAN), 4, quiet)
    wrong = {name: part.right for name, part in measured.parts.items() if part.right != part.asked}
    assert wrong == {"deleted": 0, "spellings": 0, "questions": 0, "proofs": 0}
    missed = {limit.name for limit in judge(ReportGate(), [measured], 1e-6) if limit.verdict is Verdict.FAIL}
    assert missed == {"maximum_undeleted", "absence_proved", "digest_restored"}


def test_going_back_is_one_call(scratch: Scratch) -> None:
    """A rollback restores the old answers and pins the champion against edits; unpinning catches up with the ledger, a
    reset continues from the old facts, and the history names who and why.
    """
    held = dict(scratch.held)
    measured = check_rollback(scratch, PLAN, quiet)
    assert measured.tally.right == measured.tally.asked
    asked = {name: part.asked for name, part in measured.parts.items()}
    assert (asked["edited"], asked["rolled_back"], asked["reset"]) == (5, 180, 180)
    assert asked["pinned"] == asked["caught_up"] > 5
    found = measured.details
    assert isinstance(found, Rollback)
    assert found.digest_before == found.digest_restored
    assert found.reasons_found == 3
    assert all(switch.by for switch in found.history)
    assert len(found.milliseconds) == 2
    scratch.change({("部品-001", "色"): ("新しい色",)})  # not pinned any more
    assert next(scratch.target(champion=True).recall([("部品-001", "色")], quiet, "")).answers == ("新しい色",)
    assert scratch.held == held | {("部品-001", "色"): ("新しい色",)}


def test_what_a_memory_gives_away(service: Running, scratch: Scratch) -> None:
    """No name is in the stored bytes; a caller can tell what was taught and a stranger cannot; recall of randomised
    answers stays within the interval around its ceiling.
    """
    target = CheckTarget(scratch.store, scratch.dictionary, scratch.memory, scratch.held, {}, set())
    measured = check_privacy(target, ServiceSetting(None, service.data / "memories", scratch=True), PLAN, quiet)
    found = measured.details
    assert isinstance(found, Privacy)
    assert found.artefact is not None
    assert found.artefact.found == 0
    assert found.artefact.searched > 60
    caller, stranger = found.membership
    assert caller.auc == 1
    assert (stranger.auc, stranger.members_answered) == (0.5, 0)
    assert found.randomised is not None
    assert found.randomised.interval[0] <= found.randomised.ceiling <= found.randomised.interval[1]
    assert measured.parts["strangers"].right == 10
    assert list_scratch_dictionaries(scratch.store) == [
        held.name for held in scratch.store.list_dictionaries() if held.id == scratch.dictionary
    ]


@pytest.mark.parametrize(("role", "may"), [("admin", True), ("ingest", False), ("query", False)])
def test_no_copy_is_made_that_could_not_be_removed(
    service: Running, api: httpx.Client, store: FactStore, role: str, may: bool
) -> None:
    """With a key that may create dictionaries but not delete them, no copy is made and nothing stays behind."""
    key = api.post("/v1/keys", json={"role": role}).json()["key"]
    with FactStore(service.url, key) as caller:
        assert may_make_scratch(caller) is may
    assert list_scratch_dictionaries(store) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_scratch_copy_goes_whatever_happens(store: FactStore, error: type[BaseException]) -> None:
    """The dictionary is removed after a failure or an interrupt, and the original error is raised."""
    with pytest.raises(error), scratch_copy(store, {("a", "r"): ("x",)}, 1, None):  # noqa: PT012
        assert len(list_scratch_dictionaries(store)) == 1
        raise error
    assert list_scratch_dictionaries(store) == []


WAITING = """
import signal, sys
from pilot.checks.scratch import scratch_copy
from pilot.cli import exit_on_signals
from pilot.client import FactStore
exit_on_signals()
with FactStore(sys.argv[1], sys.argv[2]) as store, scratch_copy(store, {("a", "r"): ("x",)}, 1, None):
    print("made", flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_pilot_leaves_no_scratch_copy(
    service: Running, store: FactStore, number: signal.Signals
) -> None:
    """Ctrl-C or SIGTERM during a change of facts removes the copy, and the exit code names the signal."""
    command = [sys.executable, "-c", WAITING, service.url, service.key]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "made\n"
        process.send_signal(number)
        process.wait(PATIENCE)
    assert process.returncode == 128 + number
    assert list_scratch_dictionaries(store) == []
