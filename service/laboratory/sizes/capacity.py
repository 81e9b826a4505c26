"""How many facts parameters hold: architectures and methods at sizes in geometric steps, beside what theory says."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from schemas.experiments import Experiment, Point, Row, Series, Statement
from service.laboratory.bench import Bench, Inputs
from service.laboratory.document import Findings, chart, measurement, point, row
from service.laboratory.search import Search
from service.laboratory.sizes.architectures import Architecture, find_best, is_decisive, list_as_good, select_comparable
from service.laboratory.sizes.budgets import TrainingBudget, choose_budget
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.comparisons import CandidateSweep
from service.laboratory.sizes.conclusions import leave_out, make_codings, name_task, to_words
from service.laboratory.sizes.figures import Figures, held_figures
from service.laboratory.sizes.shapes import SMALLEST, Design, find_nearest
from service.laboratory.sizes.trainings import CLOSED_FORM_BITS, ONE_RATE, ClosedForm, EndToEnd, Linear
from service.laboratory.statements import Figure, statement
from service.laboratory.targets import information
from service.laboratory.thresholds import mean_held
from service.memory.measuring import Rows
from service.memory.resolution import check_bits

TRAINED, SOLVED = "end_to_end", "solved"
"""The charts. Each architecture and each line to compare it with is in one of them, Gardner's limit in both."""
END_TO_END = (
    Design("attention_mlp_end_to_end", 0.7),
    Design("attention_end_to_end", 1.0),
    Design("mlp_end_to_end", 0.2, heads=(1,), d_head_vo=range(2, 33)),
)
CLOSED_FORM: dict[str, Rows] = {
    "attention_mlp_closed_form": "hybrid",
    "attention_closed_form": "attention",
    "mlp_closed_form": "mlp",
}
_LINEAR_BITS, _HEBBIAN_BITS = 0.8, 0.08  # code bits that a weight of a linear memory is expected to hold
_LONG = 0.8  # of the time, for networks that are trained


def capacity(inputs: Inputs, bench: Bench) -> Experiment:
    """Find the largest number of facts at 100 % for several sizes of every architecture and method."""
    budget, tables = choose_budget(inputs.request.seconds), make_codings(inputs)
    trained = [each for coding in tables for each in _end_to_end(coding, budget, bench.device)]
    solved = [each for coding in tables for each in (*_closed_form(coding, budget), *_linear(coding, budget))]
    seeds = budget.seeds(inputs.request.seed)
    quick = Search(bench, bench.left() * (1 - _LONG))
    quick.run(_sweeps(solved), seeds[:1])
    search = Search(bench, bench.left())
    search.run(_sweeps(trained), seeds)
    search.unfinished |= quick.unfinished
    findings = Findings(charts=[chart(name, ("parameters", "log"), ("facts", "log")) for name in (TRAINED, SOLVED)])
    for coding in tables:
        sizes = _sizes(coding, budget)
        for name, architectures in ((TRAINED, trained), (SOLVED, solved)):
            own = [each for each in architectures if each.coding is coding]
            findings.series += [*(_series(each, name) for each in own), *reference_lines(coding, sizes, name)]
            findings.rows += map(_row, own)
    for coding in tables:
        findings.finding += _state_held(coding, trained, solved)
    best = find_best(tables[0], trained)
    findings.recommendation += _state_need(inputs, tables[0], best, find_best(tables[0], solved))
    findings.decisive = best is not None and is_decisive(best)
    leave_out(findings, inputs, bench, search, "further seeds, finer ladders and larger networks")
    return findings.to_document(inputs, bench)


def _sizes(coding: Coding, budget: TrainingBudget) -> list[int]:
    """Three sizes, each twice the one before, but none too small for the heads of a design."""
    largest = coding.parameters(2 * budget.parameters)
    return sorted({max(SMALLEST, largest >> step) for step in range(3)})


