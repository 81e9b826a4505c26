"""The result in a few sentences: the text below the verdict, and phrases to quote in a meeting."""

import math
from collections.abc import Iterator

from pilot.report.messages import Prose
from pilot.report.quantities import format_duration, format_milliseconds, format_number, format_size, get_number_format
from pilot.report.wording import Wording, lower_first
from pilot.statistics import upper_bound
from schemas.checks import Check, CheckId, Deletion, Retention, Rollback, Threshold, Verdict
from schemas.experiments import ExperimentId, Statement
from schemas.report import Report

_DELETED = ("deleted", "spellings", "questions")
_CHANGING = ("forgotten", "undeleted", "rollback")


def describe_limit(threshold: Threshold, prose: Prose) -> str:
    """Put a limit of the gate into words."""
    check, figures = prose["check"][threshold.check], get_number_format(prose)
    limit, count = figures.of_all(threshold.limit), format_number(threshold.limit)
    odds = figures.one_in(threshold.limit) if threshold.limit else ""
    return str(prose["gate"][threshold.name].format(limit=limit, count=count, one_in=odds, check=check))


def summarise(report: Report, prose: Prose) -> str:
    """Summarise the report: right and wrong answers first, then what the verdict means.

    Every figure is in the document.
    """
    match report.verdict:
        case Verdict.PASS:
            sentences = _say_passed(report, prose["summary"])
        case Verdict.NOT_DECISIVE:
            sentences = _say_undecided(report, prose)
        case _:
            sentences = iter([_say_verdict("fail", report, prose)])
    return str(prose["marks"]["sentence"]).join([*say_differences(report, prose), *sentences])


def say_differences(report: Report, prose: Prose) -> Iterator[str]:
    """Yield a sentence where the pilot read another table than the receipt counts: nothing is decided by it then."""
    words, marks = prose["file"], prose["marks"]
    told = [
        words["difference"].format(field=words[found.field], receipt=found.receipt, pilot=found.pilot)
        for found in report.dictionary.differences
    ]
    if told:
        yield words["differs_said"].format(differences=marks["clause"].join(told))


def _say_passed(report: Report, words: Prose) -> Iterator[str]:
    memory = report.memory
    yield words["taught"].format(file=report.dictionary.name, facts=format_number(memory.facts))
    yield from _say_asked(report, words)
    yield from _say_changes(report, words)
    each = format_number(memory.bytes_total / memory.facts)
    yield words["cost"].format(
        size=format_size(memory.bytes_total), each=each, time=format_duration(memory.train_seconds)
    )
    yield words["next"]


def _say_asked(report: Report, words: Prose) -> Iterator[str]:
    recall, probes = _get_check(report, CheckId.RECALL), _get_check(report, CheckId.UNKNOWN)
    yield _say_recall(recall, words)
    told = "some_false" if probes.wrong else "none_false"
    yield words[told].format(probes=format_number(probes.asked), false=format_number(probes.wrong))


def _say_recall(recall: Check, words: Prose) -> str:
    told = "all_right" if recall.right == recall.asked else "some_right"
    counts = {name: format_number(getattr(recall, name)) for name in ("asked", "right", "wrong")}
    return str(words[told].format(**counts))


def _say_changes(report: Report, words: Prose) -> Iterator[str]:
    """Yield a sentence for each check of change that was made and went well."""
    for check in report.checks:
        match check.details:
            case Retention() as found:
                changed = format_number(sum(step.changed for step in found.steps))
                yield words["changed"].format(changed=changed, forgotten=format_number(found.forgotten))
            case Deletion() as found if not _count_undeleted(check):
                yield words["deleted"].format(deleted=format_number(found.deleted))
            case Rollback() as found if check.right == check.asked:
                yield words["undone"].format(time=format_milliseconds(max(found.milliseconds)))


