"""Build the document of the report from what the service states, what the pilot counted and how the gate judged it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pilot.checks.measurement import Measurement
from pilot.gate import worst_verdict
from pilot.information import Information
from pilot.reading import Reading
from pilot.statistics import interval
from schemas.checks import Check, CheckId, LeftOut, Part, Threshold, Verdict
from schemas.experiments import Experiment
from schemas.memories import MemoryInfo
from schemas.report import Coverage, DictionaryFigures, Difference, ErrorRate, MemoryFigures, Report, Run
from schemas.uploads import Receipt

_COUNTED_BY_BOTH = ("rows_read", "accepted", "duplicate", "conflicting", "rejected", "table_rows", "empty_cells")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was read, trained and measured."""

    file: Path
    dictionary: str
    receipt: Receipt
    reading: Reading
    information: Information
    memory: MemoryInfo
    checks: Sequence[Measurement]
    left_out: Sequence[LeftOut]
    thresholds: Sequence[Threshold]
    experiments: Sequence[Experiment] = ()


def build_report(evidence: Evidence, run: Run) -> Report:
    """Build the report; every rate in it follows from integers that are in it too."""
    recall = next(check.tally for check in evidence.checks if check.id is CheckId.RECALL)
    dictionary, verdict = _to_dictionary_figures(evidence), worst_verdict(evidence.thresholds)
    if dictionary.differences and verdict is Verdict.PASS:
        verdict = Verdict.NOT_DECISIVE  # a pass on other facts than those of the receipt would be none
    return Report(
        format_version=1,
        dictionary=dictionary,
        memory=_to_memory_figures(evidence),
        coverage=Coverage(
            taught=evidence.receipt.accepted,
            rows=evidence.receipt.rows_read,
            answered=recall.answered,
            asked=recall.asked,
        ),
        error_rate=ErrorRate(
            wrong=recall.wrong, answered=recall.answered, interval=interval(recall.wrong, recall.answered)
        ),
        checks=[_to_check(measured, evidence.thresholds) for measured in evidence.checks],
        left_out=list(evidence.left_out),
        experiments=list(evidence.experiments),
        verdict=verdict,
        gate=list(evidence.thresholds),
        run=run,
    )


def get_stated_bound(memory: MemoryInfo) -> float:
    """Return the share of never-taught questions that the memory's recipe allows to be answered."""
    stated = memory.recipe.get("false_answers")
    return float(stated) if isinstance(stated, int | float) else 1e-6


def _to_dictionary_figures(evidence: Evidence) -> DictionaryFigures:
    receipt, counted = evidence.receipt, evidence.information
    shared = [name for name in DictionaryFigures.model_fields if name in Receipt.model_fields]
    return DictionaryFigures(
        **{name: getattr(receipt, name) for name in shared},
        name=evidence.dictionary,
        file=evidence.file.name,
        file_bytes=receipt.bytes,
        facts=counted.facts,
        pairs=counted.pairs,
        subjects=counted.subjects,
        relations=counted.relations,
        answers=counted.answers,
        bits=counted.bits,
        entropy=counted.entropy,
        differences=_compare_counts(evidence),
    )


def _compare_counts(evidence: Evidence) -> list[Difference]:
    receipt, reading = evidence.receipt, evidence.reading
    pairs = [(name, getattr(receipt, name), getattr(reading, name)) for name in _COUNTED_BY_BOTH]
    pairs.append(("pairs", receipt.created + receipt.updated + receipt.unchanged, len(reading.taught)))
    return [
        Difference(field=name, receipt=theirs or 0, pilot=ours or 0) for name, theirs, ours in pairs if theirs != ours
    ]


def _to_memory_figures(evidence: Evidence) -> MemoryFigures:
    memory = evidence.memory
    shared = [name for name in MemoryFigures.model_fields if name in MemoryInfo.model_fields]
    parameters = memory.stored_parameters
    return MemoryFigures(
        **{name: getattr(memory, name) for name in shared},
        bits_per_parameter=evidence.information.bits / parameters if parameters else 0.0,
        false_answers=get_stated_bound(memory),
    )


def _to_check(measured: Measurement, thresholds: Sequence[Threshold]) -> Check:
    found = worst_verdict(threshold for threshold in thresholds if threshold.check is measured.id)
    return Check(
        id=measured.id,
        **measured.tally.counts(),
        passed=found == "pass",
        verdict=found,
        seconds=measured.seconds,
        parts=[Part(name=name, **tally.counts()) for name, tally in measured.parts.items()],
        failing=measured.failing,
        timings=measured.timings,
        holdings=measured.holdings,
        priority=None if measured.priority is None else Part(name="priority", **measured.priority.counts()),
        details=measured.details,
    )
