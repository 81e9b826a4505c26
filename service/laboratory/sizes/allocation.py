"""Where parameters should go: attention, MLP, or both; all of them trained, all of them counted, equally many."""

from collections.abc import Iterator

from schemas.experiments import Experiment, Point, Row, Series, Statement, Task
from service.laboratory.bench import Asked, Bench
from service.laboratory.document import Findings, chart, estimate, measured, point, row
from service.laboratory.intervals import held
from service.laboratory.sentences import said
from service.laboratory.sizes import speeds
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.conclusions import codings, conclude, leave_out, on, spoken
from service.laboratory.sizes.contests import Contest, Standing, edges_of, recall_by_load
from service.laboratory.sizes.efforts import Effort, effort
from service.laboratory.sizes.figures import (
    held_figures,
    held_points,
    recall_points,
    shape_figures,
    size_figures,
    training_figures,
)
from service.laboratory.sizes.search import Ladder, Search
from service.laboratory.sizes.shapes import Design, close
from service.laboratory.sizes.trainings import CLOSED_FORM_BITS, ClosedForm, EndToEnd

DESIGNS = (Design("attention_heavy", 0.8), Design("hybrid", 0.5), Design("mlp_heavy", 0.2))
BETWEEN = (Design("attention_leaning", 0.65), Design("mlp_leaning", 0.35))
"""Tried where there is much time: the best share may lie between."""
MUCH = 2000
CHARTS = (
    chart("held", ("design", "category"), ("facts", "linear")),
    chart("recall", ("facts", "log"), ("recall", "linear")),
    chart("frontier", ("attention_parameters", "linear"), ("mlp_parameters", "linear")),
)
_SEARCHED = 0.85  # of the time; the rest is for the rows to compare with


def allocation(asked: Asked, bench: Bench) -> Experiment:
    """Which of three designs holds most facts at 100 %, in pairs over seeds."""
    plan = effort(asked.request.seconds)
    contests = [_contest(coding, plan, bench.device) for coding in codings(asked)]
    closed = [_closed_form(contest) for contest in contests]
    search = Search(bench, bench.left() * _SEARCHED)
    seeds = plan.seeds(asked.request.seed)
    search.climb([ladder for contest in contests for ladder in contest.ladders], seeds)
    Search(bench, bench.left()).climb(closed, seeds[:1])
    findings = Findings(charts=list(CHARTS))
    for contest, solved in zip(contests, closed, strict=True):
        findings.series += _series(contest)
        findings.rows += _rows(bench, contest, solved)
    findings.rows += _exact(asked, bench, contests)
    findings.recommendation += _recommended(contests[0], conclude(findings, contests))
    leave_out(findings, asked, bench, search, "further seeds and finer ladders")
    findings.left_out += [statement for contest in contests for statement in _no_room(contest)]
    return findings.document(asked, bench)


def _contest(coding: Coding, plan: Effort, device: str) -> Contest[EndToEnd]:
    parameters = coding.parameters(plan.parameters)
    designs = DESIGNS + BETWEEN if plan.parameters >= MUCH else DESIGNS
    shapes = ((design.name, close(design, parameters, coding.bits, coding.d_model)) for design in designs)
    contenders = [EndToEnd(name, shape, plan.schedule, device) for name, shape in shapes if shape]
    return Contest(coding, parameters, [Ladder.of(each, coding, plan.bits * parameters) for each in contenders])


def _no_room(contest: Contest[EndToEnd]) -> Iterator[Statement]:
    """Which of the three designs there was no network for."""
    there = {ladder.contender.name for ladder in contest.ladders}
    if missing := ", ".join(spoken(design.name) for design in DESIGNS if design.name not in there):
        task = on(contest.coding.table.task)
        yield said("allocation_no_room", task=task, designs=missing, parameters=contest.parameters)


def _closed_form(contest: Contest[EndToEnd]) -> Ladder[ClosedForm]:
    """As many weights stored; what is frozen comes from a seed and is stored nowhere."""
    bits = contest.coding.bits
    solved = ClosedForm("closed_form", "hybrid", max(16, contest.parameters // bits // 16 * 16), bits)
    return Ladder.of(solved, contest.coding, CLOSED_FORM_BITS * solved.parameters)


def _series(contest: Contest[EndToEnd]) -> Iterator[Series]:
    task = contest.coding.table.task
    yield measured("held", "held", held_points(contest.ladders), task)
    for ladder in contest.ladders:
        yield measured(ladder.contender.name, "recall", recall_points(ladder), task)
    found = [ladder for ladder in contest.ladders if edges_of(ladder)]
    yield measured("held", "frontier", (_place(each, 1.0) for each in found), task)
    if len(found) > 1:
        most = max(held(edges_of(each))[0] for each in found)
        scaled = (_place(each, most / held(edges_of(each))[0]) for each in found)
        yield estimate("same_facts", "frontier", scaled, task)


def _place(ladder: Ladder[EndToEnd], times: float) -> Point:
    """Where a design's parameters lie, or would lie with so many times as many parameters of each kind."""
    shape = ladder.contender.shape
    across, up = shape.attention_parameters * times, shape.mlp_parameters * times
    return point(across, up, label=ladder.contender.name, runs=len(ladder.found))


def _rows(bench: Bench, contest: Contest[EndToEnd], closed: Ladder[ClosedForm]) -> Iterator[Row]:
    task, load = contest.coding.table.task, contest.common_load
    designs = [ladder.contender for ladder in contest.ladders]
    timed = bench.all([speeds.end_to_end(design, contest.coding) for design in designs])
    for ladder, speed in zip(contest.ladders, timed, strict=True):
        recall = recall_by_load(ladder)[load][0] if load is not None else None
        trained = shape_figures(ladder.contender) | held_figures(ladder) | {"load": load, "recall": recall}
        yield row(ladder.contender.name, task, **trained, **training_figures(ladder), **size_figures(ladder, speed))
    speed = bench.run(speeds.closed_form(closed.contender, contest.coding))
    stored = {"parameters": closed.contender.parameters, "scales": closed.contender.scales}
    yield row("closed_form", task, **stored, **held_figures(closed), **size_figures(closed, speed))


def _exact(asked: Asked, bench: Bench, contests: list[Contest[EndToEnd]]) -> Iterator[Row]:
    """The table itself: its text, and a look-up in it."""
    coding = contests[0].coding
    if coding.table.task is Task.DICTIONARY:
        columns = asked.facts.subjects, asked.facts.relations, asked.facts.answers
        text = sum(len(name.encode()) for column in columns for name in column)
        speed = bench.run(speeds.exact_table(asked.facts, coding))
        facts = len(asked.facts)
        figures = {"held": facts, "recall": 1.0, "bytes": text, "bytes_per_fact": round(text / facts, 2)}
        yield row("exact_table", Task.DICTIONARY, **figures, **speed)


def _recommended(contest: Contest[EndToEnd], standing: Standing | None) -> Iterator[Statement]:
    if standing is None:
        yield said("contest_recommends_nothing")
        return
    shares = {each.contender.name: _share(each.contender) for each in contest.ladders}
    best, others = standing.best, map(spoken, standing.as_good)
    if standing.decided:
        yield said("allocation_use", best=spoken(best), share=shares[best])
    else:
        yield said("contest_either", best=spoken(best), others=", ".join(others))
    yield said("allocation_closed_form")


def _share(contender: EndToEnd) -> float:
    return contender.shape.attention_parameters / contender.parameters
