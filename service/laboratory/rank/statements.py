"""The sentences of the experiment, and its verdict."""

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
"""Pads have made sizes alike where ranks differ by this factor and sizes do not."""


def state_ranks(findings: Findings, tables: Sequence[TableRanks]) -> None:
    """State the rank of the dictionary, or else of the other task's table, and which part of it was examined."""
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
    """State how well rank predicted the sizes on every task, and what follows. Decisive where all tasks agree."""
    made = [each for each in trained if "softmax" in each.bisections]
    signs = {_state_correlation(findings, each) for each in made}
    findings.decisive = len(signs) == 1 and 0 not in signs
    for each in made[-1:]:
        _state_layer(findings, each)
        if _state_pads(findings, each):
            findings.recommendation.append(statement("rank_count_facts"))
    findings.recommendation.append(_advise_without_pads(made, signs.pop() if findings.decisive else 0))
    for each in made:
        for kind in each.bisections:
            _state_beyond(findings, each, kind)
    if not made:
        findings.finding.append(statement("rank_no_networks"))


def _advise_without_pads(made: Sequence[TaskNetworks], sign: int) -> Statement:
    """What the sign of the correlation, 0 for unknown, means for a layer without pads."""
    if sign < 0:
        return statement("rank_no_guide")
    if sign > 0:
        return statement("rank_clean_first" if all(map(_disorder_costs, made)) else "rank_follows")
    return statement("rank_more_time")


def _disorder_costs(trained: TaskNetworks) -> bool:
    """Whether noise or second answers made some network larger and none smaller."""
    whole, *others = trained.sizes("softmax")
    sizes = [each.parameters for each in others if each.perturbed.kind in {"noise", "second_answers"}]
    return bool(sizes) and min(sizes) >= whole.parameters < max(sizes)


def _state_correlation(findings: Findings, trained: TaskNetworks) -> int:
    """State the correlations, and return on which side of zero the interval of rank's lies: 0 where it contains zero or
    there was one network a table.
    """
    of_rank, of_facts, of_bits = (trained.correlate("softmax", name) for name in ("rank", "facts", "answer_bits"))
    counts = {"task": trained.task.value, "tables": len(trained.tables)}
    if of_rank is None or of_facts is None or of_bits is None:
        findings.finding.append(statement("rank_alike", **counts))
        return 0
    low, high = of_rank.spearman_interval
    figures = {"spearman": of_rank.spearman, "low": low, "high": high}
    others = {"facts": of_facts.spearman, "bits": of_bits.spearman}
    code = "rank_predicts" if low > 0 else "rank_does_not_predict"
    findings.finding.append(statement(code, **counts, **figures, **others))
    return (low > 0) - (high < 0) if trained.bisections["softmax"].seeds > 1 else 0


def _state_layer(findings: Findings, trained: TaskNetworks) -> None:
    """State the smallest network that holds the unperturbed table, if its shape allows less rank than the table has."""
    whole = trained.sizes("softmax")[0]
    if whole.beyond:
        return
    shape = whole.bisection.shape(whole.bisection.smallest(whole.place)[0])
    figures = {"bound": rank_bound(shape), "rank": whole.figures.by_answers, "parameters": shape.parameters}
    if figures["bound"] < figures["rank"]:
        findings.finding.append(statement("rank_of_the_layer", task=trained.task.value, **figures))


def _state_pads(findings: Findings, trained: TaskNetworks) -> bool:
    """State and return whether pads made sizes alike for tables of equally many pairs and different ranks. Nothing is
    stated where a network is the smallest that was tried, or too small: its real size is unknown.
    """
    padded, bare = (trained.full_sizes(kind) if kind in trained.bisections else [] for kind in ("pads", "softmax"))
    if not padded or any(sized.at_an_end for sized in (*padded, *bare)):
        return False
    ranks = [sized.figures.rank for sized in padded]
    ratio, without = _spread(padded), _spread(bare)
    figures = {"pairs": trained.tables[0].pairs, "low": round(min(ranks)), "high": round(max(ranks))}
    findings.finding.append(statement("rank_with_pads", task=trained.task.value, ratio=ratio, bare=without, **figures))
    several = trained.bisections["pads"].seeds > 1 and max(ranks) >= DIFFER * min(ranks)
    return several and ratio < min(without, DIFFER)


def _spread(tables: Sequence[SizedTable]) -> float:
    """The parameters of the largest of the networks over those of the smallest."""
    sizes = [sized.parameters for sized in tables]
    return max(sizes) / min(sizes)


def _state_beyond(findings: Findings, trained: TaskNetworks, kind: LayerKind) -> None:
    sized = trained.sizes(kind)
    if too_large := [each for each in sized if each.beyond]:
        parameters = sized[0].bisection.shape(-1).parameters
        counts = {"tables": len(too_large), "of": len(sized), "parameters": parameters}
        findings.left_out.append(statement("rank_beyond", task=trained.task.value, kind=kind, **counts))
