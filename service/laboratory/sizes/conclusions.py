"""What is said of contests, alike in every experiment that has one."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.experiments import Statement, Task
from service.laboratory.bench import Asked, Bench
from service.laboratory.document import Findings
from service.laboratory.sentences import Figure, said
from service.laboratory.sizes.coding import MOST, Coding
from service.laboratory.sizes.contests import Contest, Rival, Standing
from service.laboratory.sizes.search import Search

_ON = {Task.DICTIONARY: "this dictionary", Task.SYNTHETIC: "the synthetic task"}


def spoken(code: str) -> str:
    """A code as it stands in a sentence; a report in another language knows it by the same letters."""
    return code.replace("_", "-")


def on(task: Task) -> str:
    return _ON[task]


def codings(asked: Asked) -> list[Coding]:
    """The tables as they are taught, the dictionary first: it is what the question is about."""
    tasks = sorted(asked.tables, key=[Task.DICTIONARY, Task.SYNTHETIC].index)
    return [Coding.of(asked.tables[task], asked.request.seed) for task in tasks]


def conclude(findings: Findings, contests: Sequence[Contest[Any]]) -> Standing | None:
    """Say how each contest stands. The first decides the question; its standing comes back, None where it has none
    that something follows from.
    """
    for contest in contests:
        findings.finding += list(_found(contest, contest.standing()))
    first = None if contests[0].all_held else contests[0].standing()
    findings.decisive = first is not None and first.decided
    return first


def leave_out(findings: Findings, asked: Asked, bench: Bench, search: Search, what: str) -> None:
    """Say what was not done: facts that were not taken, work that the time did not allow."""
    for table in asked.tables.values():
        if len(table) > MOST:
            findings.left_out.append(said("part_of_the_pairs", pairs=MOST, of=len(table)))
    if len(asked.facts) == 1:
        findings.left_out.append(said("one_fact"))
    if search.unfinished:
        findings.left_out.append(said("not_enough_time", what=what, seconds=bench.seconds))


def _found(contest: Contest[Any], standing: Standing | None) -> Iterable[Statement]:
    task, parameters = on(contest.coding.table.task), contest.parameters
    if contest.all_held:
        yield said("table_too_small", task=task, parameters=parameters, facts=len(contest.coding.table))
    elif standing is None:
        yield said("contest_not_measured", task=task)
    else:
        best: dict[str, Figure] = {"best": spoken(standing.best), "facts": standing.facts, "seeds": standing.seeds}
        yield _first(standing, {"task": task, "parameters": parameters, **best})
        clear = [rival for rival in standing.rivals[1:] if rival.beaten]
        if clear and not standing.rivals[0].beaten:
            yield _beaten(standing, clear)


def _first(standing: Standing, figures: dict[str, Figure]) -> Statement:
    """The best, and what is nearest to it."""
    second = standing.rivals[0]
    if second.ratio is None or (second.ratio.high is None and not second.beaten):
        return said("contest_unclear", **figures)
    if math.isclose(second.ratio.times, 1.0):
        return said("contest_equal", second=", ".join(map(spoken, standing.equal)), **figures)
    figures |= {"second": spoken(second.name), "times": second.ratio.times, "low": second.ratio.low}
    if second.ratio.high is None:
        return said("contest_decided_bound", **figures)
    code = "contest_decided" if second.beaten else "contest_undecided"
    return said(code, **figures, high=second.ratio.high)


def _beaten(standing: Standing, clear: Sequence[Rival]) -> Statement:
    worse = ", ".join(spoken(rival.name) for rival in clear)
    least = min(rival.ratio.low for rival in clear if rival.ratio)
    return said("contest_beaten", best=spoken(standing.best), worse=worse, low=least)
