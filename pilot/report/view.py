"""What the page needs besides the document: filled-in sentences, bars, shortened lists, and all of the arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pilot.report.change_view import ChangeView, build_change_view
from pilot.report.experiment_view import LaboratoryView, build_laboratory_view
from pilot.report.messages import Prose
from pilot.report.plots.curves import Bar, Segment, sort_worst_first, stack
from pilot.report.quantities import NO_BREAK, format_milliseconds, format_number, get_number_format
from pilot.report.summary import count_questions_needed, describe_limit, make_phrases, summarise
from pilot.statistics import upper_bound
from schemas.checks import Check, CheckId, Failing, Holding, Threshold, Timing, Verdict
from schemas.report import DictionaryFigures, MemoryFigures, Report

_RELATIONS_SHOWN = 40
_FAILING_SHOWN = 50
_STATIC_FUNCTION = 1.03
"""Stored bits for each code bit in the best known static functions (ribbon filters; Dillinger et al., 2021)."""


@dataclass(frozen=True, slots=True)
class LatencyRange:
    """A timing from the median to the 99th percentile on a logarithmic axis; places in per cent of its length."""

    timing: Timing
    left: float
    width: float
    p95: float


@dataclass(frozen=True, slots=True)
class LatencyTick:
    """A labelled value of that axis."""

    place: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class HoldingRow:
    """A way of holding the facts: in words, in bytes per fact, and as a bar."""

    holding: Holding
    how: str | None
    each: float | None
    segments: list[Segment]


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit of the gate in words, with what was measured for it."""

    text: str
    measured: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything that the template shows and the document does not hold as such."""

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
    ranges: list[LatencyRange]
    ticks: list[LatencyTick]
    holdings: list[HoldingRow]
    compared: str | None
    limits: list[LimitRow]
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


def build_view(report: Report, prose: Prose) -> ReportView:
    """Build the view of a report in the language of the prose."""
    checks = {check.id: check for check in report.checks}
    recall, probes, latency = checks[CheckId.RECALL], checks[CheckId.UNKNOWN], checks[CheckId.LATENCY]
    bars = sort_worst_first(recall.parts)
    ranges, ticks = _view_ranges(latency.timings)
    failing = [(check, failed) for check in report.checks for failed in check.failing]
    rate = max(timing.queries_per_second for timing in latency.timings)
    holdings = _view_holdings(report, rate, latency.holdings, prose)
    memory = report.memory
    return ReportView(
        sentence=summarise(report, prose),
        phrases=make_phrases(report, prose),
        change=build_change_view(report, prose),
        laboratory=build_laboratory_view(report, prose),
        probes=probes,
        recall=recall,
        relations=bars[:_RELATIONS_SHOWN],
        more_relations=bars[_RELATIONS_SHOWN:],
        rows=_stack_rows(report.dictionary),
        refused=report.dictionary.duplicate + report.dictionary.conflicting + report.dictionary.rejected,
        ranges=ranges,
        ticks=ticks,
        holdings=holdings,
        compared=_compare_sizes(holdings, prose),
        limits=[_view_limit(threshold, prose) for threshold in report.gate],
        failing=failing[:_FAILING_SHOWN],
        failing_total=len(failing),
        failing_more=max(len(failing) - _FAILING_SHOWN, 0),
        upper=upper_bound(probes.wrong, probes.asked) if probes.asked else 1.0,
        needed=count_questions_needed(memory.false_answers),
        best_rate=rate,
        facts_per_second=memory.facts / memory.train_seconds if memory.train_seconds else 0.0,
        bytes_per_fact=memory.bytes_total / memory.facts,
        bank_per_fact=memory.bytes / memory.facts,
        check_bits=_get_check_bits(memory),
    )


def _get_check_bits(memory: MemoryFigures) -> int | None:
    """Return the check bits of the codes that are served; None where the recipe is not resolved."""
    served = memory.recipe.get("check_bits")
    return served if isinstance(served, int) else None


def _view_limit(threshold: Threshold, prose: Prose) -> LimitRow:
    """View a limit: counts as k of n, times with their unit, shares in per cent."""
    if threshold.n:
        measured = prose["of"].format(k=format_number(threshold.k), n=format_number(threshold.n))
    elif threshold.verdict is Verdict.NOT_DECISIVE:
        measured = prose["unmeasured"]
    elif threshold.name.endswith("_ms"):
        measured = format_milliseconds(threshold.measured)
    else:
        measured = get_number_format(prose).share(threshold.measured)
    return LimitRow(describe_limit(threshold, prose), measured, threshold.verdict)


def _stack_rows(figures: DictionaryFigures) -> list[Segment]:
    counts = {name: getattr(figures, name) for name in ("accepted", "duplicate", "conflicting", "rejected")}
    return stack(counts, figures.rows_read)


def _view_ranges(timings: Sequence[Timing]) -> tuple[list[LatencyRange], list[LatencyTick]]:
    low = math.floor(math.log10(min(timing.p50_ms for timing in timings)))
    high = math.ceil(math.log10(max(timing.p99_ms for timing in timings)))
    high = max(high, low + 1)

    def place(milliseconds: float) -> float:
        return round(100 * (math.log10(milliseconds) - low) / (high - low), 2)

    ranges = [
        LatencyRange(
            timing, place(timing.p50_ms), round(place(timing.p99_ms) - place(timing.p50_ms), 2), place(timing.p95_ms)
        )
        for timing in timings
    ]
    return ranges, [LatencyTick(place(10.0**power), 10.0**power) for power in range(low, high + 1)]


def _view_holdings(report: Report, rate: float, tables: Sequence[Holding], prose: Prose) -> list[HoldingRow]:
    memory, words = report.memory, prose["table"]
    recall = next(check for check in report.checks if check.id is CheckId.RECALL)
    floor = math.ceil(_STATIC_FUNCTION * memory.code_bits_total / 8)
    described = [
        (_make_holding("memory", memory.bytes_total, memory.train_seconds, rate, recall), words["memory_how"]),
        *((table, words["in_process"]) for table in tables),
        (_make_holding("file", report.dictionary.file_bytes), None),
        (_make_holding("floor", floor), words["floor_how"]),
    ]
    largest = max(holding.bytes or 0 for holding, _ in described)
    return [_view_holding(holding, how, memory.facts, largest) for holding, how in described]


def _make_holding(
    name: str, size: int, built: float | None = None, rate: float | None = None, recall: Check | None = None
) -> Holding:
    right, asked = (recall.right, recall.asked) if recall else (None, None)
    return Holding(name=name, bytes=size, build_seconds=built, lookups_per_second=rate, right=right, asked=asked)


def _view_holding(holding: Holding, how: str | None, facts: int, largest: int) -> HoldingRow:
    if holding.bytes is None:
        return HoldingRow(holding, how, None, [])
    kind = "right" if holding.name == "memory" else "abstained"
    return HoldingRow(holding, how, holding.bytes / facts, stack({kind: holding.bytes}, largest))


def _compare_sizes(holdings: Sequence[HoldingRow], prose: Prose) -> str | None:
    each = {row.holding.name: row.each for row in holdings}
    memory = each["memory"]
    tables = [size for name in ("sqlite", "sqlite_numbers") if (size := each.get(name)) is not None]
    if memory is None or not tables:
        return None
    sqlite = min(tables)
    words = prose["table"]["smaller" if memory < sqlite else "larger"]
    return str(words.format(memory=f"{format_number(memory)}{NO_BREAK}B", sqlite=f"{format_number(sqlite)}{NO_BREAK}B"))
