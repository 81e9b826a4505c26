"""How many facts parameters hold: architectures and methods at sizes in geometric steps, beside what theory says."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.experiments import Experiment, Point, Row, Series, Statement
from service.laboratory import intervals
from service.laboratory.asked import Asked
from service.laboratory.bench import Bench
from service.laboratory.document import Findings, chart, measured, point, row
from service.laboratory.sentences import said
from service.laboratory.sizes import references
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.conclusions import codings, leave_out, on, spoken
from service.laboratory.sizes.contests import edges_of
from service.laboratory.sizes.efforts import Effort, effort
from service.laboratory.sizes.figures import Figures, held_figures
from service.laboratory.sizes.search import Ladder, Search
from service.laboratory.sizes.shapes import SMALLEST, Design, nearest
from service.laboratory.sizes.trainings import CLOSED_FORM_BITS, ONE_RATE, ClosedForm, EndToEnd, Linear
from service.memory.frozen import Rows

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
_NARROW = 1.25  # an interval whose ends lie within this factor of the figure decides


@dataclass(frozen=True, slots=True)
class Architecture:
    """One way to hold facts, at several sizes on one table: ladders by size, smallest first."""

    name: str
    coding: Coding
    ladders: Sequence[Ladder[Any]]

    @property
    def points(self) -> list[tuple[int, int]]:
        """Parameters and facts held, of every size and seed."""
        return [(each.contender.parameters, edge.held) for each in self.ladders for edge in edges_of(each)]

    @property
    def slope(self) -> tuple[float, intervals.Interval] | None:
        """Of the logarithm of facts over the logarithm of parameters: 1 where twice the size holds twice as much.

        Its interval contains how coarse the ladders are at both ends.
        """
        sizes = [math.log(parameters) for parameters, _ in self.points]
        found = intervals.slope(sizes, [math.log(facts) for _, facts in self.points])
        if found is None:
            return None
        steps = [edge.step for each in self.ladders for edge in edges_of(each)]
        coarse = intervals.mean(steps) / (max(sizes) - min(sizes))
        steep, (low, high) = found
        return steep, (low - coarse, high + coarse)

    @property
    def facts_a_parameter(self) -> tuple[float, intervals.Interval | None] | None:
        """At the largest size that was measured."""
        measured_at = [each for each in self.ladders if edges_of(each)]
        if not measured_at:
            return None
        largest = measured_at[-1]
        facts, interval = intervals.held(edges_of(largest))
        size = largest.contender.parameters
        return facts / size, interval and (interval[0] / size, interval[1] / size)


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
    best = _best(tables[0], trained)
    findings.recommendation += _needed(asked, tables[0], best, _best(tables[0], solved))
    findings.decisive = best is not None and _decides(best)
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
            yield point(ladder.contender.parameters, *intervals.held(edges), runs=len(ladder.found))


def _row(architecture: Architecture) -> Row:
    measured_at = [each for each in architecture.ladders if edges_of(each)]
    largest = measured_at[-1] if measured_at else architecture.ladders[0]
    steep = architecture.slope
    slope: Figures = {"slope": None, "slope_low": None, "slope_high": None}
    if steep is not None:
        slope = {"slope": round(steep[0], 3), "slope_low": round(steep[1][0], 3), "slope_high": round(steep[1][1], 3)}
    rate = architecture.facts_a_parameter
    per = {"facts_per_parameter": round(rate[0], 4) if rate else None}
    size = {"parameters": largest.contender.parameters, "sizes": len(measured_at)}
    return row(architecture.name, architecture.coding.table.task, **size, **held_figures(largest), **per, **slope)


def _best(coding: Coding, architectures: Sequence[Architecture]) -> Architecture | None:
    """The one that holds most facts a parameter, of those that were measured at the largest size of all."""
    found = [each for each in architectures if each.coding is coding and each.facts_a_parameter]
    return max(found, key=lambda each: (each.facts_a_parameter or (0.0, None))[0], default=None)


def _decides(best: Architecture) -> bool:
    rate, interval = best.facts_a_parameter or (0.0, None)
    sizes = {parameters for parameters, _ in best.points}
    return interval is not None and len(sizes) > 1 and interval[1] / rate < _NARROW and rate / interval[0] < _NARROW


def _found(coding: Coding, trained: Sequence[Architecture], solved: Sequence[Architecture]) -> Iterator[Statement]:
    task = on(coding.table.task)
    for code, architectures in (("capacity_end_to_end", trained), ("capacity_closed_form", solved)):
        best = _best(coding, architectures)
        if best is None:
            yield said("contest_not_measured", task=task)
            continue
        rate, interval = best.facts_a_parameter or (0.0, None)
        bits = {"bits": rate * coding.bits, "code": coding.bits}
        yield said(code, task=task, best=spoken(best.name), rate=rate, **bits)
        if interval:
            yield said("capacity_interval", low=interval[0], high=interval[1])
        if best.slope:
            steep, (low, high) = best.slope
            yield said("capacity_slope", slope=steep, low=low, high=high)
    if any(edge.held == len(coding.table) for each in trained for rung in each.ladders for edge in rung.edges.values()):
        size = min(_sizes_of(trained, coding))
        yield said("table_too_small", task=task, parameters=size, facts=len(coding.table))


def _sizes_of(trained: Sequence[Architecture], coding: Coding) -> list[int]:
    ladders = [ladder for each in trained if each.coding is coding for ladder in each.ladders]
    return [ladder.contender.parameters for ladder in ladders]


def _needed(
    asked: Asked, coding: Coding, trained: Architecture | None, solved: Architecture | None
) -> Iterator[Statement]:
    """How many parameters the dictionary's own facts need, and how many more so that it knows what it does not."""
    facts = len(asked.tables[coding.table.task])
    rate = trained and trained.facts_a_parameter
    if trained is None or not rate:
        yield said("contest_recommends_nothing")
        return
    low, high = rate[1] or (rate[0], rate[0])
    needed = {"parameters": facts / rate[0], "low": facts / high, "high": facts / low}
    yield said("capacity_needed", task=on(coding.table.task), facts=facts, bits=coding.bits, **needed)
    if solved is not None and (stored := solved.facts_a_parameter):
        yield said("capacity_needed_closed_form", parameters=facts / stored[0])
    check = math.ceil(-math.log2(asked.request.false_answers))
    yield said("capacity_check_bits", check=check, times=(coding.bits + check) / coding.bits)
