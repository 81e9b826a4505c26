"""Wide tables: every filled cell is a fact or refused by itself, empty cells are counted, and headers are joined."""

import io
import json
from collections.abc import Callable
from urllib.parse import parse_qs

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from schemas.uploads import Layout, OnConflict
from service.errors import UnusableFile
from service.ingest import ParsedFile

Read = Callable[..., ParsedFile]
Fact = tuple[str, str, str]
NDJSON, PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"
PARTS = "品番,色,重さ\nP-1,赤,3kg\nP-2,,\nP-3,青,\n"
PARTS_FACTS = [("P-1", "色", "赤"), ("P-1", "重さ", "3kg"), ("P-3", "色", "青")]


@pytest.fixture(scope="session")
def read_wide(read: Read) -> Read:
    """A function that reads a wide table, whose subject is 品番 unless said otherwise."""

    def read_it(
        data: bytes | str, media_type: str = "text/csv", subject: str = "品番", **options: object
    ) -> ParsedFile:
        return read(data, media_type, layout=Layout.WIDE, subject=subject, **options)

    return read_it


def facts(parsed: ParsedFile) -> list[Fact]:
    return list(parsed.accepted.rows())


def counts(parsed: ParsedFile) -> tuple[int, int, int | None, int | None]:
    return parsed.rows_read, parsed.rejected, parsed.table_rows, parsed.empty_cells


def refused(parsed: ParsedFile) -> list[tuple[int, str]]:
    return [(row.line, row.code.value) for row in parsed.refused]


def test_filled_cells_are_facts_and_empty_ones_are_counted(read_wide: Read) -> None:
    """A filled cell is a row on the line of its subject."""
    parsed = read_wide(PARTS)
    assert facts(parsed) == PARTS_FACTS
    assert counts(parsed) == (3, 0, 3, 3)
    assert list(parsed.accepted.lines) == [2, 2, 4]
    assert (parsed.header, parsed.columns, parsed.layout) == (["品番", "色", "重さ"], {"subject": "品番"}, Layout.WIDE)


@given(
    table=st.dictionaries(
        st.text("ABCあ品/ ", min_size=1, max_size=4).filter(lambda name: name.strip("　 ")),
        st.lists(st.sampled_from(["", " ", "1", "赤", "a,b", 'say "x"', "two\nlines"]), min_size=3, max_size=3),
        min_size=1,
        max_size=6,
    )
)
def test_a_wide_table_says_what_the_long_one_says(table: dict[str, list[str]], read: Read, read_wide: Read) -> None:
    """The same facts, wide or long, are the same facts, and every cell is a fact, refused, a duplicate or empty."""
    names = ["色", "重さ", "備考"]
    wide = "\n".join(_line(row) for row in [["品番", *names], *([subject, *cells] for subject, cells in table.items())])
    long = [["subject", "relation", "answer"]]
    long += [
        [subject, name, cell]
        for subject, cells in table.items()
        for name, cell in zip(names, cells, strict=True)
        if cell.strip()
    ]
    if len(long) == 1:
        with pytest.raises(UnusableFile):
            read_wide(wide)
        return
    one, other = (
        read_wide(wide, on_conflict=OnConflict.MANY),
        read("\n".join(map(_line, long)), on_conflict=OnConflict.MANY),
    )
    assert facts(one) == facts(other)
    assert one.rows_read == other.rows_read
    assert one.rows_read + (one.empty_cells or 0) == 3 * len(table)


