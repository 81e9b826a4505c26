"""How many facts parameters hold: architectures and methods at sizes in geometric steps, beside what theory says."""

from collections.abc import Iterator, Sequence
from typing import Any

from schemas.experiments import Experiment, Point, Row, Series, Statement
from service.laboratory import intervals
from service.laboratory.bench import Asked, Bench
from service.laboratory.document import Findings, chart, measured, point, row
from service.laboratory.sentences import Figure, said
from service.laboratory.sizes import references
from service.laboratory.sizes.architectures import Architecture, as_good, best_of, comparable, decides
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.conclusions import codings, leave_out, on, spoken
from service.laboratory.sizes.contests import edges_of
from service.laboratory.sizes.efforts import Effort, effort
from service.laboratory.sizes.figures import Figures, held_figures
from service.laboratory.sizes.search import Ladder, Search
from service.laboratory.sizes.shapes import SMALLEST, Design, nearest
from service.laboratory.sizes.trainings import CLOSED_FORM_BITS, ONE_RATE, ClosedForm, EndToEnd, Linear, stored
from service.memory.measuring import Rows
from service.memory.resolution import check_bits

TRAINED, SOLVED = "end_to_end", "solved"
"""Charts; each architecture, and each line to compare it with, stands in one of them, Gardner's limit in both."""
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
_LINEAR_BITS, _HEBBIAN_BITS = 0.8, 0.08  # code bits that a weight of a linear memory is expected to hold: few
_LONG = 0.8  # of the time, for what is trained


def capacity(asked: Asked, bench: Bench) -> Experiment:
    """Largest number of facts at 100 % against parameters, by architecture and method."""
    plan, tables = effort(asked.request.seconds), codings(asked)
    trained = [each for coding in tables for each in _end_to_end(coding, plan, bench.device)]
    solved = [each for coding in tables for each in (*_closed_form(coding, plan), *_linear(coding, plan))]
    seeds = plan.seeds(asked.request.seed)
    quick = Search(bench, bench.left() * (1 - _LONG))
    quick.climb(_ladders(solved), seeds[:1])
    search = Search(bench, bench.left())
    search.climb(_ladders(trained), seeds)
    search.unfinished |= quick.unfinished
    findings = Findings(charts=[chart(name, ("parameters", "log"), ("facts", "log")) for name in (TRAINED, SOLVED)])
    for coding in tables:
        sizes = _sizes(coding, plan)
        for name, architectures in ((TRAINED, trained), (SOLVED, solved)):
            own = [each for each in architectures if each.coding is coding]
            findings.series += [*(_series(each, name) for each in own), *references.lines(coding, sizes, name)]
            findings.rows += map(_row, own)
    for coding in tables:
        findings.finding += _found(coding, trained, solved)
    best = best_of(tables[0], trained)
    findings.recommendation += _needed(asked, tables[0], best, best_of(tables[0], solved))
    findings.decisive = best is not None and decides(best)
    leave_out(findings, asked, bench, search, "further seeds, finer ladders and larger networks")
    return findings.document(asked, bench)


def _sizes(coding: Coding, plan: Effort) -> list[int]:
    """Sizes in steps of two, down to where designs have no room, the smallest first."""
    largest = coding.parameters(2 * plan.parameters)
    return sorted({max(SMALLEST, largest >> step) for step in range(3)})


def _end_to_end(coding: Coding, plan: Effort, device: str) -> Iterator[Architecture]:
    for design in END_TO_END:
        shapes = [nearest(design, size, coding.bits, coding.d_model) for size in _sizes(coding, plan)]
        contenders = [EndToEnd(design.name, shape, plan.hurried, device, ONE_RATE) for shape in shapes]
        ladders = [Ladder.of(each, coding, plan.bits * each.parameters) for each in contenders]
        yield Architecture(design.name, coding, ladders)


