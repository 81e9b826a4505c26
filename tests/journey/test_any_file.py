"""Whatever table is written in whatever format and layout: it comes back from the memory as it was, or is asked about.

A question that names the query to settle it is answered by that query, and then the table has to come back.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyarrow import parquet

from schemas.uploads import Layout, OnConflict
from service.errors import UnusableFile
from service.facts import trimmed
from service.ingest import Limits, Options, ParsedFile, read_table
from service.memory import Recipe, fit
from tests.examples import examples

Table = dict[str, dict[str, str]]  # subject -> relation -> answer
Grid = list[list[str]]
Fact = tuple[str, str, str]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET, NDJSON, CSV = "application/vnd.apache.parquet", "application/x-ndjson", "text/csv"
SCRIPTS = (
    "abcXYZ019 -_.,;|/\t\"'",
    "éüßñçøåœ",
    "品番色赤青重さ寸法ーアイウ、。",
    "ｱｲｳﾊﾞﾟ",
    "ЖдляМоскв",
    "αβγΑΘΗΝ",
    "ñ\u3000\u2028\x85\n",
    "😀𠮷️",
)
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def texts(alphabet: str) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(alphabet), min_size=1, max_size=8).filter(trimmed)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A small table in one or two scripts, with gaps; a name has no white space at its ends, which is not kept."""
    alphabet = "".join(draw(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=2)))
    names = texts(alphabet).map(trimmed)
    relations = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    subjects = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    table = {
        subject: {name: answer for name in relations if (answer := draw(st.none() | texts(alphabet)))}
        for subject in subjects
    }
    assume(any(table.values()))
    return table


def as_long(table: Table) -> Grid:
    return [["subject", "relation", "answer"], *([s, r, a] for s, held in table.items() for r, a in held.items())]


def as_wide(table: Table) -> Grid:
    relations = list(dict.fromkeys(relation for held in table.values() for relation in held))
    return [["the part", *relations], *([s, *(held.get(name, "") for name in relations)] for s, held in table.items())]


def write_csv(grid: Grid, draw: st.DataObject) -> tuple[bytes, str, dict[str, str]]:
    """Delimited text in some dialect and encoding, of which the query tells all, a part, or nothing."""
    delimiter = draw.draw(st.sampled_from(",;\t|"), "delimiter")
    encoding = draw.draw(
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp", "cp1252", "koi8_r"]), "encoding"
    )
    out = io.StringIO(newline="")
    quoted = draw.draw(st.booleans(), "quoted") or any("\r" in cell for row in grid for cell in row)
    ends = draw.draw(st.sampled_from(["\n", "\r\n"]), "line ends")
    csv.writer(
        out, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator=ends
    ).writerows(grid)
    try:
        data = out.getvalue().encode(encoding)
    except UnicodeEncodeError:
        assume(False)
    query = {"delimiter": delimiter} if draw.draw(st.booleans(), "tells the delimiter") else {}
    if draw.draw(st.booleans(), "tells the encoding"):
        query["encoding"] = encoding
    return data, CSV, query


def write_json(grid: Grid, draw: st.DataObject) -> tuple[bytes, str, dict[str, str]]:
    ascii_only = draw.draw(st.booleans(), "escaped")
    rows = [dict(zip(grid[0], row, strict=True)) for row in grid[1:]]
    return "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows).encode(), NDJSON, {}


def write_parquet(grid: Grid, draw: st.DataObject) -> tuple[bytes, str, dict[str, str]]:
    out = io.BytesIO()
    missing = draw.draw(st.sampled_from(["", None]), "empty cells")
    columns = [[cell or missing for cell in column] for column in zip(*grid[1:], strict=True)]
    parquet.write_table(pa.table(dict(zip(grid[0], columns, strict=True))), out)
    return out.getvalue(), PARQUET, {}


def write_workbook(grid: Grid, draw: st.DataObject) -> tuple[bytes, str, dict[str, str]]:
    """A workbook of inline strings, with or without addresses, beside empty and hidden sheets."""
    addressed = draw.draw(st.booleans(), "addressed")
    sheets = [("facts", grid, "visible")]
    sheets = draw.draw(
        st.permutations(
            [
                *sheets,
                *draw.draw(st.sampled_from([[], [("cover", [["a title"]], "visible")], [("old", grid[:2], "hidden")]])),
            ]
        )
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        ids = range(1, len(sheets) + 1)
        listed = "".join(
            f'<sheet name="{name}" sheetId="{at}" state="{state}" r:id="r{at}"/>'
            for at, (name, _, state) in zip(ids, sheets, strict=True)
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{SHEET}" xmlns:r="{LINKS}"><sheets>{listed}</sheets></workbook>'
        )
        linked = "".join(
            f'<Relationship Id="r{at}" Type="{LINKS}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in ids
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{linked}</Relationships>'
        )
        book = f'<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{book}</Relationships>')
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{kind}.worksheet+xml"/>' for at in ids
        )
        book = f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types">{rels}{book}{parts}</Types>')
        for at, (_, rows, _) in zip(ids, sheets, strict=True):
            archive.writestr(f"xl/worksheets/sheet{at}.xml", _sheet(rows, addressed))
    return out.getvalue(), XLSX, {}


