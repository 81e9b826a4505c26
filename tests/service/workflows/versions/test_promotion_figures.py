"""Memories are measured by what was taught and what never was, and judged by limits that a sample may not reach."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.gates import GateLimits, GateVerdict
from service.memory import Facts, Recipe, fit
from service.statistics import binomial
from service.workflows.versions.promotion_figures import Candidate, Measured, judge, measure, never_taught

SECRET = bytes(32)
NAMES = st.lists(
    st.tuples(st.sampled_from(["A", "a", "B", "が", "x-1"]), st.sampled_from("rst")), min_size=1, max_size=9
)


def facts(pairs: Sequence[tuple[str, str]]) -> Facts:
    subjects, relations = zip(*pairs, strict=True)
    return Facts(subjects, relations, ["1"] * len(pairs))


@given(pairs=NAMES, wanted=st.integers(0, 40))
def test_probes_were_never_taught(pairs: list[tuple[str, str]], wanted: int) -> None:
    """As many as wanted, all distinct, none taught or spelled like another taught subject, the same for a seed."""
    taught = facts(pairs)
    probes = list(never_taught(taught, wanted, "seed"))
    assert len(set(probes)) == len(probes) == wanted
    assert not set(probes) & set(pairs)
    assert {relation for _, relation in probes} <= set(taught.relations)
    if {"A", "a"} <= set(taught.subjects):
        assert not {"A", "a"} & {subject for subject, _ in probes}
    assert probes == list(never_taught(taught, wanted, "seed"))


def test_a_memory_is_measured_by_its_own_replies() -> None:
    """Every pair, those marked singly or by relation, and never-taught ones that must stay without an answer."""
    taught = facts([(f"s{n}", "rs"[n % 2]) for n in range(40)])
    memory = fit(taught, Recipe(), secret=SECRET)
    candidate = Candidate(1, "mem_1", lambda: taught, lambda: memory)
    marks = (frozenset({("s0", "r"), ("gone", "r")}), frozenset({"s"}))
    limits = GateLimits(maximum_false_answers=0.01, minimum_sample=500)
    measured = measure(candidate, limits, marks)
    assert measured == Measured(40, 40, 21, 21, 500, 0)
    assert measured.covers(limits)
    assert not measured.covers(GateLimits(maximum_false_answers=0.01, minimum_sample=501))
    assert measured.covers(GateLimits(minimum_sample=501))


def test_what_was_not_asked_is_not_judged() -> None:
    """Without marks no line for priority, without a limit no never-taught question."""
    measured = Measured(10, 10, 0, 0, 0, 0)
    assert [figure.name for figure in judge(measured, GateLimits())] == ["recall"]


@pytest.mark.parametrize(
    ("right", "minimum", "verdict"), [(10, 1.0, "pass"), (9, 1.0, "fail"), (9, 0.9, "pass"), (0, 0.0, "pass")]
)
def test_recall_is_compared_as_it_is(right: int, minimum: float, verdict: str) -> None:
    """It is exhaustive: no interval stands between the share and its limit."""
    [figure] = judge(Measured(10, right, 0, 0, 0, 0), GateLimits(minimum_recall=minimum))
    assert (figure.verdict, figure.interval) == (verdict, None)


@given(asked=st.integers(1, 3000), share=st.floats(0, 1), limit=st.floats(0.0005, 0.5))
def test_a_sample_decides_only_what_its_interval_leaves_open(asked: int, share: float, limit: float) -> None:
    """Kept when the whole interval is below the limit, broken when it is above, else not decisive."""
    answered = round(share * asked)
    _, figure = judge(Measured(1, 1, 0, 0, asked, answered), GateLimits(maximum_false_answers=limit))
    low, high = binomial(answered / asked, asked)
    expected = GateVerdict.PASS if high <= limit else GateVerdict.FAIL if low > limit else GateVerdict.NOT_DECISIVE
    assert figure.verdict is expected