def _closed_form(coding: Coding, plan: Effort) -> Iterator[Architecture]:
    for name, rows in CLOSED_FORM.items():
        widths = sorted({max(16, size // coding.bits // 16 * 16) for size in _sizes(coding, plan)})
        contenders = [ClosedForm(name, rows, width, coding.bits) for width in widths]
        ladders = [Ladder.of(each, coding, CLOSED_FORM_BITS * each.parameters) for each in contenders]
        yield Architecture(name, coding, ladders)


def _linear(coding: Coding, plan: Effort) -> Iterator[Architecture]:
    for name, hebbian in (("linear_optimal", False), ("linear_outer_product", True)):
        expected = _HEBBIAN_BITS if hebbian else _LINEAR_BITS
        widths = sorted({max(coding.d_model, size // coding.bits // 2) for size in _sizes(coding, plan)})
        contenders = [Linear(name, width, coding.bits, hebbian) for width in widths]
        ladders = [Ladder.of(each, coding, expected * each.parameters) for each in contenders]
        yield Architecture(name, coding, ladders)


def _ladders(architectures: Sequence[Architecture]) -> list[Ladder[Any]]:
    """The smallest sizes first: they cost least."""
    ladders = [ladder for each in architectures for ladder in each.ladders]
    return sorted(ladders, key=lambda ladder: ladder.expected * ladder.bits)


def _series(architecture: Architecture, drawn_in: str) -> Series:
    return measured(architecture.name, drawn_in, _points(architecture), architecture.coding.table.task)


def _points(architecture: Architecture) -> Iterator[Point]:
    for ladder in architecture.ladders:
        if edges := edges_of(ladder):
            yield point(stored(ladder.contender), *intervals.held(edges), runs=len(ladder.found))


def _row(architecture: Architecture) -> Row:
    measured_at = [each for each in architecture.ladders if edges_of(each)]
    largest = architecture.largest or architecture.ladders[0]
    steep = architecture.slope
    slope: Figures = {"slope": None, "slope_low": None, "slope_high": None}
    if steep is not None:
        slope = {"slope": round(steep[0], 3), "slope_low": round(steep[1][0], 3), "slope_high": round(steep[1][1], 3)}
    rate = architecture.facts_a_parameter
    per = {"facts_per_parameter": round(rate[0], 4) if rate else None}
    held_by = {"parameters": largest.contender.parameters, "scales": largest.contender.scales}
    size = held_by | {"sizes": len(measured_at)}
    return row(architecture.name, architecture.coding.table.task, **size, **held_figures(largest), **per, **slope)


def _found(coding: Coding, trained: Sequence[Architecture], solved: Sequence[Architecture]) -> Iterator[Statement]:
    task = on(coding.table.task)
    for code, architectures in (("capacity_end_to_end", trained), ("capacity_closed_form", solved)):
        best = best_of(coding, architectures)
        if best is None:
            yield said("contest_not_measured", task=task)
            continue
        rate, interval = best.facts_a_parameter or (0.0, None)
        bits = {"bits": rate * coding.bits, "code": coding.bits}
        yield said(code, task=task, best=_kind(best.name), rate=rate, **bits)
        if interval:
            yield said("capacity_interval", low=interval[0], high=interval[1])
        if best.at_least:
            yield said("capacity_at_least")
        if others := ", ".join(map(_kind, as_good(best, comparable(coding, architectures)))):
            yield said("capacity_as_good", others=others)
        if best.slope:
            steep, (low, high) = best.slope
            yield said("capacity_slope", slope=steep, low=low, high=high)
    if whole := list(_holding_all(coding, trained)):
        yield said("table_too_small", task=task, parameters=min(whole), facts=len(coding.table))


def _kind(name: str) -> str:
    """An architecture's name in a sentence that says itself how its weights were found."""
    return spoken(name.removesuffix("_end_to_end").removesuffix("_closed_form"))


def _holding_all(coding: Coding, architectures: Sequence[Architecture]) -> Iterator[int]:
    """Sizes of networks that hold the whole table."""
    for ladder in (ladder for each in architectures if each.coding is coding for ladder in each.ladders):
        if any(edge.held == len(coding.table) for edge in ladder.edges.values()):
            yield ladder.contender.parameters


def _needed(
    asked: Asked, coding: Coding, trained: Architecture | None, solved: Architecture | None
) -> Iterator[Statement]:
    """How many parameters the dictionary's own facts need, and how many more so that it knows what it does not."""
    facts = len(asked.tables[coding.table.task])
    rate = trained and trained.facts_a_parameter
    if trained is None or not rate:
        yield said("contest_recommends_nothing")
        return
    weight = coding.least / coding.bits  # of a fact beside one with codes as they were taught
    about: dict[str, Figure] = {
        "task": on(coding.table.task),
        "facts": facts,
        "bits": coding.least,
        "parameters": weight * facts / rate[0],
    }
    if rate[1]:
        yield said("capacity_needed", low=weight * facts / rate[1][1], high=weight * facts / rate[1][0], **about)
    else:
        yield said("capacity_needed_at_most" if trained.at_least else "capacity_needed_about", **about)
    if solved is not None and (solved_rate := solved.facts_a_parameter):
        yield said("capacity_needed_closed_form", parameters=weight * facts / solved_rate[0])
    check = check_bits(asked.request.false_answers)
    yield said("capacity_check_bits", check=check, times=(coding.least + check) / coding.least)
