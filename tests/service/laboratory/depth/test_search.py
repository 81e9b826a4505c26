"""The search for the most facts that a stack holds."""

from collections.abc import Callable

from service.laboratory.depth.stacks import Stack, StackResult, StackSweep
from service.laboratory.search import SizesBySeed
from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table


def sweep(table: Table) -> StackSweep:
    """Of one layer with 780 parameters."""
    return StackSweep.of(Stack(1, 16, 1), table, "cpu")


def take(sweep: StackSweep, sizes: SizesBySeed, holds: Callable[[int], bool]) -> None:
    """As if trials had brought networks that hold what they are said to hold."""
    for_seeds = [[StackResult(facts, holds(facts), [0.0], [1.0]) for facts in of_seed] for of_seed in sizes.values()]
    sweep.take(sizes, [{"networks": [network._asdict() for network in networks]} for networks in for_seeds])


def test_sizes_close_in_on_the_threshold() -> None:
    """Whatever a stack holds, sizes lead to it, and end at most a third short of it."""
    for limit in (3, 40, 133, 500):
        searched = sweep(factual_recall())
        take(searched, searched.start([0]), limit.__ge__)
        for _ in range(11):
            take(searched, searched.refine(), limit.__ge__)
        assert searched.refine() == {}
        (at,) = searched.known
        assert limit / 1.34 <= at.held <= limit


def test_a_stack_that_holds_nothing_is_not_said_to_hold_anything() -> None:
    """No size held: there is no number. All held: the table is too small for one."""
    searched = sweep(factual_recall(5, 4))
    assert not searched.known
    take(searched, searched.start([0]), lambda _: False)
    assert not searched.known
    take(searched, searched.start([1]), lambda _: True)
    assert searched.all_held


def test_further_seeds_begin_where_the_first_ended() -> None:
    """The second seed's sizes stand around what the first one holds."""
    searched = sweep(factual_recall())
    take(searched, {0: [50, 60, 70]}, lambda facts: facts <= 60)
    sizes = searched.start([1])[1]
    assert min(sizes) < 60 <= max(sizes) < 90
