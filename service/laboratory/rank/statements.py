"""What the experiment says: sentences and its verdict."""

from collections.abc import Sequence

from schemas.experiments import Statement, Task
from service.laboratory.document import Findings
from service.laboratory.rank.bisection import LayerKind
from service.laboratory.rank.layer import rank_bound
from service.laboratory.rank.networks import SizedTable, TaskNetworks
from service.laboratory.rank.table_ranks import TableRanks
from service.laboratory.rank.unfolding import SKETCH_WIDTH
from service.laboratory.statements import statement

DIFFER = 1.5
"""By this factor ranks have to differ, and sizes must not, for pads to have made them alike."""


def state_ranks(findings: Findings, tables: Sequence[TableRanks]) -> None:
    """The rank of the dictionary, or of what was asked for in its place, and which part of it was looked at."""
    for table in tables:
        if table.facts < table.of:
            findings.left_out.append(statement("part_of_the_facts", facts=table.facts, of=table.of))
        if any(rank.saturated and not rank.exact for rank in table.bounds.unfoldings):
            findings.left_out.append(statement("rank_sketched", task=table.task.value, width=SKETCH_WIDTH))
    if not tables:
        findings.finding.append(statement("rank_no_facts"))
        return
    table = next((each for each in tables if each.task is Task.DICTIONARY), tables[0])
    found, counts = table.bounds, {"task": table.task.value, "facts": table.facts}
    if found.exact:
        findings.finding.append(statement("rank_exact", rank=found.least, **counts))
    else:
        findings.finding.append(statement("rank_between", low=found.least, high=found.most, **counts))


def state_predictions(findings: Findings, trained: Sequence[TaskNetworks]) -> None:
    """How far rank predicted the sizes, on every task, and what follows; decisive where all tasks say the same."""
    made = [each for each in trained if "softmax" in each.searches]
    signs = {_state_correlation(findings, each) for each in made}
    findings.decisive = len(signs) == 1 and 0 not in signs
    for each in made[-1:]:
        _state_layer(findings, each)
        if _state_pads(findings, each):
            findings.recommendation.append(statement("rank_count_facts"))
    findings.recommendation.append(_advise_without_pads(made, signs.pop() if findings.decisive else 0))
    for each in made:
        for kind in each.searches:
            _state_beyond(findings, each, kind)
    if not made:
        findings.finding.append(statement("rank_no_networks"))


def _advise_without_pads(made: Sequence[TaskNetworks], sign: int) -> Statement:
    """What follows for a layer without pads from the sign of the correlation; 0: it is not known."""
    if sign < 0:
        return statement("rank_no_guide")
    if sign > 0:
        return statement("rank_clean_first" if all(map(_disorder_costs, made)) else "rank_follows")
    return statement("rank_more_time")


def _disorder_costs(trained: TaskNetworks) -> bool:
    """Whether noise or second answers made networks larger, and none smaller."""
    whole, *others = trained.sized("softmax")
    sizes = [each.parameters for each in others if each.altered.kind in {"noise", "second_answers"}]
    return bool(sizes) and min(sizes) >= whole.parameters < max(sizes)


def _state_correlation(findings: Findings, trained: TaskNetworks) -> int:
    """On which side of zero the interval of the rank correlation lies; 0: on none, or one network a table."""
    of_rank, of_facts, of_bits = (trained.predicted("softmax", name) for name in ("rank", "facts", "answer_bits"))
    counts = {"task": trained.task.value, "tables": len(trained.tables)}
    if of_rank is None or of_facts is None or of_bits is None:
        findings.finding.append(statement("rank_alike", **counts))
        return 0
    low, high = of_rank.spearman_interval
    figures = {"spearman": of_rank.spearman, "low": low, "high": high}
    others = {"facts": of_facts.spearman, "bits": of_bits.spearman}
    code = "rank_predicts" if low > 0 else "rank_does_not_predict"
    findings.finding.append(statement(code, **counts, **figures, **others))
    return (low > 0) - (high < 0) if trained.searches["softmax"].seeds > 1 else 0


def _state_layer(findings: Findings, trained: TaskNetworks) -> None:
    """The smallest network that holds the table as it is, where its shape allows less rank than the table has."""
    whole = trained.sized("softmax")[0]
    if whole.beyond:
        return
    shape = whole.search.shape(whole.search.placed(whole.place)[0])
    figures = {"bound": rank_bound(shape), "rank": whole.known.by_answers, "parameters": shape.parameters}
    if figures["bound"] < figures["rank"]:
        findings.finding.append(statement("rank_of_the_layer", task=trained.task.value, **figures))


def _state_pads(findings: Findings, trained: TaskNetworks) -> bool:
    """Whether pads made the sizes of tables with equally many pairs alike, while their ranks differ. Nothing is said
    where a network lies at an end of the ladder: it might have been smaller still, or had to be larger.
    """
    padded, bare = (trained.full(kind) if kind in trained.searches else [] for kind in ("pads", "softmax"))
    if not padded or any(sized.at_an_end for sized in (*padded, *bare)):
        return False
    ranks = [sized.known.rank for sized in padded]
    ratio, without = _spread(padded), _spread(bare)
    figures = {"pairs": trained.tables[0].pairs, "low": round(min(ranks)), "high": round(max(ranks))}
    findings.finding.append(statement("rank_with_pads", task=trained.task.value, ratio=ratio, bare=without, **figures))
    several = trained.searches["pads"].seeds > 1 and max(ranks) >= DIFFER * min(ranks)
    return several and ratio < min(without, DIFFER)


def _spread(tables: Sequence[SizedTable]) -> float:
    """How many times as many parameters the largest of their networks has as the smallest."""
    sizes = [sized.parameters for sized in tables]
    return max(sizes) / min(sizes)


def _state_beyond(findings: Findings, trained: TaskNetworks, kind: LayerKind) -> None:
    sized = trained.sized(kind)
    if too_large := [each for each in sized if each.beyond]:
        parameters = sized[0].search.shape(-1).parameters
        counts = {"tables": len(too_large), "of": len(sized), "parameters": parameters}
        findings.left_out.append(statement("rank_beyond", task=trained.task.value, kind=kind, **counts))