def _sheet(rows: Grid, addressed: bool) -> str:
    """A worksheet. A cell without a value needs an address, or the next would slip into its place."""
    lines = []
    for at, row in enumerate(rows, start=1):
        cells = [
            f'<c{f" r={chr(34)}{chr(65 + column)}{at}{chr(34)}" if addressed else ""} t="inlineStr">'
            f'<is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            for column, cell in enumerate(row)
            if cell or not addressed
        ]
        lines.append(f"<row>{''.join(cells)}</row>")
    return f'<worksheet xmlns="{SHEET}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


Write = Callable[[Grid, st.DataObject], tuple[bytes, str, dict[str, str]]]


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("write", [write_csv, write_json])
@examples(50)
@given(table=tables(), draw=st.data())
def test_a_text_comes_back_or_is_asked_about(
    write: Write, layout: Layout, table: Table, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No value is altered, no row is uncounted, and one reading that a question offers is the right one."""
    check_coming_back(write, layout, table, draw, tmp_path_factory.getbasetemp() / "any file")


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("write", [write_parquet, write_workbook])
@examples(13)
@given(table=tables(), draw=st.data())
def test_a_binary_file_comes_back(
    write: Write, layout: Layout, table: Table, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Likewise. These formats are read by a process of its own."""
    check_coming_back(write, layout, table, draw, tmp_path_factory.getbasetemp() / "any file")


def check_coming_back(write: Write, layout: Layout, table: Table, draw: st.DataObject, path: Path) -> None:
    grid = as_long(table) if layout is Layout.LONG else as_wide(table)
    assume(grid[0] not in grid[1:])
    data, media_type, query = write(grid, draw)
    path.write_bytes(data)
    query |= {} if layout is Layout.LONG else {"layout": "wide", "subject": "the part"}
    facts = [(subject, relation, answer) for subject, held in table.items() for relation, answer in held.items()]
    parsed = read_or_ask(path, media_type, query, facts)
    if parsed is None:
        return
    assert {row.code for row in parsed.refused} <= ({"row_undecodable"} if "encoding" not in query else set())
    if parsed.rejected:  # a few rows that are no UTF-8 are refused singly
        assert set(parsed.accepted.rows()) < set(facts)
        assert parsed.rows_read == len(facts)
        return
    assert sorted(parsed.accepted.rows()) == sorted(facts)
    assert parsed.rows_read == len(facts)
    if layout is Layout.WIDE:
        assert parsed.table_rows == len(table)
        assert parsed.empty_cells == (len(grid[0]) - 1) * len(table) - len(facts)
    memory = fit(parsed.accepted, Recipe(), secret=bytes(32))
    subjects, relations, answers = zip(*facts, strict=True)
    assert memory.recall(subjects, relations).answers == [(answer,) for answer in answers]


def read_or_ask(path: Path, media_type: str, query: dict[str, str], facts: list[Fact]) -> ParsedFile | None:
    """Read a file, and after a question again by the right one of the readings that it offers; None where it asks for
    the encoding. What is declared is not asked about.
    """
    try:
        return read_table(path, media_type, to_options(query), Limits())
    except UnusableFile as error:
        question = error
    if question.code.startswith("encoding"):
        assert "encoding" not in query
        return None
    assert question.code != "delimiter_unclear" or "delimiter" not in query
    readings = question.extra["readings"]
    assert isinstance(readings, list)
    right = [reading["query"] for reading in readings if reading["facts"] == [list(fact) for fact in facts[:3]]]
    return read_or_ask(path, media_type, dict(parse_qsl(right[0], keep_blank_values=True)), facts)


def to_options(query: dict[str, str]) -> Options:
    kinds: dict[str, Callable[[str], Any]] = {"layout": Layout}
    chosen = {name: kinds.get(name, str)(value) for name, value in query.items()}
    return Options(on_conflict=OnConflict.MANY, sent=tuple(query.items()), **chosen)
