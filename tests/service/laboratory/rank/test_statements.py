"""What is said of rank follows from the sizes that were found, whatever they are."""

from collections.abc import Callable

import pytest

from schemas.experiments import Task
from service.laboratory.document import Findings
from service.laboratory.rank.bisection import HEADS, Bisection, LayerKind
from service.laboratory.rank.networks import SizedTable, TaskNetworks, learns
from service.laboratory.rank.perturbed import dense_part, perturb
from service.laboratory.rank.statements import state_predictions
from service.laboratory.synthetic import factual_recall

Step = Callable[[SizedTable], int]


def found(kind: LayerKind, trained: TaskNetworks, step: Step, seeds: int) -> None:
    """A search that ended on the steps that each table is said to need."""
    search = Bisection(kind, [table for table in trained.tables if learns(kind, table)], seeds)
    trained.bisections[kind] = search
    needed = {each.place: step(each) for each in trained.sizes(kind)}
    while rounds := search.round():
        for at, group in rounds.items():
            right = [search.tables[one.table].pairs * (at >= needed[one.table]) for one in group]
            search.note(at, group, {"right": right, "layers": {}})


def codes(softmax: Step, pads: Step, seeds: int = 2) -> tuple[list[str], list[str], bool]:
    base = dense_part(factual_recall(16, 8, 8), 16, 8, seed=0)
    trained = TaskNetworks(Task.SYNTHETIC, perturb(base, (0.25, 0.5, 0.75), seed=0))
    found("softmax", trained, softmax, seeds)
    found("pads", trained, pads, seeds)
    findings = Findings()
    state_predictions(findings, [trained])
    said = ([each.code for each in part] for part in (findings.finding, findings.recommendation))
    return *said, findings.decisive  # type: ignore[return-value]


def rising(sized: SizedTable) -> int:
    return max(1, min(len(HEADS) - 1, round(sized.figures.rank / 12)))


def falling(sized: SizedTable) -> int:
    return len(HEADS) - rising(sized)


def level(_: SizedTable) -> int:
    return 4


def test_rank_is_followed_where_sizes_follow_it() -> None:
    """Networks as large as the rank, pads that make them alike: both are said, and it is decided."""
    finding, advice, decisive = codes(rising, level)
    assert {"rank_predicts", "rank_with_pads"} < set(finding)
    assert advice in (["rank_count_facts", "rank_clean_first"], ["rank_count_facts", "rank_follows"])
    assert decisive


def test_larger_ranks_in_smaller_networks_are_no_reason_to_clean() -> None:
    """The opposite sign decides as well, and nobody is told to expect that size follows rank."""
    finding, advice, decisive = codes(falling, level)
    assert "rank_does_not_predict" in finding
    assert advice[-1] == "rank_no_guide"
    assert decisive


@pytest.mark.parametrize(
    ("pads", "seeds"), [(rising, 2), (lambda _: 0, 2), (lambda _: len(HEADS), 2), (level, 1)],
    ids=["sizes differ", "all hold", "none hold", "one network a table"],
)  # fmt: skip
def test_facts_alone_are_counted_only_where_pads_made_sizes_alike(pads: Step, seeds: int) -> None:
    """Not where they differ, where sizes end, or where one network stands for a table."""
    assert "rank_count_facts" not in codes(rising, pads, seeds)[1]


def test_one_network_a_table_decides_nothing() -> None:
    """However well it fits."""
    _, advice, decisive = codes(rising, level, seeds=1)
    assert advice == ["rank_more_time"]
    assert not decisive
