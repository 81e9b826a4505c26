"""The smallest network that holds a table."""

import pytest

from service.laboratory.bench import Bench
from service.laboratory.rank import search as module
from service.laboratory.rank.networks import learned_by
from service.laboratory.rank.perturbed import Altered, alterations, dense_part
from service.laboratory.rank.search import HEADS, Kind, Learner, Search, run
from service.laboratory.synthetic import factual_recall
from service.memory.gradient import Schedule


@pytest.fixture(scope="module")
def tables() -> list[Altered]:
    """Six subjects, four relations, as they are and in altered form."""
    return alterations(dense_part(factual_recall(8, 6, 3), 6, 4, seed=0), (0.5,), seed=0)


@pytest.mark.parametrize("edge", range(len(HEADS) + 1))
def test_bisection_finds_the_lowest_rung(tables: list[Altered], edge: int) -> None:
    """Whatever the rung from which on a table is held, it is found in at most four rounds, or that there is none."""
    search = Search("softmax", tables[:1], 1)
    rounds = 0
    while tried := search.round():
        rounds += 1
        for rung, learners in tried.items():
            right = [tables[0].pairs if rung >= edge else tables[0].pairs - 1] * len(learners)
            search.note(rung, learners, {"right": right, "layers": {}})
    assert rounds <= 4
    assert (search.placed(0), search.beyond(0)) == ([edge], edge == len(HEADS))
    assert search.parameters(0) == search.shape(min(edge, len(HEADS) - 1)).parameters


@pytest.mark.parametrize("kind", ["softmax", "pads"])
def test_networks_are_trained_once(
    kind: Kind, tables: list[Altered], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every table finds its rung; asked again, nothing is trained; the layer's ranks are known where there is one."""
    monkeypatch.setattr(module, "SCHEDULE", Schedule(steps=100))
    chosen = [table for table in (tables[0], tables[4]) if learned_by(kind, table)]
    first, again = Search(kind, chosen, 1), Search(kind, chosen, 1)
    assert run([first], bench) == [first]
    assert bench.cached == 0
    run([again], bench)
    assert bench.cached * 2 == bench.trials
    assert [again.placed(at) for at in range(len(chosen))] == [first.placed(at) for at in range(len(chosen))]
    rung = first.placed(0)[0]
    assert rung < len(HEADS)
    assert ((0, rung) in first.layers) == (kind == "softmax")


def test_a_search_without_time_does_not_end(tables: list[Altered], bench: Bench) -> None:
    """Once the bench's time is up no further network is trained, and the search does not count."""
    bench.seconds = -1.0
    assert run([Search("softmax", tables, 1)], bench) == []
    assert bench.trials == 0


def test_what_decides_a_trial(tables: list[Altered], monkeypatch: pytest.MonkeyPatch) -> None:
    """Shape, tables, seeds, device and learning rate are in the key of a trial."""
    search, learners = Search("softmax", tables, 2), [Learner(0, 0)]
    trials = [search.trial(3, learners, "cpu"), search.trial(4, learners, "cpu"), search.trial(3, learners, "cuda")]
    trials += [search.trial(3, [other], "cpu") for other in (Learner(1, 0), Learner(0, 1))]
    trials += [Search("argmax", tables, 2).trial(3, learners, "cpu")]
    monkeypatch.setattr(module, "RATE", 0.01)
    assert len({trial.digest for trial in [*trials, search.trial(3, learners, "cpu")]}) == 7