def _say_undecided(report: Report, prose: Prose) -> Iterator[str]:
    """Say what is missing for a decision, and what would settle it."""
    words, recall, probes = prose["summary"], _get_check(report, CheckId.RECALL), _get_check(report, CheckId.UNKNOWN)
    missed = [limit for limit in report.gate if limit.verdict is Verdict.NOT_DECISIVE]
    of_probes = next((limit for limit in missed if limit.check is CheckId.UNKNOWN and limit.n), None)
    if of_probes is None:
        yield _say_verdict("not_decisive", report, prose)
        yield words["not_a_failure"]
        yield words["make_the_check"]
        return
    yield _say_recall(recall, words)
    if of_probes.name == "maximum_false_answers":
        yield words["open_limit"].format(limit=get_number_format(prose).of_all(of_probes.limit))
    else:
        yield words["open_bound"].format(one_in=get_number_format(prose).one_in(of_probes.limit))
    upper = get_number_format(prose).share(upper_bound(probes.wrong, probes.asked))
    yield words["open_shown"].format(probes=format_number(probes.asked), false=format_number(probes.wrong), upper=upper)
    yield words["not_a_failure"]
    needed = count_questions_needed(of_probes.limit)
    if of_probes.name == "maximum_false_answers" and not probes.wrong and needed > probes.asked:
        yield words["settled_by"].format(needed=format_number(needed))
    else:
        yield words["more_questions"]
    if others := [limit for limit in missed if limit is not of_probes]:
        yield words["more_limits"].format(limits=_list_limits(others, prose))
        yield words["make_the_check"]


def count_questions_needed(limit: float) -> int:
    """Return how many questions without a false answer show, with 95 % confidence, a rate below this limit."""
    return math.ceil(math.log(0.05) / math.log1p(-limit))


def _say_verdict(code: str, report: Report, prose: Prose) -> str:
    recall, probes = _get_check(report, CheckId.RECALL), _get_check(report, CheckId.UNKNOWN)
    missed = [limit for limit in report.gate if limit.verdict is not Verdict.PASS]
    counts = {name: format_number(getattr(recall, name)) for name in ("asked", "right", "wrong")}
    asked = {"probes": format_number(probes.asked), "false": format_number(probes.wrong)}
    return str(prose["sentence"][code].format(**counts, **asked, limits=_list_limits(missed, prose)))


def _list_limits(limits: list[Threshold], prose: Prose) -> str:
    return str(prose["marks"]["clause"]).join(describe_limit(limit, prose) for limit in limits)


def make_phrases(report: Report, prose: Prose) -> list[str]:
    """Return sentences that can be read out as they are; those whose figures were not measured are left out."""
    words, figures = prose["phrases"], get_number_format(prose)
    recall, probes = _get_check(report, CheckId.RECALL), _get_check(report, CheckId.UNKNOWN)
    said = [
        words["measured"].format(
            dictionary=report.dictionary.name,
            facts=format_number(report.memory.facts),
            recall=figures.percent(recall.right, recall.asked),
            error_rate=figures.percent(report.error_rate.wrong, report.error_rate.answered),
            probes=format_number(probes.asked),
            false=format_number(probes.wrong),
        )
    ]
    said += _say_allocation(report, prose)
    if change := _change_figures(report):
        said.append(words["change"].format(**change))
    return [*said, words["ask"]]


def _change_figures(report: Report) -> dict[str, str] | None:
    """Return the figures of the three checks of change, or None unless all of them were made."""
    figures = {}
    for check in report.checks:
        match check.details:
            case Retention() as found:
                figures["forgotten"] = format_number(found.forgotten)
            case Deletion():
                figures["undeleted"] = format_number(_count_undeleted(check))
            case Rollback() as found:
                figures["rollback"] = format_milliseconds(max(found.milliseconds))
    return figures if len(figures) == len(_CHANGING) else None


def _say_allocation(report: Report, prose: Prose) -> Iterator[str]:
    words, label = prose["phrases"], Wording(prose, ExperimentId.ALLOCATION).label
    contest = next(_find_statements(report, ExperimentId.ALLOCATION, "contest_decided", "contest_undecided"), None)
    if contest is None:
        return
    best, second = (label(str(contest.figures[name])) for name in ("best", "second"))
    times = f"{contest.figures['times']:.2f}"
    yield words[contest.code.removeprefix("contest_")].format(best=best, second=lower_first(second), times=times)
    if stages := next(_find_statements(report, ExperimentId.BUDGET, "budget_stages"), None):
        yield words["next"].format(facts=f"{stages.figures['department']:,}")


def _find_statements(report: Report, experiment: ExperimentId, *codes: str) -> Iterator[Statement]:
    for made in report.experiments:
        if made.id is experiment:
            said = [*made.statements.get("finding", []), *made.statements.get("recommendation", [])]
            yield from (statement for statement in said if statement.code in codes)


def _count_undeleted(deletion: Check) -> int:
    """Count the questions that brought a deleted answer."""
    return sum(part.wrong for part in deletion.parts if part.name in _DELETED)


def _get_check(report: Report, wanted: CheckId) -> Check:
    return next(check for check in report.checks if check.id is wanted)
