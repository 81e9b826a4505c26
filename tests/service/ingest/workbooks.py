"""Workbooks as bytes, whole and damaged, for the tests of their reader."""

import io
import zipfile
from collections.abc import Callable, Sequence

import openpyxl

from service.ingest import ParsedFile

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


def replaced_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return out.getvalue()