def _line(cells: list[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def test_every_format_can_be_wide(read_wide: Read) -> None:
    """JSON lines and Parquet have columns as well; a missing key and a null are empty cells."""
    lines = [{"品番": "P-1", "色": "赤", "重さ": "3kg"}, {"品番": "P-2", "色": None}, {"品番": "P-3", "色": "青"}]
    parsed = read_wide("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), NDJSON)
    assert (facts(parsed), counts(parsed)) == (PARTS_FACTS, (3, 0, 3, 3))
    parsed = read_wide('{"品番":"A","色":"x"}\n["A"]\n{"品番":"B","色":["x"]}\n{"品番":["C"],"色":"y"}', NDJSON)
    assert refused(parsed) == [(2, "row_malformed"), (3, "row_not_text"), (4, "row_not_text")]
    out = io.BytesIO()
    columns = {"色": ["赤", None, "青"], "品番": ["P-1", "P-2", "P-3"], "重さ": ["3kg", None, None]}
    parquet.write_table(pa.table(columns), out)
    parsed = read_wide(out.getvalue(), PARQUET)
    assert (facts(parsed), counts(parsed)) == (PARTS_FACTS, (3, 0, 3, 3))


@pytest.mark.parametrize(
    ("options", "names", "ignored"),
    [
        ({}, ["色", "重さ", "備考"], []),
        ({"relations": "備考,色"}, ["備考", "色"], ["重さ"]),
        ({"ignore": "備考"}, ["色", "重さ"], ["備考"]),
        ({"ignore": '備考,"重さ"'}, ["色"], ["重さ", "備考"]),
    ],
)
def test_columns_can_be_chosen(options: dict[str, str], names: list[str], ignored: list[str], read_wide: Read) -> None:
    """`relations` takes columns in its own order, `ignore` leaves some out; the receipt lists what was left out."""
    parsed = read_wide("品番,色,重さ,備考\nP,1,2,3\n", **options)
    assert [relation for _, relation, _ in facts(parsed)] == names
    assert parsed.ignored_columns == ignored


def test_several_columns_make_a_subject(read_wide: Read) -> None:
    """Their cells are joined by a slash; rows whose different cells join to one text are refused."""
    text = "品番,枝番,色\nA,1,赤\nA,2,青\n,3,黒\nB, ,白\nx/y,z,緑\nx,y/z,黄\n"
    parsed = read_wide(text, subject="品番,枝番")
    assert facts(parsed) == [("A/1", "色", "赤"), ("A/2", "色", "青")]
    assert refused(parsed) == [
        (4, "field_missing"),
        (5, "field_missing"),
        (6, "subject_unclear"),
        (7, "subject_unclear"),
    ]
    assert "no 枝番" in parsed.refused[1].detail


def test_a_bad_cell_refuses_its_fact_alone(read_wide: Read) -> None:
    """NUL, a cell too long, bytes that do not decode; and a bad subject refuses each of its filled cells."""
    text = (
        "品番,色,重さ\nA,\0赤,1\nB,青,\nC\0,白,2\nD,,\0\n".encode() + b"E,\xff,4\n" + f"F,{'x' * 140_000},5\n".encode()
    )
    parsed = read_wide(text)
    assert facts(parsed) == [("A", "重さ", "1"), ("B", "色", "青"), ("E", "重さ", "4"), ("F", "重さ", "5")]
    nul, bad, long = "row_nul", "row_undecodable", "field_too_long"
    assert refused(parsed) == [(2, nul), (4, nul), (4, nul), (5, nul), (6, bad), (7, long)]
    assert parsed.refused[0].detail.startswith("色: ")
    assert ("A", "色") in parsed.mentioned
    assert counts(parsed) == (10, 6, 6, 2)


def test_rows_of_another_width_are_refused_as_a_whole(read_wide: Read) -> None:
    """It is unknown which cell is which; what they may be about is not deleted by a replacement."""
    parsed = read_wide("品番,色,重さ\nA,赤,1\nB,青\nC,白,2,x\n以上\n\n品番,色,重さ\n,,\n")
    assert refused(parsed) == [(3, "row_ragged"), (4, "row_ragged"), (5, "row_ragged"), (7, "header_repeated")]
    assert ("B", "重さ") in parsed.mentioned
    assert (parsed.table_rows, parsed.blank_lines) == (5, 2)


@pytest.mark.parametrize(
    ("text", "relations"),
    [
        ("品番,寸法,,備考\n,長さ,幅,\nA,1,2,x\n", ["寸法 / 長さ", "寸法 / 幅", "備考"]),
        ("品番,寸法,寸法,備考\n,長さ,幅,\nA,1,2,x\n", ["寸法 / 長さ", "寸法 / 幅", "備考"]),
        (
            ",寸法,,価格,\n品番,長さ,幅,税抜,税込\nA,1,2,3,4\n",
            ["寸法 / 長さ", "寸法 / 幅", "価格 / 税抜", "価格 / 税込"],
        ),
        ("部品一覧,,\n\n品番,色,重さ\nA,1,2\n", ["色", "重さ"]),
        (",作成日,2024-04-01,\n品番,色,重さ,幅\nA,1,2,3\n", ["色", "重さ", "幅"]),
        ("品番,色,重さ\n,赤,\nA,1,2\n", ["色", "重さ"]),
    ],
)
def test_two_header_rows_are_joined(text: str, relations: list[str], read_wide: Read) -> None:
    """Groups of columns stand above or below the row with the subject's name; titles and notes are no groups."""
    parsed = read_wide(text)
    assert [relation for _, relation, _ in facts(parsed)] == relations
    assert any(finding.kind == "header_rows_joined" for finding in parsed.findings) == (" / " in relations[0])


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (PARTS, {"subject": None}, "header_unclear"),
        (PARTS, {"subject": "型番"}, "column_missing"),
        (PARTS, {"subject": ""}, "header_unclear"),
        (PARTS, {"subject": "品番,品番"}, "header_unclear"),
        (PARTS, {"relations": "色", "ignore": "重さ"}, "header_unclear"),
        (PARTS, {"relations": "品番"}, "header_unclear"),
        (PARTS, {"ignore": "色,重さ"}, "column_missing"),
        (PARTS, {"header": "none"}, "header_unclear"),
        (PARTS, {"header": "品番,色,重さ"}, "header_unclear"),
        ("品番,色,色\nA,1,2\n", {}, "header_unclear"),
        ("品番,色,\nA,1,2\n", {}, "header_unclear"),
        ("品番,色\nA,\n", {}, "no_usable_row"),
    ],
)
def test_an_unclear_wide_table_is_asked_about(text: str, options: dict[str, str], code: str, read_wide: Read) -> None:
    """A missing subject, equal or missing names, options that do not go together."""
    with pytest.raises(UnusableFile) as error:
        read_wide(text, **options)
    assert error.value.code == code


def test_a_nameless_column_without_values_is_left_out(read_wide: Read) -> None:
    """Some programs end every line with delimiters."""
    assert facts(read_wide("品番,色,\nA,1,\nB,2, \n")) == [("A", "色", "1"), ("B", "色", "2")]
    assert facts(read_wide("品番,色,\nA,1,9\n", relations="色")) == [("A", "色", "1")]


@pytest.mark.parametrize(
    ("text", "options", "tried"),
    [
        (PARTS, {}, {"layout": ["wide"], "subject": ["品番"]}),
        ("コード,a,b,c\n1,x,y,z\n1,y,y,z\n", {}, {"layout": ["wide"], "subject": ["コード,a"]}),
        ("部品表,,,\n品番,寸法,,材質\n,長さ,幅,\nA,1,2,鋼\nB,1,2,鋼\n", {}, {"layout": ["wide"], "subject": ["品番"]}),
        (
            ",寸法,,価格,,色\n品番,縦,横,税抜,税込,表\nA,1,2,3,4,5\nB,1,2,3,4,5\n",
            {},
            {"layout": ["wide"], "subject": ["品番"]},
        ),
        ("P-1,色,赤\nP-2,色,青\n", {}, {"header": ["none"]}),
        ("何,どう,なに\nA,r,1\nA,s,2\n", {}, {"header": ["何,どう,なに"]}),
        ("subject,relation,answer\nA,r,1\n", {"header": "what,how,which"}, {}),
        (PARTS, {"layout": Layout.WIDE}, {"layout": ["wide"], "subject": ["品番"]}),
        ("品番,色,\nA,1,2\n", {"layout": Layout.WIDE, "subject": "品番"}, {"relations": ["色"]}),
    ],
)
def test_each_reading_that_fits_is_offered(
    text: str, options: dict[str, object], tried: dict[str, list[str]], read: Read
) -> None:
    """`try` is a query by which the table is read, and every reading comes with the first facts that it gives."""
    with pytest.raises(UnusableFile) as error:
        read(text, **options)
    query = {name: value for name, (value,) in parse_qs(str(error.value.extra["try"])).items()}
    assert query == {name: value for name, (value,) in tried.items()}
    kept = options if "relations" in tried else {}
    parsed = read(text, **{**kept, **query, **({"layout": Layout.WIDE} if "layout" in query else {})})
    readings = error.value.extra.get("readings")
    if isinstance(readings, list):
        assert readings[0]["facts"] == [list(fact) for fact in facts(parsed)[:3]]
