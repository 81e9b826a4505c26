"""The result in a few sentences: what stands below the verdict, and what can be said of it in a meeting."""

import math
from collections.abc import Iterator

from pilot.report.messages import Prose
from pilot.report.quantities import duration, figures_of, milliseconds, number, size
from pilot.report.wording import Wording, within
from pilot.statistics import upper_bound
from schemas.checks import Check, CheckId, Deletion, Retention, Rollback, Threshold, Verdict
from schemas.experiments import ExperimentId, Statement
from schemas.report import Report

_DELETED = ("deleted", "spellings", "questions")
_CHANGING = ("forgotten", "undeleted", "rollback")


def limit_text(threshold: Threshold, prose: Prose) -> str:
    """A limit of the gate in words."""
    check, figures = prose["check"][threshold.check], figures_of(prose)
    limit, count = figures.of_all(threshold.limit), number(threshold.limit)
    odds = figures.one_in(threshold.limit) if threshold.limit else ""
    return str(prose["gate"][threshold.name].format(limit=limit, count=count, one_in=odds, check=check))


def summary(report: Report, prose: Prose) -> str:
    """Right and wrong first, then what follows from the verdict; every figure is one of the document."""
    match report.verdict:
        case Verdict.PASS:
            sentences = _passed(report, prose["summary"])
        case Verdict.NOT_DECISIVE:
            sentences = _open(report, prose)
        case _:
            sentences = iter([_whole("fail", report, prose)])
    return str(prose["marks"]["sentence"]).join(sentences)


def _passed(report: Report, words: Prose) -> Iterator[str]:
    memory = report.memory
    yield words["taught"].format(file=report.dictionary.name, facts=number(memory.facts))
    yield from _asked(report, words)
    yield from _changed(report, words)
    each = number(memory.bytes_total / memory.facts)
    yield words["cost"].format(size=size(memory.bytes_total), each=each, time=duration(memory.train_seconds))
    yield words["next"]


def _asked(report: Report, words: Prose) -> Iterator[str]:
    recall, probes = _check(report, CheckId.RECALL), _check(report, CheckId.UNKNOWN)
    yield _of_taught(recall, words)
    told = "some_false" if probes.wrong else "none_false"
    yield words[told].format(probes=number(probes.asked), false=number(probes.wrong))


def _of_taught(recall: Check, words: Prose) -> str:
    told = "all_right" if recall.right == recall.asked else "some_right"
    counts = {name: number(getattr(recall, name)) for name in ("asked", "right", "wrong")}
    return str(words[told].format(**counts))


def _changed(report: Report, words: Prose) -> Iterator[str]:
    """Of each check that was made and found what a memory should do."""
    for check in report.checks:
        match check.details:
            case Retention() as found:
                changed = number(sum(step.changed for step in found.steps))
                yield words["changed"].format(changed=changed, forgotten=number(found.forgotten))
            case Deletion() as found if not _undeleted(check):
                yield words["deleted"].format(deleted=number(found.deleted))
            case Rollback() as found if check.right == check.asked:
                yield words["undone"].format(time=milliseconds(max(found.milliseconds)))


def _open(report: Report, prose: Prose) -> Iterator[str]:
    """What is missing, and what would settle it."""
    words, recall, probes = prose["summary"], _check(report, CheckId.RECALL), _check(report, CheckId.UNKNOWN)
    missed = [limit for limit in report.gate if limit.verdict is Verdict.NOT_DECISIVE]
    of_probes = next((limit for limit in missed if limit.check is CheckId.UNKNOWN and limit.n), None)
    if of_probes is None:
        yield _whole("not_decisive", report, prose)
        yield words["not_a_failure"]
        yield words["make_the_check"]
        return
    yield _of_taught(recall, words)
    if of_probes.name == "maximum_false_answers":
        yield words["open_limit"].format(limit=figures_of(prose).of_all(of_probes.limit))
    else:
        yield words["open_bound"].format(one_in=figures_of(prose).one_in(of_probes.limit))
    upper = figures_of(prose).share(upper_bound(probes.wrong, probes.asked))
    yield words["open_shown"].format(probes=number(probes.asked), false=number(probes.wrong), upper=upper)
    yield words["not_a_failure"]
    needed = questions_needed(of_probes.limit)
    if of_probes.name == "maximum_false_answers" and not probes.wrong and needed > probes.asked:
        yield words["settled_by"].format(needed=number(needed))
    else:
        yield words["more_questions"]
    if others := [limit for limit in missed if limit is not of_probes]:
        yield words["more_limits"].format(limits=_limits(others, prose))
        yield words["make_the_check"]


