"""The report: one versioned document, drawn as JSON, HTML and JUnit. What each check found stands in schemas.checks."""

from datetime import datetime
from typing import Literal

from schemas.base import Reply
from schemas.checks import Check, LeftOut, Threshold, Verdict
from schemas.experiments import Experiment
from schemas.uploads import Finding, Mode, OnConflict, RefusedCount


class Difference(Reply):
    """A figure on which the service's receipt and the pilot's own reading of the file do not agree."""

    field: str
    receipt: int | str
    pilot: int | str


class DictionaryFigures(Reply):
    """The receipt's figures, then what the pilot counted itself: facts, pairs, names, bits and entropy."""

    name: str
    file: str
    file_bytes: int
    sha256: str
    mode: Mode
    on_conflict: OnConflict
    rows_read: int
    accepted: int
    duplicate: int
    conflicting: int
    rejected: int
    created: int
    updated: int
    unchanged: int
    deleted: int
    encoding: str
    delimiter: str | None
    header: list[str]
    ignored_columns: list[str]
    blank_lines: int
    refused: list[RefusedCount]
    findings: list[Finding]
    facts: int
    pairs: int
    subjects: int
    relations: int
    answers: int
    bits: float
    entropy: float
    differences: list[Difference]


class MemoryFigures(Reply):
    """`bits_per_parameter`: the dictionary's bits over the stored ones; `false_answers`: the bound by construction."""

    id: str
    digest: str
    recipe: dict[str, object]
    facts: int
    pairs: int
    stored_parameters: int
    frozen_parameters: int
    bytes: int
    bytes_total: int
    code_bits_total: int
    bits_per_parameter: float
    false_answers: float
    train_seconds: float
    verify_seconds: float
    device: str


class Coverage(Reply):
    """`taught` of the file's `rows` became facts; of the pairs `asked`, `answered` were answered, right or wrong."""

    taught: int
    rows: int
    answered: int
    asked: int


class ErrorRate(Reply):
    """`wrong` of the taught pairs that were `answered`."""

    wrong: int
    answered: int
    interval: tuple[float, float]


class Run(Reply):
    """How the report came about, so that it can be made again."""

    started_at: datetime
    seconds: float
    command: str
    pilot_version: str
    machine: str
    seed: int
    embedded: bool


class Report(Reply):
    format_version: Literal[1]
    dictionary: DictionaryFigures
    memory: MemoryFigures
    coverage: Coverage
    error_rate: ErrorRate
    checks: list[Check]
    left_out: list[LeftOut]
    experiments: list[Experiment]
    verdict: Verdict
    gate: list[Threshold]
    run: Run
