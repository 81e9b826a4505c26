"""The smallest network that holds a table."""

import pytest

from service.laboratory.bench import Bench
from service.laboratory.rank import bisection as module
from service.laboratory.rank.bisection import HEADS, Bisection, LayerKind, Learner, run_bisections
from service.laboratory.rank.networks import learns
from service.laboratory.rank.perturbed import PerturbedTable, dense_part, perturb
from service.laboratory.synthetic import factual_recall
from service.memory.gradient import Schedule


@pytest.fixture(scope="module")
def tables() -> list[PerturbedTable]:
    """Six subjects, four relations, as they are and in altered form."""
    return perturb(dense_part(factual_recall(8, 6, 3), 6, 4, seed=0), (0.5,), seed=0)


@pytest.mark.parametrize("lowest", range(len(HEADS) + 1))
def test_bisection_finds_the_lowest_step(tables: list[PerturbedTable], lowest: int) -> None:
    """Whatever the step from which on a table is held, it is found in at most four rounds, or that there is none."""
    search = Bisection("softmax", tables[:1], 1)
    rounds = 0
    while tried := search.round():
        rounds += 1
        for step, learners in tried.items():
            right = [tables[0].pairs if step >= lowest else tables[0].pairs - 1] * len(learners)
            search.note(step, learners, {"right": right, "layers": {}})
    assert rounds <= 4
    assert (search.smallest(0), search.is_beyond(0)) == ([lowest], lowest == len(HEADS))
    assert search.parameters(0) == search.shape(min(lowest, len(HEADS) - 1)).parameters


@pytest.mark.parametrize("kind", ["softmax", "pads"])
def test_networks_are_trained_once(
    kind: LayerKind, tables: list[PerturbedTable], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every table finds its step; asked again, nothing is trained; the layer's ranks are known where there is one."""
    monkeypatch.setattr(module, "SCHEDULE", Schedule(steps=100))
    chosen = [table for table in (tables[0], tables[4]) if learns(kind, table)]
    first, again = Bisection(kind, chosen, 1), Bisection(kind, chosen, 1)
    assert run_bisections([first], bench) == [first]
    assert bench.cached == 0
    run_bisections([again], bench)
    assert bench.cached * 2 == bench.trials
    assert [again.smallest(at) for at in range(len(chosen))] == [first.smallest(at) for at in range(len(chosen))]
    step = first.smallest(0)[0]
    assert step < len(HEADS)
    assert ((0, step) in first.layers) == (kind == "softmax")


def test_a_search_without_time_does_not_end(tables: list[PerturbedTable], bench: Bench) -> None:
    """Once the bench's time is up no further network is trained, and the search does not count."""
    bench.seconds = -1.0
    assert run_bisections([Bisection("softmax", tables, 1)], bench) == []
    assert bench.trials == 0


def test_what_decides_a_trial(tables: list[PerturbedTable], monkeypatch: pytest.MonkeyPatch) -> None:
    """Shape, tables, seeds, device and learning rate are in the key of a trial."""
    search, learners = Bisection("softmax", tables, 2), [Learner(0, 0)]
    trials = [search.trial(3, learners, "cpu"), search.trial(4, learners, "cpu"), search.trial(3, learners, "cuda")]
    trials += [search.trial(3, [other], "cpu") for other in (Learner(1, 0), Learner(0, 1))]
    trials += [Bisection("argmax", tables, 2).trial(3, learners, "cpu")]
    monkeypatch.setattr(module, "RATE", 0.01)
    assert len({trial.digest for trial in [*trials, search.trial(3, learners, "cpu")]}) == 7
