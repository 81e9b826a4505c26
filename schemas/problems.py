"""Errors on the wire: RFC 9457 problem+json with a stable code."""

from enum import StrEnum

from schemas.base import Reply


class Code(StrEnum):
    """Every code a caller can meet, in a problem or in a refused row. Codes are added, never renamed."""

    # the request
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    INVALID_REQUEST = "invalid_request"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    NAME_TAKEN = "name_taken"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    PRECONDITION_FAILED = "precondition_failed"
    NAMES_IN_CLEAR = "names_in_clear"
    POLICIES_CHANGED = "policies_changed"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    DISK_FULL = "disk_full"
    DISK_FAILED = "disk_failed"
    DATABASE_BUSY = "database_busy"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_MANY_FILES = "too_many_files"
    # a file as a whole
    EMPTY_FILE = "empty_file"
    NOT_A_TABLE = "not_a_table"
    ARCHIVE_TOO_LARGE = "archive_too_large"
    ENCODING_UNCLEAR = "encoding_unclear"
    ENCODING_WRONG = "encoding_wrong"
    DELIMITER_UNCLEAR = "delimiter_unclear"
    QUOTING_UNCLEAR = "quoting_unclear"
    HEADER_UNCLEAR = "header_unclear"
    COLUMN_MISSING = "column_missing"
    UNCLOSED_QUOTE = "unclosed_quote"
    NO_USABLE_ROW = "no_usable_row"
    REPLACE_INCOMPLETE = "replace_incomplete"
    # a row
    ROW_UNDECODABLE = "row_undecodable"
    ROW_NUL = "row_nul"
    ROW_RAGGED = "row_ragged"
    ROW_MALFORMED = "row_malformed"
    ROW_NOT_TEXT = "row_not_text"
    FIELD_MISSING = "field_missing"
    FIELD_TOO_LONG = "field_too_long"
    SUBJECT_UNCLEAR = "subject_unclear"
    FORMULA_UNCOMPUTED = "formula_uncomputed"
    HEADER_REPEATED = "header_repeated"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    DROPPED_BY_POLICY = "dropped_by_policy"
    NOT_GENERALISED = "not_generalised"
    # memories
    NO_MEMORY = "no_memory"
    ALIAS_AND_MEMORY = "alias_and_memory"
    RECIPE_INVALID = "recipe_invalid"
    TRAINING_FAILED = "training_failed"
    MEMORY_MISMATCH = "memory_mismatch"
    MEMORY_OUTDATED = "memory_outdated"
    NOT_RETAINED = "not_retained"
    NO_PREDECESSOR = "no_predecessor"
    POLICY_BROKEN = "policy_broken"
    BEHIND_LEDGER = "behind_ledger"
    GATE_FAILED = "gate_failed"
    GATE_NOT_DECISIVE = "gate_not_decisive"
    GATE_INVALID = "gate_invalid"
    REVIEWER_IS_AUTHOR = "reviewer_is_author"
    REVIEW_DECIDED = "review_decided"
    CANCELLED = "cancelled"


class Problem(Reply):
    """RFC 9457. `code` is the stable part; `detail` is for people; `extra` carries what the code needs."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    extra: dict[str, object]
