"""Reports built by the pilot's own code from a small file, for a memory that answers by a given function."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pilot.checks.holdings import measure_tables
from pilot.checks.latency import summarise_timing
from pilot.checks.measurement import Measurement
from pilot.checks.probes import Probes
from pilot.checks.target import Reply
from pilot.gate import ReportGate, judge
from pilot.information import measure_information
from pilot.reading import Pair, Reading, ReadingOptions, read_facts
from pilot.report.document import Evidence, build_report
from schemas.checks import CheckId, LeftOut
from schemas.memories import MemoryInfo
from schemas.recall import Status
from schemas.report import Report, Run
from schemas.uploads import Example, Finding, FindingKind, Mode, OnConflict, Receipt
from tests.pilot.measuring import measure_changes

NOON = datetime(2025, 1, 31, 12, 0, tzinfo=UTC)


FINDING = Finding(
    kind=FindingKind.NAMES_FOLD_TOGETHER,
    message="2 names fold together",
    count=2,
    relation=None,
    examples=[Example(line=2, subject="<b>部品</b>", relation="色", answer="赤")],
)


def make_receipt(file: Path, reading: Reading) -> Receipt:
    data = file.read_bytes()
    return Receipt(
        id="u1",
        dictionary="d1",
        created_at=NOON,
        dry_run=False,
        mode=Mode.UPSERT,
        on_conflict=OnConflict.MANY,
        rows_read=reading.rows_read,
        accepted=reading.accepted,
        duplicate=reading.duplicate,
        conflicting=reading.conflicting,
        rejected=reading.rejected,
        created=len(reading.taught),
        updated=0,
        unchanged=0,
        deleted=0,
        ledger_version=1,
        memory=None,
        media_type="text/csv",
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        header=["subject", "relation", "answer"],
        columns={},
        ignored_columns=[],
        decoded_samples=[],
        blank_lines=0,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        refused=[],
        findings=[FINDING],
    )


def make_memory(reading: Reading) -> MemoryInfo:
    facts = reading.accepted
    return MemoryInfo(
        id="m1",
        dictionary="d1",
        created_at=NOON,
        ledger_version=1,
        digest=hashlib.sha256(b"a memory").hexdigest(),
        facts=facts,
        pairs=len(reading.taught),
        recipe={"profile": "fast", "solver": "closed_form", "false_answers": 1e-6},
        stored_parameters=36 * facts,
        frozen_parameters=61_440,
        bytes=36 * facts,
        bytes_total=44 * facts,
        code_bits_total=33 * facts,
        train_seconds=1.9,
        verify_seconds=0.4,
        device="cpu",
        parent=None,
        lineage="m1",
        retained=True,
        aliases=["champion"],
    )


def measure(reading: Reading, answers: Callable[[Pair], tuple[str, ...]]) -> list[Measurement]:
    """Count what the checks would count for a memory that answers by this function."""
    recall, unknown, latency = Measurement(CheckId.RECALL), Measurement(CheckId.UNKNOWN), Measurement(CheckId.LATENCY)
    for pair, expected in reading.taught.items():
        reply = Reply(pair, Status.ANSWERED if answers(pair) else Status.UNKNOWN, answers(pair))
        recall.part(pair[1]).count(reply.status, right=reply.answers == expected)
        if reply.answers != expected:
            recall.failing.append(reply.failing(pair[1], expected, reading.lines[pair]))
    for kind, draw in Probes(list(reading.taught), set(reading.taught), seed=0).kinds().items():
        for _ in draw(2000):
            unknown.part(kind).count(Status.UNKNOWN, right=True)
    pairs = list(reading.taught)[:200]
    for name in ("noop", "single", "noop_concurrent", "single_concurrent", "batch_rows", "batch_columns"):
        latency.timings.append(summarise_timing(name, [0.001 * n for n in range(1, 201)], seconds=20.1))
    for _ in pairs:
        latency.part("single").count(Status.ANSWERED, right=True)
    latency.holdings += measure_tables(reading.taught, pairs)
    return [recall, unknown, latency, *measure_changes(reading)]


@pytest.fixture
def report_on() -> Callable[..., Report]:
    """A report on a file whose memory answers by a function of the pair; without one, as the file says."""
    return build_report_on


def build_report_on(
    file: Path, answers: Callable[[Pair], tuple[str, ...]] | None = None, gate: ReportGate | None = None
) -> Report:
    reading = read_facts(file, ReadingOptions(on_conflict=OnConflict.MANY))
    checks = measure(reading, answers or reading.taught.__getitem__)
    evidence = Evidence(
        file=file,
        dictionary=file.stem,
        receipt=make_receipt(file, reading),
        reading=reading,
        information=measure_information(reading),
        memory=make_memory(reading),
        checks=checks,
        left_out=[LeftOut(check=CheckId.QUESTIONS, reason="no_questions", detail=None)],
        thresholds=judge(gate or ReportGate(), checks, 1e-6),
    )
    run = Run(
        started_at=NOON,
        seconds=12.5,
        command="python -m pilot run facts.csv",
        pilot_version="0.1.0",
        machine="test",
        seed=0,
        embedded=True,
    )
    return build_report(evidence, run)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Four subjects, two relations, Japanese, one pair with two answers, one name that is markup."""
    file = tmp_path / "部品 マスタ（最終版）.csv"
    rows = [
        "subject,relation,answer",
        "部品-001,色,赤",
        "部品-001,材質,SUS304",
        "部品-002,色,青",
        "部品-002,色,緑",
        "部品-003,材質,SPCC",
        "<script>alert(1)</script>,色,<b>白</b>",
    ]
    file.write_text("\n".join(rows), encoding="utf-8")
    return file
