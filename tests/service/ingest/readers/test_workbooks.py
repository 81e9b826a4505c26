"""Excel workbooks: cells as a person would type them, and a cap on what a small file may cost."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence

import openpyxl
import pytest

from schemas.uploads import FindingKind, OnConflict
from service.errors import RequestError, TooLarge, UnsupportedMedia, UnusableFile
from service.ingest import Limits, ParsedFile

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADER = ("subject", "relation", "answer")
Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]
Sheet = Sequence[Sequence[object]]


def workbook(**sheets: Sheet) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def garbled(data: bytes) -> bytes:
    """Damage the sheet of a workbook so that it no longer unpacks."""
    at = data.index(b"xl/worksheets/sheet1.xml") + 24
    return data[:at] + b"\xff" * 40 + data[at + 40 :]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (12, "12"),
        (12.0, "12"),
        (-0.5, "-0.5"),
        (4901234567894, "4901234567894"),
        (1234567890123456, "1234567890123456"),
        (9007199254740994, "9007199254740994"),
        (1e21, "1e+21"),
        (True, "TRUE"),
        (False, "FALSE"),
        (dt.date(2024, 6, 1), "2024-06-01"),
        (dt.datetime(2024, 6, 1), "2024-06-01"),
        (dt.datetime(2024, 6, 1, 12, 30), "2024-06-01T12:30:00"),
        (dt.time(9, 5), "09:05:00"),
        (dt.timedelta(hours=30), "30:00:00"),
        ("0012", "0012"),
        (" 赤  青 ", " 赤  青 "),
        ("a\nb", "a\nb"),
        ("NA", "NA"),
    ],
)
def test_cells_become_the_text_a_person_would_type(cell: object, text: str, read: Read) -> None:
    """Whole numbers have no .0, dates are in ISO 8601, and text is unchanged."""
    assert read(workbook(facts=[HEADER, ("a", "r", cell)]), XLSX).accepted.answers == [text]


def test_the_first_sheet_with_the_header_is_read(read: Read, facts: AsFacts) -> None:
    """The first sheet with a header is read, and a finding names the others."""
    data = workbook(
        メモ=[("見出し", "x")], 空=[], 事実=[("主語", "関係", "答え"), ("a", "r", "1")], 旧=[HEADER, ("b", "r", "2")]
    )
    parsed = read(data, XLSX)
    assert facts(parsed) == [("a", "r", "1")]
    (finding,) = parsed.findings
    assert (finding.kind, finding.count) == (FindingKind.SHEETS_IGNORED, 3)
    assert "メモ" in finding.message


def test_lines_are_those_of_the_sheet(read: Read, facts: AsFacts) -> None:
    """Lines are row numbers of the sheet, wherever the table starts; empty rows are gaps."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for at, row in {3: HEADER, 4: ("a", "r", 1), 7: ("b", "r", 2), 8: ("c", None, 3)}.items():
        for column, cell in enumerate(row, 2):
            sheet.cell(at, column, cell)
    out = io.BytesIO()
    book.save(out)
    parsed = read(out.getvalue(), XLSX)
    assert facts(parsed) == [("a", "r", "1"), ("b", "r", "2")]
    assert parsed.accepted.lines == [4, 7]
    assert [(row.line, row.code, row.text) for row in parsed.refused] == [(8, "field_missing", "c,,3")]


def test_formulas_without_a_value_are_refused(read: Read, facts: AsFacts) -> None:
    """A row with a formula that was never computed, or ended in an error, is refused."""
    rows = [HEADER, ("a", "r", "=1+1"), ("b", "r", "x"), ("c", "r", "#N/A"), ("d", "r", None)]
    parsed = read(workbook(facts=rows), XLSX)
    assert facts(parsed) == [("b", "r", "x")]
    assert [(row.line, row.code) for row in parsed.refused] == [
        (2, "formula_uncomputed"),
        (4, "formula_uncomputed"),
        (5, "field_missing"),
    ]


def test_formulas_elsewhere_do_not_matter(read: Read) -> None:
    """Uncomputed formulas outside the three columns are ignored."""
    parsed = read(workbook(facts=[(*HEADER, "note"), ("a", "r", "1", "=1+1")]), XLSX)
    assert (len(parsed.accepted), parsed.ignored_columns) == (1, ["note"])


