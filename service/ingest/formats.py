"""The file formats that can be read, and which of them a file has: its media type and its first bytes must agree."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from schemas.problems import Code
from service.errors import UnsupportedMedia, UnusableFile
from service.ingest.options import Limits, Options
from service.ingest.readers.decode import get_base_type
from service.ingest.readers.delimited import read_delimited
from service.ingest.readers.jsonlines import read_json_lines
from service.ingest.readers.workbook import read_workbook
from service.ingest.table import Table

Read = Callable[[Path, str | None, Options, Limits], Table]


def _read_parquet(path: Path, media_type: str | None, options: Options, limits: Limits) -> Table:
    from service.ingest.readers.parquet import read_parquet  # noqa: PLC0415 - only this format needs PyArrow

    return read_parquet(path, media_type, options, limits)


@dataclass(frozen=True, slots=True)
class Format:
    """A file format that can be read; `FORMATS` registers it.

    name: what messages call it. media_types: those it may be sent as, the recommended one first. read: turns a file
    into a table. magic: the bytes that every such file begins with; None where there are none. advice: what to do with
    a file of this format that was sent as another; by default, to send it as the recommended type.
    """

    name: str
    media_types: tuple[str, ...]
    read: Read
    magic: bytes | None = None
    advice: str = ""

    @property
    def media_type(self) -> str:
        return self.media_types[0]


DELIMITED = Format(
    "delimited text",
    ("text/csv", "text/tab-separated-values", "application/csv", "text/x-csv", "text/plain"),
    read_delimited,
)
JSON_LINES = Format(
    "JSON",
    (
        *("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"),
        *("application/json-lines", "application/jsonlines", "text/jsonl"),
    ),
    read_json_lines,
    advice="Write one object a line and send it as application/x-ndjson, or save the table as CSV.",
)
PARQUET = Format(
    "Parquet",
    ("application/vnd.apache.parquet", "application/x-parquet", "application/parquet"),
    _read_parquet,
    magic=b"PAR1",
)
WORKBOOK = Format(
    "an Excel workbook",
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    read_workbook,
    magic=b"PK\x03\x04",
)
FORMATS = (DELIMITED, JSON_LINES, PARQUET, WORKBOOK)
MEDIA_TYPES = ("text/csv", "text/tab-separated-values", *(each.media_type for each in FORMATS[1:]))
"""The media types that the documentation names: the recommended one of each format, and that of tab-separated text."""

# Browsers on Windows send CSV files as application/vnd.ms-excel, and curl sends any file as a form by default.
_GENERIC_TYPES = {
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/vnd.ms-excel",
    "application/x-www-form-urlencoded",
}
_UNSUPPORTED = (
    (b"\x1f\x8b", "gzip data; unpack it first"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel (.xls) or encrypted file; save it as .xlsx or CSV UTF-8"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data; unpack it first"),
    (b"\xfd7zXZ\x00", "xz data; unpack it first"),
    (b"BZh", "bzip2 data; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"ARROW1\x00", "an Arrow file; save it as Parquet"),
    (b"{\\rtf", "an RTF document"),
    (b"\x7fELF", "a program"),
)
_MARKUP = ((b"<!doctype html", "HTML"), (b"<html", "HTML"), (b"<table", "HTML"), (b"<?xml", "XML"))
_HEAD_BYTES = 4096
_BLANK = b"\xef\xbb\xbf \t\r\n"


def identify_format(path: Path, media_type: str | None) -> Format:
    """Identify the format of a file by its first bytes and check it against the media type it was sent as.

    Raises UnsupportedMedia (415) where they differ or the format cannot be read, UnusableFile (422) for an empty file.
    """
    with path.open("rb") as file:
        head = next((head for head in iter(lambda: file.read(_HEAD_BYTES), b"") if head.strip(_BLANK)), b"")
    declared = _find_declared(get_base_type(media_type))
    if not head:
        raise UnusableFile("The file is empty.", code=Code.EMPTY_FILE)
    seen = _recognise(head)
    if declared is None or declared is seen:
        return seen
    if declared is JSON_LINES and seen is DELIMITED:
        return declared  # a line that is not JSON is refused by itself
    raise UnsupportedMedia(
        f"The file was sent as {get_base_type(media_type)}, but its first bytes are those of {seen.name}. "
        f"{seen.advice or f'Send it as {seen.media_type}.'}"
    )


def _find_declared(base: str) -> Format | None:
    if base in _GENERIC_TYPES:
        return None
    for each in FORMATS:
        if base in each.media_types:
            return each
    raise UnsupportedMedia(
        f"The media type {base} is not supported. Send one of: {', '.join(each.media_type for each in FORMATS)}."
    )


def _recognise(head: bytes) -> Format:
    for magic, foreign in _UNSUPPORTED:
        if head.startswith(magic):
            raise UnsupportedMedia(f"The file is {foreign}.")
    for each in FORMATS:
        if each.magic is not None and head.startswith(each.magic):
            return each
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for opening, markup in _MARKUP:
        if start[: len(opening)].lower() == opening:
            raise UnsupportedMedia(f"The file is {markup}. Save the table as CSV UTF-8 or .xlsx.")
    return JSON_LINES if _looks_like_json(start) else DELIMITED


def _looks_like_json(start: bytes) -> bool:
    """Whether a text starts like an object or an array of objects, arrays or strings; `[name],relation` is CSV."""
    inner = start[1:].lstrip()[:1]
    return (start[:1] == b"{" and inner in (b'"', b"}", b"")) or (
        start[:1] == b"[" and inner in (b"{", b"[", b'"', b"")
    )
