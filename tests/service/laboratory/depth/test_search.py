"""The search for the most facts that a stack holds."""

from schemas.experiments import Task
from service.laboratory.depth.search import Climb
from service.laboratory.depth.stacks import Stack, Tried


def test_rungs_close_in_on_the_edge() -> None:
    """Whatever a stack holds, rungs lead to it, and end at most a third short of it."""
    for limit in (3, 40, 133, 500):
        climb = Climb(Task.SYNTHETIC, Stack(1, 16, 1), most=780)
        for _ in range(12):
            climb.note(0, [Tried(facts, facts <= limit, [0.0], [1.0]) for facts in climb.next(0)])
        assert climb.next(0) == []
        assert climb.known
        assert limit / 1.34 <= climb.edges[0].held <= limit


def test_a_stack_that_holds_nothing_is_not_said_to_hold_anything() -> None:
    """No rung held: there is no number. All held: the table is too small for one."""
    climb = Climb(Task.SYNTHETIC, Stack(1, 16, 1), most=20)
    assert not climb.known
    climb.note(0, [Tried(facts, held=False, without=[], ranks=[]) for facts in climb.next(0)])
    assert not climb.known
    climb.note(1, [Tried(facts, held=True, without=[0.0], ranks=[1.0]) for facts in climb.next(1)])
    assert climb.bounded


def test_further_seeds_begin_where_the_first_ended() -> None:
    """The second seed's rungs stand around what the first one holds."""
    climb = Climb(Task.SYNTHETIC, Stack(1, 16, 1), most=780)
    climb.note(0, [Tried(facts, facts <= 60, [], []) for facts in (50, 60, 70)])
    assert min(climb.next(1)) < 60 <= max(climb.next(1)) < 90
