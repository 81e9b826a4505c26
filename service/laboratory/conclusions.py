"""What is said of contests, alike in every experiment that has one."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.experiments import Statement, Task
from service.laboratory.asked import Asked
from service.laboratory.bench import Bench
from service.laboratory.coding import MOST, Coding
from service.laboratory.contests import Contest, Standing
from service.laboratory.document import Findings
from service.laboratory.search import Search
from service.laboratory.sentences import Figure, said

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
    """Say how each contest stands. The first decides the question; its standing comes back."""
    for contest in contests:
        findings.finding += list(_found(contest, contest.standing()))
    first = contests[0].standing()
    findings.decisive = first is not None and first.decided
    return first


def leave_out(findings: Findings, asked: Asked, bench: Bench, search: Search, what: str) -> None:
    """Say what was not done: facts that were not taken, work that the time did not allow."""
    for table in asked.tables.values():
        if len(table) > MOST:
            findings.left_out.append(said("part_of_the_facts", facts=MOST, of=len(table)))
    if len(asked.facts) == 1:
        findings.left_out.append(said("one_fact"))
    if search.unfinished:
        findings.left_out.append(said("not_enough_time", what=what, seconds=bench.seconds))


def _found(contest: Contest[Any], standing: Standing | None) -> Iterable[Statement]:
    task, parameters = on(contest.coding.table.task), contest.parameters
    if standing is None and contest.all_held:
        yield said("table_too_small", task=task, parameters=parameters, facts=len(contest.coding.table))
        return
    if standing is None:
        yield said("contest_not_measured", task=task)
        return
    best, second = spoken(standing.best), standing.rivals[0]
    first: dict[str, Figure] = {
        "task": task,
        "best": best,
        "parameters": parameters,
        "facts": standing.facts,
        "seeds": standing.seeds,
    }
    if second.interval is None or second.times is None:
        yield said("contest_unclear", **first)
        return
    low, high = second.interval
    code = "contest_decided" if standing.decided else "contest_undecided"
    yield said(code, **first, second=spoken(second.name), times=second.times, low=low, high=high)
    beaten = [rival for rival in standing.rivals[1:] if rival.beaten and rival.times and rival.interval]
    if beaten and not second.beaten:
        worse = beaten[-1]
        low, high = worse.interval or (0.0, 0.0)
        yield said("contest_beaten", best=best, worse=spoken(worse.name), times=worse.times or 0.0, low=low, high=high)
