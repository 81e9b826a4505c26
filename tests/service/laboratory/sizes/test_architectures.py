"""Which architecture holds most, and how surely, from sweeps with known thresholds."""

from collections.abc import Mapping

import pytest

from service.laboratory.sizes.architectures import Architecture, find_best, is_decisive, list_as_good, select_comparable
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.comparisons import CandidateSweep
from service.laboratory.sizes.trainings import ClosedForm
from service.laboratory.synthetic import factual_recall

CODING = Coding.of(factual_recall(length=0), 0)


def architecture(name: str, held: Mapping[int, list[int]], *, censored: bool = False) -> Architecture:
    """By parameters, facts held on each seed; the next size, a twentieth further, failed unless none was tried."""
    sweeps = []
    for parameters, of_seeds in held.items():
        sweep = CandidateSweep.of(ClosedForm(name, "hybrid", parameters // CODING.bits, CODING.bits), CODING, 1.0)
        for seed, facts in enumerate(of_seeds):
            sweep.tried[seed] = {facts: True} if censored else {facts: True, round(facts * 1.05): False}
        sweeps.append(sweep)
    return Architecture(name, CODING, sweeps)


def test_what_was_measured_at_a_smaller_size_is_not_compared() -> None:
    """More facts a parameter at half the size wins nothing; nor is it said to be as good."""
    large = architecture("large", {400: [80, 82, 84], 800: [160, 164, 168]})
    small = architecture("small", {400: [100, 102, 104], 800: []})
    assert select_comparable(CODING, [large, small]) == [large]
    assert find_best(CODING, [large, small]) is large


def test_one_of_a_larger_size_does_not_win_alone() -> None:
    """What has no equal in size is compared with nothing, however large it is."""
    several = [architecture(name, {400: [80, 82, 84]}) for name in ("attention", "mlp")]
    alone = architecture("linear", {800: [4, 4, 4]})
    assert select_comparable(CODING, [alone, *several]) == several
    assert find_best(CODING, [alone, *several]) in several


def test_what_chance_explains_is_as_good() -> None:
    """A tenth fewer on every seed is told apart, less than a size is not, and on two seeds nothing is."""
    best = architecture("best", {800: [200, 220, 240]})
    near = architecture("near", {800: [198, 216, 239]})
    far = architecture("far", {800: [160, 176, 192]})
    few = architecture("few", {800: [100, 110]})
    assert list(list_as_good(best, [best, near, far, few])) == ["near", "few"]


@pytest.mark.parametrize(("censored", "decided"), [(False, True), (True, False)])
def test_a_ladder_that_ends_too_early_gives_a_bound(censored: bool, decided: bool) -> None:
    """It is told as one, has no slope, and decides nothing."""
    held = architecture("held", {400: [80, 81, 82], 800: [160, 162, 164]}, censored=censored)
    assert held.at_least is censored
    assert is_decisive(held) is decided
    assert (held.slope is None) is censored
