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
    assert (list(parsed.accepted.lines), parsed.ignored_columns) == ([1, 2], ["note"])


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
        (dt.datetime(2024, 6, 1), "2024-06-01T00:00:00"),
        (dt.datetime(2024, 6, 1, 12, 0, 0, 1500), "2024-06-01T12:00:00.001500"),
        (dt.time(1), "01:00:00"),
        (dt.timedelta(hours=30, microseconds=5), "30:00:00.000005"),
        (-dt.timedelta(minutes=1), "-0:01:00"),
        (pa.scalar(0.1, pa.float32()), "0.1"),
        (pa.scalar(132.04, pa.float32()), "132.04"),
        (pa.scalar(0.1, pa.float16()), "0.1"),
        (Decimal("0E-10"), "0.0000000000"),
        (pa.scalar(1, pa.time64("ns")), "00:00:00.000000001"),
        (pa.scalar(1, pa.timestamp("ns")), "1970-01-01T00:00:00.000000001"),
        (pa.scalar(0, pa.timestamp("s", "Asia/Tokyo")), "1970-01-01T09:00:00+09:00"),
        (pa.scalar(1, pa.timestamp("ms", "+05:30")), "1970-01-01T05:30:00.001000+05:30"),
        (pa.scalar(2**64 - 1, pa.uint64()), "18446744073709551615"),
        ("0012", "0012"),
    ],
)
def test_values_become_text(value: object, text: str, read: Read) -> None:
    """Each value keeps its exact text: the shortest of its width, with nanoseconds and offsets, without exponents."""
    assert read(parquet(subject=["a"], relation=["r"], answer=[value]), PARQUET).accepted.answers == [text]


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        pa.scalar(-float("inf"), pa.float32()),
        pa.scalar(2**53, pa.timestamp("ms")),
        pa.scalar(-(2**37), pa.timestamp("s", "Asia/Tokyo")),
        pa.scalar(2**30, pa.date32()),
    ],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_what_has_no_text_is_refused_by_itself(value: object, encoded: bool, read: Read) -> None:
    """NaN, infinity and dates outside the years 1 to 9999 are refused with their row and never taught."""
    scalar = pa.scalar(value)
    answers = pa.concat_arrays([pa.array([scalar]), pa.array([0], scalar.type), pa.nulls(1, scalar.type)])
    columns = {"subject": ["a", "b", "c"], "relation": ["r"] * 3}
    parsed = read(parquet(**columns, answer=answers.dictionary_encode() if encoded else answers), PARQUET)
    assert parsed.accepted.subjects == ["b"]
    assert [(row.line, row.code) for row in parsed.refused] == [(1, "row_not_text"), (3, "field_missing")]
    assert "'answer'" in parsed.refused[0].detail


def test_identifiers_are_read_and_bytes_are_not(read: Read) -> None:
    """A UUID is text; bytes without a type are refused with the name of their column and type."""
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(range(16))], pa.binary(16)))
    read_uuid = read(parquet(subject=uuids, relation=["r"], answer=["1"]), PARQUET)
    assert read_uuid.accepted.subjects == ["00010203-0405-0607-0809-0a0b0c0d0e0f"]
    with pytest.raises(UnusableFile, match="'subject' holds fixed_size_binary"):
        read(parquet(subject=pa.array([b"AB12"], pa.binary(4)), relation=["r"], answer=["1"]), PARQUET)


def test_an_unknown_time_zone_is_named(read: Read) -> None:
    """A zone that is not in the database is refused by name, not called damage."""
    answers = pa.array([0], pa.timestamp("s", "America/Nowhere"))
    with pytest.raises(UnusableFile, match="'answer' has the time zone 'America/Nowhere'"):
        read(parquet(subject=["a"], relation=["r"], answer=answers), PARQUET)


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
