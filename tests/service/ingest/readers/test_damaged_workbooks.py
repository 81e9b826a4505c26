"""Workbooks that are damaged, no workbooks, or larger than they look."""

import io
import zipfile

import openpyxl
import pytest

from service.errors import RequestError, TooLarge, UnsupportedMedia, UnusableFile
from service.ingest import Limits
from tests.service.ingest.workbooks import HEADER, XLSX, AsFacts, Read, garbled, replaced_part, workbook


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


def test_far_cells_cost_nothing(read: Read, facts: AsFacts) -> None:
    """A used area of 17 billion cells is read as the few rows that it has; a table of mostly nothing is refused."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line, row in enumerate([HEADER, ("a", "r", "1")], 1):
        for column, cell in enumerate(row, 1):
            sheet.cell(line, column, cell)
    sheet.cell(1_048_576, 16_384, "far")
    out = io.BytesIO()
    book.save(out)
    parsed = read(out.getvalue(), XLSX)
    assert (facts(parsed), [row.line for row in parsed.refused]) == ([("a", "r", "1")], [1_048_576])
    for line in range(3, 1000):
        sheet.cell(line, 1, "x")
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(TooLarge) as refused:
        read(out.getvalue(), XLSX)
    assert refused.value.code == "archive_too_large"
