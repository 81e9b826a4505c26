"""Parquet: three columns of scalars, everything as text."""

import datetime as dt
import io
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.errors import TooLarge, UnusableFile
from service.ingest import Limits, ParsedFile

PARQUET = "application/vnd.apache.parquet"
Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]


def parquet(**columns: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_columns_are_found_by_name(read: Read, facts: AsFacts) -> None:
    """Columns are found by name in any order, others are ignored, and lines count rows from 1."""
    parsed = read(parquet(答え=["1", "2"], note=[1, 2], 主語=["a", "b"], 関係=["r", "r"]), PARQUET)
    assert facts(parsed) == [("a", "r", "1"), ("b", "r", "2")]
    assert (parsed.accepted.lines, parsed.ignored_columns) == ([1, 2], ["note"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12, "12"),
        (12.0, "12"),
        (1.5, "1.5"),
        (True, "TRUE"),
        (Decimal("1.50"), "1.50"),
        (dt.date(2024, 6, 1), "2024-06-01"),
        (dt.datetime(2024, 6, 1, 12), "2024-06-01T12:00:00"),
        ("0012", "0012"),
    ],
)
def test_values_become_text(value: object, text: str, read: Read) -> None:
    """A value becomes the same text as in a workbook."""
    assert read(parquet(subject=["a"], relation=["r"], answer=[value]), PARQUET).accepted.answers == [text]


def test_nulls_are_missing(read: Read) -> None:
    """A row with a null is refused by itself."""
    parsed = read(parquet(subject=["a", None], relation=["r", "r"], answer=["1", "2"]), PARQUET)
    assert [(row.line, row.code) for row in parsed.refused] == [(2, "field_missing")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (parquet(subject=["a"], relation=["r"]), "column_missing"),
        (parquet(x=["a"], y=["r"], z=["1"]), "header_unclear"),
        (parquet(subject=["a"], relation=["r"], answer=[["1", "2"]]), "not_a_table"),
        (parquet(subject=["a"], relation=["r"], answer=[b"\xff"]), "not_a_table"),
        (parquet(subject=["a"], relation=["r"], answer=["1"])[:-30], "not_a_table"),
        (parquet(subject=pa.array([], pa.string()), relation=pa.array([], pa.string()), answer=[]), "no_usable_row"),
    ],
)
def test_unusable_files_have_a_code(data: bytes, code: str, read: Read) -> None:
    """Missing columns, nested or binary values and damage refuse the file with a code."""
    with pytest.raises(UnusableFile) as refused:
        read(data, PARQUET)
    assert refused.value.code == code


def test_a_dictionary_does_not_expand_unseen(read: Read) -> None:
    """One long value that is repeated 2,000 times counts at its expanded size before it is written out."""
    data = parquet(subject=[f"s{n}" for n in range(2_000)], relation=["r"] * 2_000, answer=["x" * 10_000] * 2_000)
    assert len(data) < 100_000
    with pytest.raises(TooLarge) as refused:
        read(data, PARQUET, limits=Limits(max_expanded_bytes=5_000_000))
    assert refused.value.code == "archive_too_large"


def test_damage_that_ends_the_decoder_ends_no_more_than_it(read: Read) -> None:
    """Whichever byte is damaged, the file is read or refused, though some damage aborts the decoder."""
    data = parquet(subject=[f"s{n}" for n in range(50)], relation=["r", "é"] * 25, answer=[str(n) for n in range(50)])
    for at in range(len(data) - 900, len(data) - 8, 300):
        with suppress(UnusableFile, TooLarge):
            assert len(read(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :], PARQUET).accepted) <= 50