def test_counting_is_the_same_as_for_text(read: Read) -> None:
    """Duplicates, conflicts and repeated headers of a sheet are refused with the same codes as in text."""
    rows = [HEADER, ("a", "r", 1), ("a", "r", 1.0), HEADER, ("b", "r", 1), ("b", "r", 2)]
    parsed = read(workbook(facts=rows), XLSX, on_conflict=OnConflict.FIRST)
    assert [(row.line, row.code) for row in parsed.refused] == [
        (3, "duplicate"),
        (4, "header_repeated"),
        (6, "conflict"),
    ]


def test_sheets_without_a_header_can_be_read_by_place(read: Read, facts: AsFacts) -> None:
    """header=none starts with the first row of the first sheet that has one."""
    assert facts(read(workbook(x=[], y=[("a", "r", 1)]), XLSX, header="none")) == [("a", "r", "1")]


def test_titles_may_stand_above_the_header(read: Read, facts: AsFacts) -> None:
    """A merged title and a date above the header are left out and shown in a finding."""
    parsed = read(workbook(x=[("部品マスタ",), (), ("作成", dt.date(2024, 6, 1)), HEADER, ("a", "r", 1)]), XLSX)
    assert (facts(parsed), parsed.accepted.lines, parsed.rows_read) == ([("a", "r", "1")], [5], 1)
    (finding,) = parsed.findings
    assert (finding.kind, finding.count) == (FindingKind.LINES_ABOVE_HEADER, 2)
    assert [(example.line, example.subject) for example in finding.examples] == [(1, "部品マスタ"), (3, "作成")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (workbook(x=[("a", "b", "c")]), "header_unclear"),
        (workbook(x=[("subject", "relation"), ("a", "b")]), "column_missing"),
        (workbook(x=[]), "empty_file"),
        (workbook(x=[HEADER]), "no_usable_row"),
        (workbook(x=[HEADER, ("a", "r", "1")])[:-400], "not_a_table"),
        (b"PK\x03\x04 and then nothing", "not_a_table"),
        (garbled(workbook(x=[HEADER, ("a", "r", "1")])), "not_a_table"),
    ],
)
def test_unusable_workbooks_have_a_code(data: bytes, code: str, read: Read) -> None:
    """Damaged workbooks and missing headers have different codes."""
    with pytest.raises(UnusableFile) as refused:
        read(data, XLSX)
    assert refused.value.code == code


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def test_other_archives_are_no_workbooks(read: Read) -> None:
    """A ZIP archive of CSV files is refused, and the error says that it is a ZIP."""
    with pytest.raises(UnsupportedMedia, match="ZIP"):
        read(zipped(facts=b"subject,relation,answer\n"), None)


def test_a_damaged_sheet_is_refused(read: Read) -> None:
    """A sheet whose XML ends early is refused as damaged."""
    data = replaced_part(
        workbook(x=[HEADER, ("a", "r", "1")]), "xl/worksheets/sheet1.xml", lambda xml: xml[: len(xml) // 2]
    )
    with pytest.raises(UnusableFile) as refused:
        read(data, XLSX)
    assert refused.value.code == "not_a_table"


def replaced_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return out.getvalue()


def test_an_archive_that_expands_too_far_is_refused(read: Read) -> None:
    """A small archive that expands beyond the limit is refused."""
    data = workbook(x=[HEADER, ("a", "r", "1")])
    bomb = replaced_part(data, "docProps/app.xml", lambda _: bytes(5_000_000))
    with pytest.raises(TooLarge) as refused:
        read(bomb, XLSX, limits=Limits(max_expanded_bytes=1_000_000))
    assert refused.value.code == "archive_too_large"


def test_an_archive_that_lies_about_its_size_is_refused(read: Read) -> None:
    """The true sizes of the parts are counted, whatever the archive's directory says."""
    data = workbook(x=[HEADER, ("a", "r", "x" * 5000)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = data.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != data
    with pytest.raises(RequestError):
        read(lying, XLSX)


def test_two_far_cells_cost_no_memory_here(read: Read) -> None:
    """A sheet with a used area of 17 billion cells is refused; only the reader's process runs out of memory."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for column, cell in enumerate(HEADER, 1):
        sheet.cell(1, column, cell)
    sheet.cell(1_048_576, 16_384, "far")
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(TooLarge) as refused:
        read(out.getvalue(), XLSX)
    assert refused.value.code == "archive_too_large"
