"""A script that reads a workbook in a process of its own, with limits on memory and time; `workbook` runs it.

Two cells far apart make the reader lay out everything between them, and one shared string can fill a million cells. The
memory that a workbook takes is only known once it is read, so it is read where running out of memory does no harm.

It writes JSON lines: the names of the sheets, then for each sheet [name, its first rows with content], which the caller
answers by `take` or an empty line; after `take` every row as [line, cells, columns of uncomputed formulas], then null.
"""

import datetime as dt
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Sequence
from itertools import islice
from posixpath import join, normpath
from xml.etree import ElementTree as ET

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

Formulas = dict[int, list[int]]

DAMAGED = 3  # the exit status
_CPU_SECONDS = 120
_HEAD_ROWS = 20
_CELL = re.compile(r"([A-Z]+)([0-9]+)")


def main(path: str, memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    workbook = CalamineWorkbook.from_path(path)
    names = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
    send(names)
    for name in names:
        sheet = workbook.get_sheet_by_name(name)
        head = list(islice(filter(has_content, sheet.iter_rows()), _HEAD_ROWS))
        send([name, head], flush=True)
        if sys.stdin.readline().strip() == "take":
            send_rows(sheet, find_uncomputed(path, name))
            break
    send(None, flush=True)


def send_rows(sheet: CalamineSheet, formulas: Formulas) -> None:
    """Write every row that has content. `iter_rows` starts at the sheet's first row but at its first used column."""
    left = sheet.start[1] if sheet.start else 0
    for line, cells in enumerate(sheet.iter_rows(), 1):
        if has_content(cells) or line in formulas:
            send([line, cells, [column - left for column in formulas.get(line, [])]])


def has_content(cells: Sequence[object]) -> bool:
    return any(cell != "" for cell in cells)


def send(message: object, *, flush: bool = False) -> None:
    print(json.dumps(message, default=format_date), flush=flush)  # noqa: T201 - standard output is the channel


def format_date(value: object) -> str:
    """Format dates, times and durations as in ISO 8601; a date and time at midnight is a date."""
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise TypeError(f"a cell of type {type(value).__name__}")


def find_uncomputed(path: str, sheet: str) -> Formulas:
    """The cells whose formula has no value yet or whose value is an error such as #N/A: line -> columns, from 0."""
    found: Formulas = {}
    with zipfile.ZipFile(path) as archive, archive.open(find_part(archive, sheet)) as part:
        for _, element in ET.iterparse(part):  # noqa: S314 - see the import
            if element.tag.endswith("}c") and has_no_value(element):
                place = _CELL.fullmatch(element.get("r", ""))
                if place:
                    found.setdefault(int(place[2]), []).append(column_number(place[1]))
            elif element.tag.endswith("}row"):
                element.clear()
    return found


def has_no_value(cell: ET.Element) -> bool:
    if cell.get("t") == "e":
        return True
    formula, value = cell.find("{*}f"), cell.find("{*}v")
    return formula is not None and cell.get("t") != "str" and (value is None or not value.text)


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def find_part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The archive member that holds a sheet; the sheet's name leads to a relationship, and that to a path."""
    book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - see the import
    links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - see the import
    link = next(
        value
        for found in book.iterfind("{*}sheets/{*}sheet")
        if found.get("name") == sheet
        for name, value in found.attrib.items()
        if name.endswith("}id")
    )
    target = next(found.get("Target", "") for found in links if found.get("Id") == link)
    return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except (CalamineError, ET.ParseError, zipfile.BadZipFile, zlib.error, LookupError, StopIteration):
        sys.exit(DAMAGED)
