"""An upload's receipt: what was taken, what was refused and why."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

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


class Layout(StrEnum):
    """How a table holds facts: `long` has one fact a row, `wide` one subject a row and one relation a column."""

    LONG = "long"
    WIDE = "wide"


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
    SHEETS_JOINED = "sheets_joined"
    SHEET_HIDDEN = "sheet_hidden"
    HIDDEN_CELLS = "hidden_cells"
    SHOWN_OTHERWISE = "shown_otherwise"
    MOJIBAKE = "mojibake"
    ROWS_INSIDE_A_CELL = "rows_inside_a_cell"
    LINES_ABOVE_HEADER = "lines_above_header"
    SECOND_HEADER = "second_header"
    HEADER_ROWS_JOINED = "header_rows_joined"
    PERSONAL_DATA = "personal_data"
    SUBJECTS_SINGLED_OUT = "subjects_singled_out"
    POLICY_APPLIED = "policy_applied"


class PersonalKind(StrEnum):
    """What personal data is recognised as. A corporate number names a company, which may be one person."""

    EMAIL = "email"
    TELEPHONE = "telephone"
    PAYMENT_CARD = "payment_card"
    POSTAL_ADDRESS = "postal_address"
    POSTAL_CODE = "postal_code"
    MY_NUMBER = "my_number"
    CORPORATE_NUMBER = "corporate_number"
    BIRTH_DATE = "birth_date"


class PersonalData(Reply):
    """`matching` of the `looked_at` values are of this kind; `distinct` values stand there, of which at most 2,000 are
    looked at, drawn by hash. `of` says where: the answers of the finding's relation, or the subjects.
    """

    kind: PersonalKind
    of: Literal["answers", "subjects"]
    matching: int
    looked_at: int
    distinct: int
    share: float


class Uniqueness(Reply):
    """`unique` of the `subjects` that have an answer to each of `relations` are the only one with those answers; the
    smallest group of subjects with equal answers has `smallest_group` (k-anonymity's k).
    """

    relations: list[str]
    subjects: int
    unique: int
    share: float
    smallest_group: int


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
    personal: PersonalData | None = None  # the two defaults: receipts kept from before have neither
    uniqueness: Uniqueness | None = None


class RefusedCount(Reply):
    code: Code
    count: int


class Receipt(Reply):
    """accepted + duplicate + conflicting + rejected = rows_read; created, updated, unchanged, deleted count pairs.
    `memory` is the champion that serves the upload's facts; null where a training must bring them in. In a wide table
    every filled cell counts as a row; `table_rows` counts its rows and `empty_cells` the cells without an answer.
    """

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
    memory: str | None
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
    layout: Layout = Layout.LONG  # the defaults from here on: receipts kept from before have none of these
    table_rows: int | None = None
    empty_cells: int | None = None


class ReceiptList(Reply):
    uploads: list[Receipt]
    cursor: str | None