def _end_to_end(coding: Coding, budget: TrainingBudget, device: str) -> Iterator[Architecture]:
    for design in END_TO_END:
        shapes = [find_nearest(design, size, coding.bits, coding.d_model) for size in _sizes(coding, budget)]
        candidates = [EndToEnd(design.name, shape, budget.hurried_schedule, device, ONE_RATE) for shape in shapes]
        sweeps = [CandidateSweep.of(each, coding, budget.bits * each.parameters) for each in candidates]
        yield Architecture(design.name, coding, sweeps)


def _closed_form(coding: Coding, budget: TrainingBudget) -> Iterator[Architecture]:
    for name, rows in CLOSED_FORM.items():
        widths = sorted({max(16, size // coding.bits // 16 * 16) for size in _sizes(coding, budget)})
        candidates = [ClosedForm(name, rows, width, coding.bits) for width in widths]
        sweeps = [CandidateSweep.of(each, coding, CLOSED_FORM_BITS * each.parameters) for each in candidates]
        yield Architecture(name, coding, sweeps)


def _linear(coding: Coding, budget: TrainingBudget) -> Iterator[Architecture]:
    for name, hebbian in (("linear_optimal", False), ("linear_outer_product", True)):
        expected = _HEBBIAN_BITS if hebbian else _LINEAR_BITS
        widths = sorted({max(coding.d_model, size // coding.bits // 2) for size in _sizes(coding, budget)})
        candidates = [Linear(name, width, coding.bits, hebbian) for width in widths]
        sweeps = [CandidateSweep.of(each, coding, expected * each.parameters) for each in candidates]
        yield Architecture(name, coding, sweeps)


def _sweeps(architectures: Sequence[Architecture]) -> list[CandidateSweep[Any]]:
    """The smallest sizes first, since they cost least."""
    sweeps = [sweep for each in architectures for sweep in each.sweeps]
    return sorted(sweeps, key=lambda sweep: sweep.expected * sweep.coding.bits)


def _series(architecture: Architecture, drawn_in: str) -> Series:
    return measurement(architecture.name, drawn_in, _points(architecture), architecture.coding.table.task)


def _points(architecture: Architecture) -> Iterator[Point]:
    for sweep in architecture.sweeps:
        if sweep.known:
            yield point(sweep.stored, *mean_held(sweep.known), runs=len(sweep.networks))


def _row(architecture: Architecture) -> Row:
    measured_at = [each for each in architecture.sweeps if each.known]
    largest = architecture.largest or architecture.sweeps[0]
    steep = architecture.slope
    slope: Figures = {"slope": None, "slope_low": None, "slope_high": None}
    if steep is not None:
        slope = {"slope": round(steep[0], 3), "slope_low": round(steep[1][0], 3), "slope_high": round(steep[1][1], 3)}
    rate = architecture.facts_a_parameter
    per = {"facts_per_parameter": round(rate[0], 4) if rate else None}
    held_by = {"parameters": largest.candidate.parameters, "scales": largest.candidate.scales}
    size = held_by | {"sizes": len(measured_at)}
    return row(architecture.name, architecture.coding.table.task, **size, **held_figures(largest), **per, **slope)


def _state_held(coding: Coding, trained: Sequence[Architecture], solved: Sequence[Architecture]) -> Iterator[Statement]:
    task = name_task(coding.table.task)
    for code, architectures in (("capacity_end_to_end", trained), ("capacity_closed_form", solved)):
        best = find_best(coding, architectures)
        if best is None:
            yield statement("contest_not_measured", task=task)
            continue
        rate, interval = best.facts_a_parameter or (0.0, None)
        bits = {"bits": rate * coding.bits, "code": coding.bits}
        yield statement(code, task=task, best=_kind(best.name), rate=rate, **bits)
        if interval:
            yield statement("capacity_interval", low=interval[0], high=interval[1])
        if best.at_least:
            yield statement("capacity_at_least")
        if others := ", ".join(map(_kind, list_as_good(best, select_comparable(coding, architectures)))):
            yield statement("capacity_as_good", others=others)
        if best.slope:
            steep, (low, high) = best.slope
            yield statement("capacity_slope", slope=steep, low=low, high=high)
    if whole := list(_holding_all(coding, trained)):
        yield statement("table_too_small", task=task, parameters=min(whole), facts=len(coding.table))


def _kind(name: str) -> str:
    """An architecture's name in a sentence that itself says how the weights were found."""
    return to_words(name.removesuffix("_end_to_end").removesuffix("_closed_form"))


def _holding_all(coding: Coding, architectures: Sequence[Architecture]) -> Iterator[int]:
    """Sizes of networks that hold the whole table."""
    for sweep in (sweep for each in architectures if each.coding is coding for sweep in each.sweeps):
        if any(at.held == len(coding.table) for at in sweep.thresholds.values()):
            yield sweep.parameters


def _state_need(
    inputs: Inputs, coding: Coding, trained: Architecture | None, solved: Architecture | None
) -> Iterator[Statement]:
    """How many parameters the dictionary's own facts need, and how many more the check bits take."""
    facts = len(inputs.tables[coding.table.task])
    rate = trained and trained.facts_a_parameter
    if trained is None or not rate:
        yield statement("contest_recommends_nothing")
        return
    weight = coding.least / coding.bits  # of a fact, relative to one with the code length that was taught
    about: dict[str, Figure] = {
        "task": name_task(coding.table.task),
        "facts": facts,
        "bits": coding.least,
        "parameters": weight * facts / rate[0],
    }
    if rate[1]:
        yield statement("capacity_needed", low=weight * facts / rate[1][1], high=weight * facts / rate[1][0], **about)
    else:
        yield statement("capacity_needed_at_most" if trained.at_least else "capacity_needed_about", **about)
    if solved is not None and (solved_rate := solved.facts_a_parameter):
        yield statement("capacity_needed_closed_form", parameters=weight * facts / solved_rate[0])
    check = check_bits(inputs.request.false_answers)
    yield statement("capacity_check_bits", check=check, times=(coding.least + check) / coding.least)


NICHANI = "Nichani, Lee, Bietti, arXiv 2412.06538, at 99 % of sampled queries"
AMONG_NOISE = f"{NICHANI}, among noise that was not masked"
GARDNER = "Gardner, J. Phys. A 21, 257 (1988)"
ALLEN_ZHU = "Allen-Zhu, Li, arXiv 2404.05405"


def reference_lines(coding: Coding, sizes: Sequence[int], drawn_in: str) -> Iterator[Series]:
    """Facts that each line of a chart gives at these numbers of parameters P.

    Linear memory of the paper: P = d^2, N ln N = d^2 / 1.3; its MLP memory: P = 2 m d, N ln N = m d / 0.35. Gardner:
    two bits of code a weight; Allen-Zhu and Li: two bits of knowledge a parameter, here log2 of a relation's answers.
    """
    known = information(coding.table) or coding.bits
    for line in _LINES[drawn_in]:
        points = [point(p, line.facts(p, coding.bits, known)) for p in sizes]
        task = coding.table.task
        yield Series(name=line.name, chart=drawn_in, task=task, kind=line.kind, source=line.source, points=points)


def solve_facts(product: float) -> float:
    """The N > 1 with N ln N = product, by Newton's method: the function is convex, so it comes down from above."""
    n = max(product, math.e)
    for _ in range(50):
        n = (product + n) / (math.log(n) + 1)
    return n


class _Line(NamedTuple):
    """facts: of parameters, bits of a code, bits of knowledge."""

    name: str
    kind: Literal["theory", "published"]
    source: str
    facts: Callable[[int, int, float], float]


_GARDNER = _Line("gardner", "theory", GARDNER, lambda p, bits, _: 2 * p / bits)
_LINES = {
    "end_to_end": (
        _Line("published_transformer", "published", AMONG_NOISE, lambda p, *_: 0.15 * p),
        _Line("published_mlp", "published", NICHANI, lambda p, *_: solve_facts(p / 2 / 0.35)),
        _Line("two_bits", "published", ALLEN_ZHU, lambda p, _, known: 2 * p / known),
        _GARDNER,
    ),
    "solved": (_Line("published_linear", "published", NICHANI, lambda p, *_: solve_facts(p / 1.3)), _GARDNER),
}
