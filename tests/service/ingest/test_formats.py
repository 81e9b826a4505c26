"""The declared media type and the first bytes of a file must agree."""

import gzip
from collections.abc import Callable

import pytest

from service.errors import UnsupportedMedia
from service.ingest import ParsedFile

CSV = b"subject,relation,answer\na,r,1\n"
JSON = b'{"subject":"a","relation":"r","answer":"1"}\n'
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"
Read = Callable[..., ParsedFile]


@pytest.mark.parametrize(
    "declared",
    [None, "", "text/csv", "Text/CSV; charset=utf-8", "application/csv", "text/plain", "application/octet-stream"],
)
def test_text_is_read_under_its_names(declared: str | None, read: Read) -> None:
    """CSV is read under several media types, and without one."""
    parsed = read(CSV, declared)
    assert (len(parsed.accepted), parsed.media_type) == (1, "text/csv")


@pytest.mark.parametrize("declared", ["application/vnd.ms-excel", "application/x-www-form-urlencoded"])
def test_some_names_say_nothing(declared: str, read: Read) -> None:
    """Media types that browsers on Windows and curl send for a CSV are ignored; its bytes decide."""
    assert read(CSV, declared).media_type == "text/csv"


@pytest.mark.parametrize("declared", [None, "application/jsonl", "application/x-ndjson"])
def test_json_lines_are_seen(declared: str | None, read: Read) -> None:
    """A file whose first line is an object is read as JSON lines."""
    assert read(JSON, declared).media_type == "application/x-ndjson"


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        (CSV, XLSX),
        (CSV, PARQUET),
        (JSON, "text/csv"),
        (b'\xef\xbb\xbf[\n {"subject": "a"}]', "text/csv"),
        (b"PK\x03\x04....", "text/csv"),
        (b"PAR1....", "text/csv"),
        (b"PAR1....", XLSX),
        (gzip.compress(CSV, mtime=0), "text/csv"),
        (gzip.compress(CSV, mtime=0), None),
        (b"%PDF-1.7", "text/csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "application/vnd.ms-excel"),
        (b"\x89PNG\r\n", None),
        (b"<!DOCTYPE html><html>", "text/csv"),
        (b"\n <html>", "text/csv"),
        (b"<?xml version='1.0'?>", "text/csv"),
        (CSV, "image/png"),
        (CSV, "application/json"),
        (CSV, "multipart/form-data; boundary=x"),
    ],
)
def test_disagreement_is_refused(data: bytes, declared: str | None, read: Read) -> None:
    """A file that is not of its declared type is refused with 415."""
    with pytest.raises(UnsupportedMedia) as refused:
        read(data, declared)
    assert (refused.value.status, refused.value.code) == (415, "unsupported_media_type")


def test_brackets_may_begin_a_header(read: Read) -> None:
    """`[subject],…` is a header, not JSON."""
    assert (
        read("[subject],relation,answer\na,r,1\n", header="[subject],relation,answer").columns["subject"] == "[subject]"
    )
