"""The search for thresholds, with candidates that hold what they are told to hold."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from schemas.experiments import Task
from service.laboratory.bench import Bench, Result, Trial
from service.laboratory.document import Findings
from service.laboratory.search import Search, SizesBySeed
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.comparisons import GRID, CandidateSweep, Comparison
from service.laboratory.sizes.conclusions import conclude
from service.laboratory.sizes.heads import advise_number
from service.laboratory.sizes.trainings import Network
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

    def trial(self, table: Table, bits: int, sizes: SizesBySeed) -> Trial:
        key = {
            "name": self.name,
            "table": table.digest,
            "bits": bits,
            "asked": [[seed, list(counts)] for seed, counts in sizes.items()],
        }
        return Trial(key, partial(self._hold, sizes))

    def _hold(self, sizes: SizesBySeed) -> Result:
        found = [
            Network(facts, seed, 0.1, facts, facts if facts <= self.most(seed) else 0, False, 1, 0.0, 1)._asdict()
            for seed, counts in sizes.items()
            for facts in counts
        ]
        return {"networks": found}


CODING = Coding.of(factual_recall(length=0), 0)


def sweep(name: str, most: Callable[[int], int]) -> CandidateSweep[Oracle]:
    return CandidateSweep.of(Oracle(name, most), CODING, 2000)


def test_thresholds_are_found_on_every_seed(bench: Bench) -> None:
    """Networks that hold some 60 or 500 facts, by seed, are found to within the finest step, whatever was expected."""
    sweeps = [sweep("small", lambda seed: 60 + seed), sweep("large", lambda seed: 500 - 7 * seed)]
    Search(bench, 60).run(sweeps, [[0, 1, 2], [3, 4]])
    for each in sweeps:
        assert list(each.thresholds) == [0, 1, 2, 3, 4]
        for seed, threshold in each.thresholds.items():
            assert threshold.above is not None
            assert threshold.held <= each.candidate.most(seed) < threshold.above <= threshold.held * GRID.fine + 1


def test_what_was_tried_is_not_tried_again(bench: Bench, cache: Known) -> None:
    """A search that is made again asks for the same trials, so all of it is remembered."""
    for _ in range(2):
        Search(bench, 60).run([sweep("small", lambda seed: 60 + seed)], [[0, 1]])
    assert bench.trials == 2 * bench.cached


def test_a_search_without_time_says_that_it_is_unfinished(hurried: Bench) -> None:
    """The first work is always done, so that there is something to report; the rest only in time."""
    search = Search(hurried, -1.0)
    sweeps = [sweep(name, lambda _: 100) for name in ("a", "b", "c")]
    search.run(sweeps, [[0]])
    assert search.unfinished
    assert [bool(each.networks) for each in sweeps] == [True, True, False]


def test_a_table_that_is_held_whole_is_told(bench: Bench) -> None:
    """When networks hold all facts there are, their number is a bound, and no candidate is called better."""
    sweeps = [sweep(name, lambda _: 10**6) for name in ("a", "b")]
    Search(bench, 60).run(sweeps, [[0, 1, 2]])
    comparison = Comparison(CODING, 1000, sweeps)
    ranking = comparison.rank()
    assert comparison.all_held
    assert ranking is not None
    assert not ranking.decided


def _more(times: float, seed: int) -> int:
    return int((200 + seed) * times)


def test_a_clear_winner_is_called_one_and_a_narrow_one_is_not(bench: Bench) -> None:
    """A fifth more facts on every seed decides; two per cent, which is less than a size, does not."""
    for more, decided in ((1.2, True), (1.02, False)):
        sweeps = [
            sweep(f"better by {more}", partial(_more, more)),
            sweep("worse", lambda seed: 200 + seed),
        ]
        Search(bench, 60).run(sweeps, [[0, 1, 2]])
        ranking = Comparison(CODING, 1000, sweeps).rank()
        assert ranking is not None
        assert ranking.decided is decided


def test_of_several_that_hold_equally_many_none_is_called_the_best(bench: Bench) -> None:
    """Four, eight and sixteen heads hold the same on every seed, one head half: the three are named together, nothing
    is decided, and the sentence says that they are equal.
    """
    limits = {"1_head": 100, "4_head": 200, "8_head": 200, "16_head": 200}
    sweeps = [sweep(name, partial(_up_to, most)) for name, most in limits.items()]
    Search(bench, 60).run(sweeps, [[0, 1, 2]])
    comparison = Comparison(CODING, 1000, sweeps)
    ranking = comparison.rank()
    assert ranking is not None
    assert {ranking.best, *ranking.equal} == {"4_head", "8_head", "16_head"}
    assert not ranking.decided
    findings = Findings()
    conclude(findings, [comparison])
    assert [said.code for said in findings.finding] == ["contest_equal", "contest_beaten"]
    (advice,) = advise_number(comparison)
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
