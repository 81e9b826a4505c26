"""Read a file of any format into records of cells, each with the line that it begins on."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from pilot.errors import UnusableInput
from pilot.reading.columnar import read_parquet
from pilot.reading.decoding import decode
from pilot.reading.delimited import read_delimited
from pilot.reading.jsonlines import read_json_lines
from pilot.reading.layouts import find_columns
from pilot.reading.options import ReadingOptions
from pilot.reading.table import FactTable, Record, trim
from pilot.reading.workbook import Sheet, read_sheets


def read_table(path: Path, options: ReadingOptions) -> FactTable:
    """Read a file. Raises UnusableInput, which names the option to set where there is one."""
    data = path.read_bytes()
    if not data:
        raise UnusableInput("the file is empty", "file_empty")
    if data.startswith(b"PK\x03\x04"):
        return _read_workbook(path, options)
    if data.startswith(b"PAR1"):
        return find_columns(_explain_damage(read_parquet(path), "parquet"), options, encoding="parquet", delimiter=None)
    text = decode(data, options.encoding)
    if path.suffix.lower().strip() in {".jsonl", ".ndjson"}:
        return read_json_lines(text.text, options, encoding=text.encoding)
    records, delimiter = read_delimited(text.text, options, path)
    return find_columns(iter(records), options, encoding=text.encoding, delimiter=delimiter)


def _explain_damage(records: Iterator[Record], kind: str) -> Iterator[Record]:
    """Yield the records. Raises UnusableInput where the library that decodes such files gives up."""
    try:
        yield from records
    except (ValueError, OSError):
        raise _unreadable(kind) from None


def _read_workbook(path: Path, options: ReadingOptions) -> FactTable:
    """Read the sheet that holds a table, a visible one before a hidden one; several are a question."""
    try:
        sheets = [sheet for sheet in read_sheets(str(path)) if sheet.rows]
    except (ValueError, LookupError, OSError, StopIteration, ET.ParseError, zipfile.BadZipFile, zlib.error):
        raise _unreadable("xlsx") from None
    if options.sheet not in (None, "all"):
        wanted = trim(options.sheet or "").casefold()
        sheets = [sheet for sheet in sheets if trim(sheet.name).casefold() == wanted]
    tables = {
        hidden: [_try_sheet(sheet, options) for sheet in sheets if sheet.hidden is hidden] for hidden in (False, True)
    }
    fitting = next((found for hidden in (False, True) if (found := [table for table in tables[hidden] if table])), [])
    if not fitting:
        raise UnusableInput(
            "no sheet has a header with subject, relation and answer: use --header or --sheet", "header_unclear"
        )
    if len(fitting) > 1 and options.sheet != "all":
        raise UnusableInput("several sheets hold a table: use --sheet NAME or --sheet all", "sheet_unclear")
    first = fitting[0]
    return replace(first, records=[record for table in fitting for record in table.records])


def _try_sheet(sheet: Sheet, options: ReadingOptions) -> FactTable | None:
    with suppress(UnusableInput):
        return find_columns(iter(sheet.rows), options, encoding="xlsx", delimiter=None)
    return None


def _unreadable(kind: str) -> UnusableInput:
    message = f"the file cannot be read as {kind}: it is damaged, or has a type or a time zone that is not known here"
    return UnusableInput(message, "file_unreadable", kind=kind)