def questions_needed(limit: float) -> int:
    """How many questions without one false answer show, with 95 % confidence, that their rate is below this limit."""
    return math.ceil(math.log(0.05) / math.log1p(-limit))


def _whole(code: str, report: Report, prose: Prose) -> str:
    recall, probes = _check(report, CheckId.RECALL), _check(report, CheckId.UNKNOWN)
    missed = [limit for limit in report.gate if limit.verdict is not Verdict.PASS]
    counts = {name: number(getattr(recall, name)) for name in ("asked", "right", "wrong")}
    asked = {"probes": number(probes.asked), "false": number(probes.wrong)}
    return str(prose["sentence"][code].format(**counts, **asked, limits=_limits(missed, prose)))


def _limits(limits: list[Threshold], prose: Prose) -> str:
    return str(prose["marks"]["clause"]).join(limit_text(limit, prose) for limit in limits)


def phrases(report: Report, prose: Prose) -> list[str]:
    """Sentences that can be read out as they are; one whose figures were not measured is left out."""
    words, figures = prose["phrases"], figures_of(prose)
    recall, probes = _check(report, CheckId.RECALL), _check(report, CheckId.UNKNOWN)
    said = [
        words["measured"].format(
            dictionary=report.dictionary.name,
            facts=number(report.memory.facts),
            recall=figures.percent(recall.right, recall.asked),
            error_rate=figures.percent(report.error_rate.wrong, report.error_rate.answered),
            probes=number(probes.asked),
            false=number(probes.wrong),
        )
    ]
    said += _of_allocation(report, prose)
    if change := _of_change(report):
        said.append(words["change"].format(**change))
    return [*said, words["ask"]]


def _of_change(report: Report) -> dict[str, str] | None:
    """None unless all three checks of change were made."""
    figures = {}
    for check in report.checks:
        match check.details:
            case Retention() as found:
                figures["forgotten"] = number(found.forgotten)
            case Deletion():
                figures["undeleted"] = number(_undeleted(check))
            case Rollback() as found:
                figures["rollback"] = milliseconds(max(found.milliseconds))
    return figures if len(figures) == len(_CHANGING) else None


def _of_allocation(report: Report, prose: Prose) -> Iterator[str]:
    words, label = prose["phrases"], Wording(prose, ExperimentId.ALLOCATION).label
    contest = next(_stated(report, ExperimentId.ALLOCATION, "contest_decided", "contest_undecided"), None)
    if contest is None:
        return
    best, second = (label(str(contest.figures[name])) for name in ("best", "second"))
    times = f"{contest.figures['times']:.2f}"
    yield words[contest.code.removeprefix("contest_")].format(best=best, second=within(second), times=times)
    if stages := next(_stated(report, ExperimentId.BUDGET, "budget_stages"), None):
        yield words["next"].format(facts=f"{stages.figures['department']:,}")


def _stated(report: Report, experiment: ExperimentId, *codes: str) -> Iterator[Statement]:
    for made in report.experiments:
        if made.id is experiment:
            said = [*made.statements.get("finding", []), *made.statements.get("recommendation", [])]
            yield from (statement for statement in said if statement.code in codes)


def _undeleted(deletion: Check) -> int:
    """How many questions brought an answer that had been deleted."""
    return sum(part.wrong for part in deletion.parts if part.name in _DELETED)


def _check(report: Report, wanted: CheckId) -> Check:
    return next(check for check in report.checks if check.id is wanted)
