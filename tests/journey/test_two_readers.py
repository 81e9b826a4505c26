"""The pilot judges by a reading of its own: code that shares nothing with the service's must read the same."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from pilot.errors import UnusableInput
from pilot.reading import ReadingOptions, read_facts
from schemas.problems import Code
from schemas.uploads import OnConflict
from service.errors import UnusableFile
from service.ingest import Limits, Options, read_table
from service.memory.recall import answer_sets
from tests.examples import examples

PARQUET = "application/vnd.apache.parquet"
ZONES = [None, "Asia/Tokyo", "America/Sao_Paulo", "Europe/Dublin", "UTC", "+05:30", "-08:00"]


def whole(bits: int, *, signed: bool = True) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


@st.composite
def arrow_column(draw: st.DrawFn, length: int) -> pa.Array:
    """A column of any type that has an exact text, nulls and values without one among it."""
    unit = draw(st.sampled_from(["s", "ms", "us", "ns"]))
    decimals = st.decimals(-(10**9), 10**9, places=7, allow_nan=False)
    kind, values = draw(
        st.sampled_from(
            [
                (pa.string(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)),
                (pa.bool_(), st.booleans()),
                (pa.int8(), whole(8)),
                (pa.int64(), whole(64)),
                (pa.uint64(), whole(64, signed=False)),
                (pa.float16(), st.floats(width=16)),
                (pa.float32(), st.floats(width=32)),
                (pa.float64(), st.floats()),
                (pa.decimal128(30, 7), decimals),
                (pa.decimal256(60, 7), decimals),
                (pa.date32(), st.one_of(whole(32), st.integers(-800_000, 3_000_000))),
                (pa.timestamp(unit, draw(st.sampled_from(ZONES))), st.one_of(whole(62), whole(40), whole(34))),
                (pa.time32("ms"), st.integers(0, 86_399_999)),
                (pa.time64("ns"), st.integers(0, 86_400 * 10**9 - 1)),
                (pa.duration(unit), whole(50)),
            ]
        )
    )
    column = pa.array(draw(st.lists(st.none() | values, min_size=length, max_size=length)), kind)
    return column.dictionary_encode() if draw(st.booleans()) and kind != pa.float16() else column


Found = tuple[dict[tuple[str, str], tuple[str, ...]], int]  # the facts, and how many rows were refused


def read_as_the_pilot(path: Path) -> Found | None:
    try:
        reading = read_facts(path, ReadingOptions(on_conflict=OnConflict.MANY))
    except UnusableInput:
        return None
    return reading.taught, reading.rejected


def read_as_the_service(path: Path) -> Found | None:
    try:
        parsed = read_table(path, PARQUET, Options(on_conflict=OnConflict.MANY), Limits())
    except UnusableFile:
        return None
    return answer_sets(parsed.accepted), sum(row.code is not Code.DUPLICATE for row in parsed.refused)


@examples(30)
@given(st.data())
def test_a_parquet_file_reads_alike(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Of whatever types the columns are, both readers find the same facts and count the same rows."""
    length = data.draw(st.integers(1, 6))
    columns = {name: data.draw(arrow_column(length)) for name in ("subject", "answer")} | {"relation": ["r"] * length}
    path = tmp_path_factory.mktemp("parquet") / "facts.parquet"
    parquet.write_table(pa.table(columns), path)
    assert read_as_the_pilot(path) == read_as_the_service(path)


EDGES = [dt.datetime(1, 1, 1), dt.datetime(1880, 1, 1), dt.datetime(1945, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59)]
EPOCH = dt.datetime(1970, 1, 1)


@pytest.mark.parametrize("zone", [*ZONES, "Africa/Monrovia"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])  # Parquet stores seconds as milliseconds
def test_moments_read_alike_at_their_edges(tmp_path: Path, unit: str, zone: str | None) -> None:
    """The first and last years, offsets with seconds, and the ends of the type's own range."""
    second = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    edges = [int((edge - EPOCH).total_seconds()) * second + step for edge in EDGES for step in (-1, 0, 1)]
    counts = [count for count in (*edges, 2**63 - 1, 1 - 2**63, -1, 1) if abs(count) < 2**63]
    moments = pa.array(counts, pa.int64()).cast(pa.timestamp(unit, zone))
    path = tmp_path / "facts.parquet"
    columns = {"subject": [str(count) for count in counts], "relation": ["r"] * len(counts), "answer": moments}
    parquet.write_table(pa.table(columns), path)
    assert read_as_the_pilot(path) == read_as_the_service(path)


def test_lines_of_json_end_alike(tmp_path: Path) -> None:
    """At line feeds, carriage returns and both, and at no other separator of Unicode."""
    path = tmp_path / "facts.jsonl"
    facts = [f'{{"subject": "{name}", "relation": "r", "answer": "x\u2028y\x85z"}}' for name in "abcd"]
    path.write_bytes("\r".join([facts[0], facts[1] + "\r\n" + facts[2] + "\n" + facts[3]]).encode())
    taken = read_table(path, "application/jsonl", Options(), Limits())
    assert taken.accepted.subjects == list("abcd")
    assert read_facts(path, ReadingOptions()).taught == answer_sets(taken.accepted)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: pa.array([dt.datetime(2024, 6, 1, 12)], pa.timestamp("us")), "2024-06-01T12:00:00"),
        (lambda: pa.array([253_402_214_400], pa.timestamp("s")), "9999-12-31T00:00:00"),
        (lambda: pa.array([-(2**32)], pa.timestamp("s", "Asia/Tokyo")), "1833-11-25T02:50:43+09:18:59"),
        (lambda: pa.array([1], pa.timestamp("ns", "Asia/Tokyo")), "1970-01-01T09:00:00.000000001+09:00"),
        (lambda: pa.array([dt.timedelta(hours=27, minutes=15)]), "27:15:00"),
        (lambda: pa.array([0.1], pa.float32()), "0.1"),
    ],
)
def test_both_read_what_was_written(tmp_path: Path, make: Callable[[], Any], text: str) -> None:
    """Agreement alone would not show that both are right."""
    path = tmp_path / "facts.parquet"
    parquet.write_table(pa.table({"subject": ["a"], "relation": ["r"], "answer": make()}), path)
    assert read_facts(path, ReadingOptions()).taught == {("a", "r"): (text,)}
    assert read_table(path, PARQUET, Options(), Limits()).accepted.answers == [text]
