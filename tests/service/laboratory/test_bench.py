"""The bench: each trial is made once, and what it found is the same whether it was made or remembered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from service.laboratory.bench import Bench, Result, Trial
from tests.running import PATIENCE
from tests.service.laboratory.conftest import Known


def counted(made: list[int], number: int) -> Trial:
    def run() -> Result:
        made.append(number)
        return {"number": number, "pair": (number, 2 * number)}

    return Trial({"kind": "count", "number": number}, run)


def test_a_trial_is_made_once(bench: Bench, cache: Known) -> None:
    """Asked for twice at once, again, and by another bench: it is made once, and every reply is the same."""
    made: list[int] = []
    first = bench.run_all([counted(made, number) for number in (3, 1, 3)])
    assert first == [{"number": number, "pair": [number, 2 * number]} for number in (3, 1, 3)]
    assert (sorted(made), bench.trials, bench.cached) == ([1, 3], 3, 0)
    later = Bench(3600.0, "cpu", bench.workers, cache, bench.notify)
    assert [later.run(counted(made, number)) for number in (3, 1, 3)] == first
    assert (len(made), later.trials, later.cached) == (2, 3, 3)


def test_what_decides_the_result_is_the_key() -> None:
    """The order of a key's fields does not count; every value does."""
    digests = {Trial(key, dict).digest for key in ({"n": 1, "seed": 2}, {"seed": 2, "n": 1}, {"n": 2, "seed": 1})}
    assert len(digests) == 2


@pytest.mark.parametrize("found", [{"recall": float("nan")}, {"loss": float("inf")}, {"shape": {1, 2}}])
def test_only_figures_are_remembered(bench: Bench, cache: Known, found: Result) -> None:
    """What is no number and what is no JSON is an error, not a hole in a chart."""
    with pytest.raises((ValueError, TypeError)):
        bench.run(Trial({"kind": "odd"}, lambda: found))
    assert cache == {}


def test_trials_that_ended_outlast_one_that_fails(cache: Known) -> None:
    """A slow or failing trial does not keep others from being remembered."""
    remembered = Event()

    def put(digest: str, result: Result) -> None:
        cache[digest] = result
        remembered.set()

    def fails() -> Result:
        assert remembered.wait(PATIENCE)
        raise ArithmeticError

    cache.put = put  # type: ignore[method-assign]
    quick = Trial({"kind": "quick"}, lambda: {"right": 1})
    with ThreadPoolExecutor(2) as workers, pytest.raises(ArithmeticError):
        Bench(3600.0, "cpu", workers, cache, lambda *_: None).run_all([Trial({"kind": "fails"}, fails), quick])
    assert cache == {quick.digest: {"right": 1}}


class Stopped(Exception):
    """As a job is told to stop."""


def stops(when: Event) -> Callable[[float, str], None]:
    def notify(_fraction: float, _step: str) -> None:
        if when.is_set():
            raise Stopped

    return notify


def test_an_experiment_that_is_told_to_stop_begins_no_further_trial(cache: Known) -> None:
    """Of three trials on one thread, those after the one under way are never begun."""
    made: list[int] = []
    told, release = Event(), Event()

    def slow() -> Result:
        told.set()
        assert release.wait(PATIENCE)
        return {}

    trials = [Trial({"kind": "slow"}, slow), counted(made, 1), counted(made, 2)]
    with ThreadPoolExecutor(1) as workers:
        with pytest.raises(Stopped):
            Bench(3600.0, "cpu", workers, cache, stops(told)).run_all(trials)
        release.set()
    assert (made, cache) == ([], {})
