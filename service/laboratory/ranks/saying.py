"""What the experiment says: sentences and its verdict."""

from collections.abc import Sequence

from schemas.experiments import Task
from service.laboratory.document import Findings
from service.laboratory.ranks.layer import rank_bound
from service.laboratory.ranks.predictions import predicted
from service.laboratory.ranks.search import Search
from service.laboratory.ranks.trained import Trained
from service.laboratory.ranks.whole import Whole
from service.laboratory.sentences import said


def whole_tables(findings: Findings, tables: Sequence[Whole]) -> None:
    """The rank of the dictionary, or of what was asked for in its place, and which part of it was looked at."""
    for table in tables:
        if table.facts < table.of:
            findings.left_out.append(said("part_of_the_facts", facts=table.facts, of=table.of))
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
        _layer(findings, each)
        if "pads" in each.searches:
            _pads(findings, each)
    for each in made:
        for search in each.searches.values():
            _beyond(findings, search)
    if not made:
        findings.finding.append(said("rank_no_networks"))


def recommendations(findings: Findings) -> None:
    findings.recommendation.append(said("rank_count_facts"))
    findings.recommendation.append(said("rank_clean_first" if findings.decisive else "rank_more_time"))


def _predicted(findings: Findings, trained: Trained) -> bool:
    """Whether the interval of the rank correlation lies on one side of zero, with more than one network a table."""
    search = trained.searches["softmax"]
    knowns = trained.knowns_of(search)
    of_rank, of_facts, of_bits = (predicted(search, knowns, name) for name in ("rank", "facts", "bits"))
    if of_rank is None or of_facts is None or of_bits is None:
        findings.finding.append(said("rank_alike", task=trained.task.value, tables=len(knowns)))
        return False
    low, high = of_rank.spearman_interval
    figures = {"spearman": of_rank.spearman, "low": low, "high": high}
    others = {"facts": of_facts.spearman, "bits": of_bits.spearman, "tables": len(knowns)}
    code = "rank_predicts" if low > 0 else "rank_does_not_predict"
    findings.finding.append(said(code, task=trained.task.value, **figures, **others))
    return search.seeds > 1 and (low > 0 or high < 0)


def _layer(findings: Findings, trained: Trained) -> None:
    """The smallest network that holds the table as it is: what rank its shape allows, and the table's."""
    search, known = trained.searches["softmax"], trained.knowns[0]
    if not search.beyond(0):
        shape = search.shape(search.placed(0)[0])
        figures = {"bound": rank_bound(shape), "rank": known.by_answers, "parameters": shape.parameters}
        findings.finding.append(said("rank_of_the_layer", **figures))


def _pads(findings: Findings, trained: Trained) -> None:
    search = trained.searches["pads"]
    ranks = [trained.knowns_of(search)[at].rank for at in trained.full(search)]
    least, most = trained.spread("pads")
    bare_least, bare_most = trained.spread("softmax")
    figures = {"pairs": trained.tables[0].pairs, "low": round(min(ranks)), "high": round(max(ranks))}
    findings.finding.append(said("rank_with_pads", ratio=most / least, bare=bare_most / bare_least, **figures))


def _beyond(findings: Findings, search: Search) -> None:
    tables = [at for at in range(len(search.tables)) if search.beyond(at)]
    if tables:
        parameters = search.shape(-1).parameters
        counts = {"tables": len(tables), "of": len(search.tables), "parameters": parameters}
        findings.left_out.append(said("rank_beyond", task=search.task.value, kind=search.kind, **counts))
