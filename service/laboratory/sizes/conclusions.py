"""The sentences on comparisons and on what was left out, which capacity, allocation and heads share."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.experiments import Statement, Task
from service.laboratory.bench import Bench, Inputs
from service.laboratory.document import Findings
from service.laboratory.search import Search
from service.laboratory.sizes.coding import MOST, Coding
from service.laboratory.sizes.comparisons import Comparison, Contender, Ranking
from service.laboratory.statements import Figure, statement

_ON = {Task.DICTIONARY: "this dictionary", Task.SYNTHETIC: "the synthetic task"}


def to_words(code: str) -> str:
    """A code as it is written in a sentence. Reports in other languages look its words up by the same letters."""
    return code.replace("_", "-")


def name_task(task: Task) -> str:
    return _ON[task]


def make_codings(inputs: Inputs) -> list[Coding]:
    """The codings of the tables, the dictionary's first: the question is about it."""
    tasks = sorted(inputs.tables, key=[Task.DICTIONARY, Task.SYNTHETIC].index)
    return [Coding.of(inputs.tables[task], inputs.request.seed) for task in tasks]


def conclude(findings: Findings, comparisons: Sequence[Comparison[Any]]) -> Ranking | None:
    """State the result of each comparison. The first one decides the question, and its ranking is returned: None where
    nothing follows from it.
    """
    for comparison in comparisons:
        findings.finding += list(_state_result(comparison, comparison.rank()))
    first = None if comparisons[0].all_held else comparisons[0].rank()
    findings.decisive = first is not None and first.decided
    return first


def leave_out(findings: Findings, inputs: Inputs, bench: Bench, search: Search, what: str) -> None:
    """State what was left out: facts that were not drawn, and work for which there was no time."""
    for table in inputs.tables.values():
        if len(table) > MOST:
            findings.left_out.append(statement("part_of_the_pairs", pairs=MOST, of=len(table)))
    if len(inputs.facts) == 1:
        findings.left_out.append(statement("one_fact"))
    if search.unfinished:
        findings.left_out.append(statement("not_enough_time", what=what, seconds=bench.seconds))


def _state_result(comparison: Comparison[Any], ranking: Ranking | None) -> Iterable[Statement]:
    task, parameters = name_task(comparison.coding.table.task), comparison.parameters
    if comparison.all_held:
        yield statement("table_too_small", task=task, parameters=parameters, facts=len(comparison.coding.table))
    elif ranking is None:
        yield statement("contest_not_measured", task=task)
    else:
        best: dict[str, Figure] = {"best": to_words(ranking.best), "facts": ranking.facts, "seeds": ranking.seeds}
        yield _state_best(ranking, {"task": task, "parameters": parameters, **best})
        clear = [contender for contender in ranking.contenders[1:] if contender.beaten]
        if clear and not ranking.contenders[0].beaten:
            yield _state_beaten(ranking, clear)


def _state_best(ranking: Ranking, figures: dict[str, Figure]) -> Statement:
    """State the best, and the contender nearest to it."""
    second = ranking.contenders[0]
    if second.ratio is None or (second.ratio.high is None and not second.beaten):
        return statement("contest_unclear", **figures)
    if math.isclose(second.ratio.times, 1.0):
        return statement("contest_equal", second=", ".join(map(to_words, ranking.equal)), **figures)
    figures |= {"second": to_words(second.name), "times": second.ratio.times, "low": second.ratio.low}
    if second.ratio.high is None:
        return statement("contest_decided_bound", **figures)
    code = "contest_decided" if second.beaten else "contest_undecided"
    return statement(code, **figures, high=second.ratio.high)


def _state_beaten(ranking: Ranking, clear: Sequence[Contender]) -> Statement:
    worse = ", ".join(to_words(contender.name) for contender in clear)
    least = min(contender.ratio.low for contender in clear if contender.ratio)
    return statement("contest_beaten", best=to_words(ranking.best), worse=worse, low=least)
