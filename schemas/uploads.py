"""An upload's receipt: what was taken, what was refused and why."""

from datetime import datetime
from enum import StrEnum

from schemas.base import Reply
from schemas.problems import Code


class Mode(StrEnum):
    UPSERT = "upsert"
    REPLACE = "replace"


class OnConflict(StrEnum):
    REFUSE = "refuse"
    FIRST = "first"
    LAST = "last"
    MANY = "many"


class FindingKind(StrEnum):
    """What is worth a look though nothing was refused for it."""

    NAMES_FOLD_TOGETHER = "names_fold_together"
    RELATION_MULTI_VALUED = "relation_multi_valued"
    ANSWER_OUT_OF_FORMAT = "answer_out_of_format"
    ANSWERS_ARE_SUBJECTS = "answers_are_subjects"
    REFERENCE_DANGLING = "reference_dangling"
    EXTRA_COLUMNS = "extra_columns"
    REPLACEMENT_CHARACTER = "replacement_character"
    SPACES_TRIMMED = "spaces_trimmed"
    DUPLICATE_ROWS = "duplicate_rows"
    CONFLICTING_ROWS = "conflicting_rows"
    MARKUP_IN_CELLS = "markup_in_cells"
    SHEETS_IGNORED = "sheets_ignored"
    MOJIBAKE = "mojibake"
    ROWS_INSIDE_A_CELL = "rows_inside_a_cell"
    LINES_ABOVE_HEADER = "lines_above_header"


class Example(Reply):
    """One place in the file: its line (1 is the file's first line) and the cells as read."""

    line: int
    subject: str
    relation: str
    answer: str


class Finding(Reply):
    kind: FindingKind
    message: str
    count: int
    relation: str | None
    examples: list[Example]


class RefusedCount(Reply):
    code: Code
    count: int


class Receipt(Reply):
    """accepted + duplicate + conflicting + rejected = rows_read; created, updated, unchanged, deleted count pairs."""

    id: str
    dictionary: str
    created_at: datetime
    dry_run: bool
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
    ledger_version: int
    media_type: str
    encoding: str
    delimiter: str | None
    header: list[str]
    columns: dict[str, str]
    ignored_columns: list[str]
    decoded_samples: list[str]
    blank_lines: int
    sha256: str
    bytes: int
    refused: list[RefusedCount]
    findings: list[Finding]


class ReceiptList(Reply):
    uploads: list[Receipt]
