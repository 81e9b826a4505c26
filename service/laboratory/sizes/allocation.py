"""Where parameters should go: attention, MLP, or both. All designs have equally many, every one trained and counted."""

from collections.abc import Iterator

from schemas.experiments import Experiment, Point, Row, Series, Statement, Task
from service.laboratory.bench import Bench, Inputs
from service.laboratory.document import Findings, chart, estimate, measurement, point, row
from service.laboratory.search import Search
from service.laboratory.sizes import speeds
from service.laboratory.sizes.budgets import TrainingBudget, choose_budget
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.comparisons import CandidateSweep, Comparison, Ranking
from service.laboratory.sizes.conclusions import conclude, leave_out, make_codings, name_task, to_words
from service.laboratory.sizes.figures import (
    held_figures,
    held_points,
    recall_points,
    shape_figures,
    size_figures,
    training_figures,
)
from service.laboratory.sizes.shapes import Design, find_close
from service.laboratory.sizes.trainings import CLOSED_FORM_BITS, ClosedForm, EndToEnd
from service.laboratory.statements import statement
from service.laboratory.thresholds import mean_held

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


def allocation(inputs: Inputs, bench: Bench) -> Experiment:
    """Find which of three designs holds most facts at 100 %, compared pair by pair over seeds."""
    budget = choose_budget(inputs.request.seconds)
    comparisons = [_comparison(coding, budget, bench.device) for coding in make_codings(inputs)]
    closed = [_closed_form(comparison) for comparison in comparisons]
    search = Search(bench, bench.left() * _SEARCHED)
    seeds = budget.seeds(inputs.request.seed)
    search.run([sweep for comparison in comparisons for sweep in comparison.sweeps], seeds)
    Search(bench, bench.left()).run(closed, seeds[:1])
    findings = Findings(charts=list(CHARTS))
    for comparison, solved in zip(comparisons, closed, strict=True):
        findings.series += _series(comparison)
        findings.rows += _rows(bench, comparison, solved)
    findings.rows += _exact(inputs, bench, comparisons)
    findings.recommendation += _recommend(comparisons[0], conclude(findings, comparisons))
    leave_out(findings, inputs, bench, search, "further seeds and finer ladders")
    findings.left_out += [each for comparison in comparisons for each in _no_room(comparison)]
    return findings.to_document(inputs, bench)


def _comparison(coding: Coding, budget: TrainingBudget, device: str) -> Comparison[EndToEnd]:
    parameters = coding.parameters(budget.parameters)
    designs = DESIGNS + BETWEEN if budget.parameters >= MUCH else DESIGNS
    shapes = ((design.name, find_close(design, parameters, coding.bits, coding.d_model)) for design in designs)
    candidates = [EndToEnd(name, shape, budget.schedule, device) for name, shape in shapes if shape]
    sweeps = [CandidateSweep.of(each, coding, budget.bits * parameters) for each in candidates]
    return Comparison(coding, parameters, sweeps)


def _no_room(comparison: Comparison[EndToEnd]) -> Iterator[Statement]:
    """Say which of the three designs has no network of this size."""
    there = {sweep.candidate.name for sweep in comparison.sweeps}
    if missing := ", ".join(to_words(design.name) for design in DESIGNS if design.name not in there):
        task = name_task(comparison.coding.table.task)
        yield statement("allocation_no_room", task=task, designs=missing, parameters=comparison.parameters)


def _closed_form(comparison: Comparison[EndToEnd]) -> CandidateSweep[ClosedForm]:
    """A memory with as many stored weights. Its frozen ones come from a seed and are not stored."""
    bits = comparison.coding.bits
    solved = ClosedForm("closed_form", "hybrid", max(16, comparison.parameters // bits // 16 * 16), bits)
    return CandidateSweep.of(solved, comparison.coding, CLOSED_FORM_BITS * solved.parameters)


def _series(comparison: Comparison[EndToEnd]) -> Iterator[Series]:
    task = comparison.coding.table.task
    yield measurement("held", "held", held_points(comparison.sweeps), task)
    for sweep in comparison.sweeps:
        yield measurement(sweep.candidate.name, "recall", recall_points(sweep), task)
    found = [sweep for sweep in comparison.sweeps if sweep.known]
    yield measurement("held", "frontier", (_place(each, 1.0) for each in found), task)
    if len(found) > 1:
        most = max(mean_held(each.known)[0] for each in found)
        scaled = (_place(each, most / mean_held(each.known)[0]) for each in found)
        yield estimate("same_facts", "frontier", scaled, task)


def _place(sweep: CandidateSweep[EndToEnd], times: float) -> Point:
    """Where a design's parameters lie, or would lie with `times` as many parameters of each kind."""
    shape = sweep.candidate.shape
    across, up = shape.attention_parameters * times, shape.mlp_parameters * times
    return point(across, up, label=sweep.candidate.name, runs=len(sweep.networks))


def _rows(bench: Bench, comparison: Comparison[EndToEnd], closed: CandidateSweep[ClosedForm]) -> Iterator[Row]:
    task, load = comparison.coding.table.task, comparison.common_load
    designs = [sweep.candidate for sweep in comparison.sweeps]
    timed = bench.run_all([speeds.time_end_to_end(design, comparison.coding) for design in designs])
    for sweep, speed in zip(comparison.sweeps, timed, strict=True):
        recall = sweep.recall_by_load()[load][0] if load is not None else None
        trained = shape_figures(sweep.candidate) | held_figures(sweep) | {"load": load, "recall": recall}
        yield row(sweep.candidate.name, task, **trained, **training_figures(sweep), **size_figures(sweep, speed))
    speed = bench.run(speeds.time_closed_form(closed.candidate, comparison.coding))
    stored = {"parameters": closed.candidate.parameters, "scales": closed.candidate.scales}
    yield row("closed_form", task, **stored, **held_figures(closed), **size_figures(closed, speed))


def _exact(inputs: Inputs, bench: Bench, comparisons: list[Comparison[EndToEnd]]) -> Iterator[Row]:
    """The table itself: the size of its text, and the time of a look-up in it."""
    coding = comparisons[0].coding
    if coding.table.task is Task.DICTIONARY:
        columns = inputs.facts.subjects, inputs.facts.relations, inputs.facts.answers
        text = sum(len(name.encode()) for column in columns for name in column)
        speed = bench.run(speeds.time_exact_table(inputs.facts, coding))
        facts = len(inputs.facts)
        figures = {"held": facts, "recall": 1.0, "bytes": text, "bytes_per_fact": round(text / facts, 2)}
        yield row("exact_table", Task.DICTIONARY, **figures, **speed)


def _recommend(comparison: Comparison[EndToEnd], ranking: Ranking | None) -> Iterator[Statement]:
    if ranking is None:
        yield statement("contest_recommends_nothing")
        return
    shares = {each.candidate.name: _share(each.candidate) for each in comparison.sweeps}
    best, others = ranking.best, map(to_words, ranking.as_good)
    if ranking.decided:
        yield statement("allocation_use", best=to_words(best), share=shares[best])
    else:
        yield statement("contest_either", best=to_words(best), others=", ".join(others))
    yield statement("allocation_closed_form")


def _share(candidate: EndToEnd) -> float:
    return candidate.shape.attention_parameters / candidate.parameters
