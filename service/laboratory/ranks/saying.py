"""What the experiment says: sentences and its verdict."""

from collections.abc import Sequence

from schemas.experiments import Task
from service.laboratory.document import Findings
from service.laboratory.ranks.layer import rank_bound
from service.laboratory.ranks.search import Kind
from service.laboratory.ranks.trained import Sized, Trained
from service.laboratory.ranks.unfolding import SKETCH_WIDTH
from service.laboratory.ranks.whole import Whole
from service.laboratory.sentences import said


def whole_tables(findings: Findings, tables: Sequence[Whole]) -> None:
    """The rank of the dictionary, or of what was asked for in its place, and which part of it was looked at."""
    for table in tables:
        if table.facts < table.of:
            findings.left_out.append(said("part_of_the_facts", facts=table.facts, of=table.of))
        if any(rank.saturated and not rank.exact for rank in table.bounds.unfoldings):
            findings.left_out.append(said("rank_sketched", task=table.task.value, width=SKETCH_WIDTH))
    if not tables:
        findings.finding.append(said("rank_no_facts"))
        return
    table = next((each for each in tables if each.task is Task.DICTIONARY), tables[0])
    found, counts = table.bounds, {"task": table.task.value, "facts": table.facts}
    if found.exact:
        findings.finding.append(said("rank_exact", rank=found.least, **counts))
    else:
        findings.finding.append(said("rank_between", low=found.least, high=found.most, **counts))


def networks(findings: Findings, trained: Sequence[Trained]) -> None:
    """How far rank predicted the sizes, on every task; decisive where it is known on all whether it does."""
    made = [each for each in trained if "softmax" in each.searches]
    decided = [_predicted(findings, each) for each in made]
    findings.decisive = bool(decided) and all(decided)
    for each in made[-1:]:
        _layer(findings, each.sized("softmax")[0])
        if "pads" in each.searches:
            _pads(findings, each)
    for each in made:
        for kind in each.searches:
            _beyond(findings, each, kind)
    if not made:
        findings.finding.append(said("rank_no_networks"))


def recommendations(findings: Findings) -> None:
    """What follows for the kit's own memory, and for a layer without pads."""
    findings.recommendation.append(said("rank_count_facts"))
    findings.recommendation.append(said("rank_clean_first" if findings.decisive else "rank_more_time"))


def _predicted(findings: Findings, trained: Trained) -> bool:
    """Whether the interval of the rank correlation lies on one side of zero, with more than one network a table."""
    of_rank, of_facts, of_bits = (trained.predicted("softmax", name) for name in ("rank", "facts", "answer_bits"))
    counts = {"task": trained.task.value, "tables": len(trained.tables)}
    if of_rank is None or of_facts is None or of_bits is None:
        findings.finding.append(said("rank_alike", **counts))
        return False
    low, high = of_rank.spearman_interval
    figures = {"spearman": of_rank.spearman, "low": low, "high": high}
    others = {"facts": of_facts.spearman, "bits": of_bits.spearman}
    code = "rank_predicts" if low > 0 else "rank_does_not_predict"
    findings.finding.append(said(code, **counts, **figures, **others))
    return trained.searches["softmax"].seeds > 1 and (low > 0 or high < 0)


def _layer(findings: Findings, whole: Sized) -> None:
    """The smallest network that holds the table as it is: what rank its shape allows, and the table's."""
    if not whole.beyond:
        shape = whole.search.shape(whole.search.placed(whole.place)[0])
        figures = {"bound": rank_bound(shape), "rank": whole.known.by_answers, "parameters": shape.parameters}
        findings.finding.append(said("rank_of_the_layer", **figures))


def _pads(findings: Findings, trained: Trained) -> None:
    padded, bare = trained.full("pads"), trained.full("softmax")
    ranks = [sized.known.rank for sized in padded]
    ratios = {"ratio": _spread(padded), "bare": _spread(bare)}
    figures = {"pairs": trained.tables[0].pairs, "low": round(min(ranks)), "high": round(max(ranks))}
    findings.finding.append(said("rank_with_pads", **ratios, **figures))


def _spread(tables: Sequence[Sized]) -> float:
    """How many times as many parameters the largest of their networks has as the smallest."""
    sizes = [sized.parameters for sized in tables]
    return max(sizes) / min(sizes)


def _beyond(findings: Findings, trained: Trained, kind: Kind) -> None:
    sized = trained.sized(kind)
    if too_large := [each for each in sized if each.beyond]:
        parameters = sized[0].search.shape(-1).parameters
        counts = {"tables": len(too_large), "of": len(sized), "parameters": parameters}
        findings.left_out.append(said("rank_beyond", task=trained.task.value, kind=kind, **counts))
