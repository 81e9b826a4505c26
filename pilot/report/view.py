"""What the page needs beyond the document: sentences filled in, bars measured, lists cut. It does the arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pilot.report.change_view import ChangeView, change_view
from pilot.report.experiment_view import LaboratoryView, laboratory_view
from pilot.report.messages import Prose
from pilot.report.plots.curves import Bar, Segment, stacked, worst_first
from pilot.report.quantities import NO_BREAK, figures_of, milliseconds, number
from pilot.report.summary import limit_text, phrases, questions_needed, summary
from pilot.statistics import upper_bound
from schemas.checks import Check, CheckId, Failing, Holding, Threshold, Timing, Verdict
from schemas.report import DictionaryFigures, MemoryFigures, Report

_RELATIONS_SHOWN = 40
_FAILING_SHOWN = 50
_STATIC_FUNCTION = 1.03
"""Stored bits a code bit in the best known static functions (ribbon filters; Dillinger et al., 2021)."""


@dataclass(frozen=True, slots=True)
class Range:
    """From the median to the 99th percentile on a logarithmic axis; places in per cent of its length."""

    timing: Timing
    left: float
    width: float
    p95: float


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """A way of holding the facts, in words, in bytes a fact, and as a bar."""

    holding: Holding
    how: str | None
    each: float | None
    segments: list[Segment]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the gate in words, with what was measured for it."""

    text: str
    measured: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class View:
    sentence: str
    phrases: list[str]
    change: ChangeView
    laboratory: LaboratoryView
    probes: Check
    recall: Check
    relations: list[Bar]
    more_relations: list[Bar]
    rows: list[Segment]
    refused: int
    ranges: list[Range]
    ticks: list[Tick]
    holdings: list[Row]
    compared: str | None
    limits: list[Limit]
    failing: list[tuple[Check, Failing]]
    failing_total: int
    failing_more: int
    upper: float
    needed: int
    best_rate: float
    facts_per_second: float
    bytes_per_fact: float
    bank_per_fact: float
    check_bits: int | None


def view(report: Report, prose: Prose) -> View:
    checks = {check.id: check for check in report.checks}
    recall, probes, latency = checks[CheckId.RECALL], checks[CheckId.UNKNOWN], checks[CheckId.LATENCY]
    bars = worst_first(recall.parts)
    ranges, ticks = _ranges(latency.timings)
    failing = [(check, failed) for check in report.checks for failed in check.failing]
    rate = max(timing.queries_per_second for timing in latency.timings)
    holdings = _holdings(report, rate, latency.holdings, prose)
    memory = report.memory
    return View(
        sentence=summary(report, prose),
        phrases=phrases(report, prose),
        change=change_view(report, prose),
        laboratory=laboratory_view(report, prose),
        probes=probes,
        recall=recall,
        relations=bars[:_RELATIONS_SHOWN],
        more_relations=bars[_RELATIONS_SHOWN:],
        rows=_rows(report.dictionary),
        refused=report.dictionary.duplicate + report.dictionary.conflicting + report.dictionary.rejected,
        ranges=ranges,
        ticks=ticks,
        holdings=holdings,
        compared=_compared(holdings, prose),
        limits=[_limit(threshold, prose) for threshold in report.gate],
        failing=failing[:_FAILING_SHOWN],
        failing_total=len(failing),
        failing_more=max(len(failing) - _FAILING_SHOWN, 0),
        upper=upper_bound(probes.wrong, probes.asked) if probes.asked else 1.0,
        needed=questions_needed(memory.false_answers),
        best_rate=rate,
        facts_per_second=memory.facts / memory.train_seconds if memory.train_seconds else 0.0,
        bytes_per_fact=memory.bytes_total / memory.facts,
        bank_per_fact=memory.bytes / memory.facts,
        check_bits=_check_bits(memory),
    )


def _check_bits(memory: MemoryFigures) -> int | None:
    """Of the codes that are served; None where the recipe is not resolved."""
    served = memory.recipe.get("check_bits")
    return served if isinstance(served, int) else None


def _limit(threshold: Threshold, prose: Prose) -> Limit:
    """Counts as k of n, times with their unit, shares in per cent."""
    if threshold.n:
        measured = prose["of"].format(k=number(threshold.k), n=number(threshold.n))
    elif threshold.verdict is Verdict.NOT_DECISIVE:
        measured = prose["unmeasured"]
    elif threshold.name.endswith("_ms"):
        measured = milliseconds(threshold.measured)
    else:
        measured = figures_of(prose).share(threshold.measured)
    return Limit(limit_text(threshold, prose), measured, threshold.verdict)


def _rows(figures: DictionaryFigures) -> list[Segment]:
    counts = {name: getattr(figures, name) for name in ("accepted", "duplicate", "conflicting", "rejected")}
    return stacked(counts, figures.rows_read)


def _ranges(timings: Sequence[Timing]) -> tuple[list[Range], list[Tick]]:
    low = math.floor(math.log10(min(timing.p50_ms for timing in timings)))
    high = math.ceil(math.log10(max(timing.p99_ms for timing in timings)))
    high = max(high, low + 1)

    def place(milliseconds: float) -> float:
        return round(100 * (math.log10(milliseconds) - low) / (high - low), 2)

    ranges = [
        Range(timing, place(timing.p50_ms), round(place(timing.p99_ms) - place(timing.p50_ms), 2), place(timing.p95_ms))
        for timing in timings
    ]
    return ranges, [Tick(place(10.0**power), 10.0**power) for power in range(low, high + 1)]


def _holdings(report: Report, rate: float, tables: Sequence[Holding], prose: Prose) -> list[Row]:
    memory, words = report.memory, prose["table"]
    recall = next(check for check in report.checks if check.id is CheckId.RECALL)
    floor = math.ceil(_STATIC_FUNCTION * memory.code_bits_total / 8)
    described = [
        (_holding("memory", memory.bytes_total, memory.train_seconds, rate, recall), words["memory_how"]),
        *((table, words["in_process"]) for table in tables),
        (_holding("file", report.dictionary.file_bytes), None),
        (_holding("floor", floor), words["floor_how"]),
    ]
    largest = max(holding.bytes or 0 for holding, _ in described)
    return [_row(holding, how, memory.facts, largest) for holding, how in described]


def _holding(
    name: str, size: int, built: float | None = None, rate: float | None = None, recall: Check | None = None
) -> Holding:
    right, asked = (recall.right, recall.asked) if recall else (None, None)
    return Holding(name=name, bytes=size, build_seconds=built, lookups_per_second=rate, right=right, asked=asked)


def _row(holding: Holding, how: str | None, facts: int, largest: int) -> Row:
    if holding.bytes is None:
        return Row(holding, how, None, [])
    kind = "right" if holding.name == "memory" else "abstained"
    return Row(holding, how, holding.bytes / facts, stacked({kind: holding.bytes}, largest))


def _compared(holdings: Sequence[Row], prose: Prose) -> str | None:
    each = {row.holding.name: row.each for row in holdings}
    memory = each["memory"]
    tables = [size for name in ("sqlite", "sqlite_numbers") if (size := each.get(name)) is not None]
    if memory is None or not tables:
        return None
    sqlite = min(tables)
    words = prose["table"]["smaller" if memory < sqlite else "larger"]
    return str(words.format(memory=f"{number(memory)}{NO_BREAK}B", sqlite=f"{number(sqlite)}{NO_BREAK}B"))
