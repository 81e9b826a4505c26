"""How many bits a weight needs: what is measured, on blocks small enough to wait for."""

import pytest

from schemas.experiments import ExperimentId, ExperimentRequest, Task
from service.laboratory.bench import Asked, Bench
from service.laboratory.precision.experiment import Best, decided, precision
from service.laboratory.precision.trials import BITS, Blocks, ways_of
from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table
from service.memory import Facts
from service.memory.measuring import Storing, stored_bytes


def test_feedback_and_repair_bring_back_what_rounding_loses(bench: Bench) -> None:
    """At four bits and one bit of code a weight: each further step recalls more facts, and holds in narrower blocks."""
    blocks = Blocks.of(factual_recall(16, 8), 1e-3)
    found = bench.run(blocks.trial(4, seed=0))
    assert found["recall"]["rounded"] < found["recall"]["feedback"] <= found["recall"]["repaired"]
    assert found["rows"]["repaired"] <= found["rows"]["feedback"] <= found["rows"]["rounded"]


def test_the_fewer_bits_the_more_a_byte_holds_when_weights_are_searched_for(bench: Bench) -> None:
    """Two bits a weight, searched for, hold more code in a byte than eight bits, rounded."""
    blocks = Blocks.of(factual_recall(16, 8), 1e-3)
    rows = {bits: bench.run(blocks.trial(bits, seed=0))["rows"] for bits in (2, 8)}
    two = stored_bytes(rows[2]["searched"], blocks.code_bits, 2, Storing.SEARCHED)
    eight = stored_bytes(rows[8]["rounded"], blocks.code_bits, 8, Storing.ROUNDED)
    assert two < 0.7 * eight


def test_a_hurried_bench_brings_a_document(hurried: Bench) -> None:
    """Time for one round: every number of bits has its row, what was not done is said, one seed decides nothing."""
    request = ExperimentRequest(kind=ExperimentId.PRECISION, seconds=1, tasks=[Task.SYNTHETIC], false_answers=1e-3)
    found = precision(Asked(request, {Task.SYNTHETIC: factual_recall(8, 4)}, Facts([], [], [])), hurried)
    assert [row.name for row in found.rows] == [f"int{bits}" for bits in BITS]
    assert found.verdict == "not_decisive"
    assert len(found.left_out) == 2


@pytest.mark.parametrize("rows", [[], [("s", "r", "a")]])
def test_next_to_no_facts_decide_nothing(rows: list[tuple[str, str, str]], hurried: Bench) -> None:
    """No fact, or one: said, and not a crash."""
    facts = Facts(*(list(column) for column in zip(*rows, strict=True))) if rows else Facts([], [], [])
    request = ExperimentRequest(kind=ExperimentId.PRECISION, seconds=1, tasks=[Task.DICTIONARY])
    found = precision(Asked(request, {Task.DICTIONARY: Table.of(facts)}, facts), hurried)
    assert found.verdict == "not_decisive"
    assert "too few" in found.finding


def test_nothing_is_searched_for_above_four_bits() -> None:
    """Above four bits rounding loses next to nothing."""
    assert [bits for bits in BITS if Storing.SEARCHED in ways_of(bits)] == [2, 3, 4]


@pytest.mark.parametrize(
    ("two", "seeds", "clear"),
    [(2.5, 3, True), (2.5, 2, False), (1.3, 3, False)],
    ids=["clear", "two seeds", "a step"],
)
def test_a_number_of_bits_is_best_by_more_than_widths_are_apart(two: float, seeds: int, clear: bool) -> None:
    """Two seeds decide nothing, and neither do figures that one step of the width would turn round."""
    ways = [Best(2, Storing.SEARCHED, [two] * seeds, [two] * seeds)]
    ways += [Best(8, Storing.ROUNDED, [1.2] * seeds, [1.4] * seeds)]
    assert decided(ways) is clear


def test_eight_bits_are_best_only_where_every_other_holds_less() -> None:
    """One that is not told apart from eight bits leaves it open."""
    eight = Best(8, Storing.ROUNDED, [1.2, 1.2, 1.2], [1.3, 1.3, 1.3])
    few, near = (Best(4, Storing.ROUNDED, [held] * 3, [held + 0.1] * 3) for held in (0.8, 1.15))
    assert decided([eight, few])
    assert not decided([eight, few, near])
