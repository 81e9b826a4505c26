"""The search for edges, with contenders that hold what they are told to hold."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from schemas.experiments import Task
from service.laboratory.bench import Bench, Result, Trial
from service.laboratory.document import Findings
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.conclusions import conclude
from service.laboratory.sizes.contests import Contest
from service.laboratory.sizes.heads import advise_number
from service.laboratory.sizes.search import FINE, Ladder, Search
from service.laboratory.sizes.trainings import Asking, Network
from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table
from tests.service.laboratory.conftest import Known


@dataclass(frozen=True)
class Oracle:
    """Holds up to a number of facts that depends on the seed."""

    name: str
    most: Callable[[int], int]
    parameters: int = 1000
    scales: int = 10
    bytes: int = 1020

    def trial(self, table: Table, bits: int, asked: Asking) -> Trial:
        key = {
            "name": self.name,
            "table": table.digest,
            "bits": bits,
            "asked": [[seed, list(counts)] for seed, counts in asked.items()],
        }
        return Trial(key, partial(self._hold, asked))

    def _hold(self, asked: Asking) -> Result:
        found = [
            Network(facts, seed, 0.1, facts, facts if facts <= self.most(seed) else 0, False, 1, 0.0, 1)._asdict()
            for seed, counts in asked.items()
            for facts in counts
        ]
        return {"networks": found}


CODING = Coding.of(factual_recall(length=0), 0)


def ladder(name: str, most: Callable[[int], int]) -> Ladder[Oracle]:
    return Ladder.of(Oracle(name, most), CODING, 2000)


def test_edges_are_found_on_every_seed(bench: Bench) -> None:
    """Networks that hold some 60 or 500 facts, by seed, are found to within the finest step, whatever was expected."""
    climbed = [ladder("small", lambda seed: 60 + seed), ladder("large", lambda seed: 500 - 7 * seed)]
    Search(bench, 60).climb(climbed, [[0, 1, 2], [3, 4]])
    for each in climbed:
        assert list(each.edges) == [0, 1, 2, 3, 4]
        for seed, edge in each.edges.items():
            assert edge.above is not None
            assert edge.held <= each.contender.most(seed) < edge.above <= edge.held * FINE + 1


def test_what_was_tried_is_not_tried_again(bench: Bench, cache: Known) -> None:
    """A search that is made again asks for the same trials, so all of it is remembered."""
    for _ in range(2):
        Search(bench, 60).climb([ladder("small", lambda seed: 60 + seed)], [[0, 1]])
    assert bench.trials == 2 * bench.cached


def test_a_search_without_time_says_that_it_is_unfinished(hurried: Bench) -> None:
    """The first work is always done, so that there is something to report; the rest only in time."""
    search = Search(hurried, -1.0)
    climbed = [ladder(name, lambda _: 100) for name in ("a", "b", "c")]
    search.climb(climbed, [[0]])
    assert search.unfinished
    assert [bool(each.found) for each in climbed] == [True, True, False]


def test_a_table_that_is_held_whole_is_told(bench: Bench) -> None:
    """When networks hold all facts there are, their number is a bound, and no contender is called better."""
    climbed = [ladder(name, lambda _: 10**6) for name in ("a", "b")]
    Search(bench, 60).climb(climbed, [[0, 1, 2]])
    contest = Contest(CODING, 1000, climbed)
    standing = contest.standing()
    assert contest.all_held
    assert standing is not None
    assert not standing.decided


def _more(times: float, seed: int) -> int:
    return int((200 + seed) * times)


def test_a_clear_winner_is_called_one_and_a_narrow_one_is_not(bench: Bench) -> None:
    """A fifth more facts on every seed decides; two per cent, which is less than a rung, does not."""
    for more, decided in ((1.2, True), (1.02, False)):
        climbed = [
            ladder(f"better by {more}", partial(_more, more)),
            ladder("worse", lambda seed: 200 + seed),
        ]
        Search(bench, 60).climb(climbed, [[0, 1, 2]])
        standing = Contest(CODING, 1000, climbed).standing()
        assert standing is not None
        assert standing.decided is decided


def test_of_several_that_hold_equally_many_none_is_called_the_best(bench: Bench) -> None:
    """Four, eight and sixteen heads hold the same on every seed, one head half: the three are named together, nothing
    is decided, and the sentence says that they are equal.
    """
    limits = {"1_head": 100, "4_head": 200, "8_head": 200, "16_head": 200}
    climbed = [ladder(name, partial(_up_to, most)) for name, most in limits.items()]
    Search(bench, 60).climb(climbed, [[0, 1, 2]])
    contest = Contest(CODING, 1000, climbed)
    standing = contest.standing()
    assert standing is not None
    assert {standing.best, *standing.equal} == {"4_head", "8_head", "16_head"}
    assert not standing.decided
    findings = Findings()
    conclude(findings, [contest])
    assert [said.code for said in findings.finding] == ["contest_equal", "contest_beaten"]
    (advice,) = advise_number(contest)
    assert advice.code == "heads_number"
    assert advice.figures == {"best": "4-head, 8-head, 16-head", "beaten": "1-head"}


def _up_to(most: int, seed: int) -> int:
    return most + seed


def test_large_tables_are_cut_and_small_ones_get_longer_codes() -> None:
    """Codes have eight bits on the synthetic task; fifty facts get so many that a small network cannot hold them."""
    few = factual_recall(5, 10, length=0)
    assert CODING.bits == 8
    assert Coding.of(few, 0).bits == 24
    assert Coding.of(few, 0).parameters(1000) == 400
    assert CODING.parameters(10**6) <= 1024 * 8 / 2
    assert len(Coding.of(factual_recall(300, 100, length=0), 0).table) == 20_000
    assert CODING.table.task is Task.SYNTHETIC
