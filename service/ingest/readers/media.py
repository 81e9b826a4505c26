"""What a file is: the declared media type and the first bytes must agree."""

from enum import Enum
from pathlib import Path

from schemas.problems import Code
from service.errors import UnsupportedMedia, UnusableFile


class Format(Enum):
    DELIMITED = "delimited text"
    JSON_LINES = "JSON"
    WORKBOOK = "an Excel workbook"
    PARQUET = "Parquet"


CANONICAL = {
    Format.DELIMITED: "text/csv",
    Format.JSON_LINES: "application/x-ndjson",
    Format.WORKBOOK: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}
_ADVICE = {form: f"Send it as {media}." for form, media in CANONICAL.items()} | {
    Format.JSON_LINES: "Write one object a line and send it as application/x-ndjson, or save the table as CSV."
}
_DECLARED = {
    **dict.fromkeys(
        ("text/csv", "application/csv", "text/x-csv", "text/plain", "text/tab-separated-values"), Format.DELIMITED
    ),
    **dict.fromkeys(
        ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"),
        Format.JSON_LINES,
    ),
    **dict.fromkeys(("application/json-lines", "application/jsonlines", "text/jsonl"), Format.JSON_LINES),
    CANONICAL[Format.WORKBOOK]: Format.WORKBOOK,
    **dict.fromkeys(("application/vnd.apache.parquet", "application/x-parquet", "application/parquet"), Format.PARQUET),
}
# Browsers on Windows send CSV files as application/vnd.ms-excel, and curl whatever it is given as a form.
_SAYS_NOTHING = {
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/vnd.ms-excel",
    "application/x-www-form-urlencoded",
}
_MAGIC = (
    (b"PK\x03\x04", Format.WORKBOOK),
    (b"PAR1", Format.PARQUET),
)
_FOREIGN = (
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


def base_type(media_type: str | None) -> str:
    """`Text/CSV; charset=cp932` -> `text/csv`."""
    return (media_type or "").partition(";")[0].strip().lower()


def declared_charset(media_type: str | None) -> str | None:
    """The charset parameter of a media type, or None."""
    for parameter in (media_type or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip():
            return value.strip().strip('"')
    return None


def agreed_format(path: Path, media_type: str | None) -> Format:
    """The format that the first bytes show, checked against the declared type: 415 where they differ."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    declared = _declared(base_type(media_type))
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnusableFile("The file is empty.", code=Code.EMPTY_FILE)
    seen = _seen(head)
    if declared is None or declared is seen:
        return seen
    if declared is Format.JSON_LINES and seen is Format.DELIMITED:
        return declared  # each line is judged by itself
    raise UnsupportedMedia(
        f"The file was sent as {base_type(media_type)}, but its first bytes are those of {seen.value}. {_ADVICE[seen]}"
    )


def _declared(base: str) -> Format | None:
    if base in _SAYS_NOTHING:
        return None
    if base not in _DECLARED:
        raise UnsupportedMedia(f"{base} is not read here. Send one of: {', '.join(CANONICAL.values())}.")
    return _DECLARED[base]


def _seen(head: bytes) -> Format:
    for magic, foreign in _FOREIGN:
        if head.startswith(magic):
            raise UnsupportedMedia(f"The file is {foreign}.")
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for opening, markup in _MARKUP:
        if start[: len(opening)].lower() == opening:
            raise UnsupportedMedia(f"The file is {markup}. Save the table as CSV UTF-8 or .xlsx.")
    return Format.JSON_LINES if _looks_like_json(start) else Format.DELIMITED


def _looks_like_json(start: bytes) -> bool:
    """An object or an array of objects, arrays or strings; `[name],relation,answer` is a CSV header."""
    inner = start[1:].lstrip()[:1]
    return (start[:1] == b"{" and inner in (b'"', b"}", b"")) or (
        start[:1] == b"[" and inner in (b"{", b"[", b'"', b"")
    )
