"""Reading Excel workbooks (.xlsx): one sheet or several, every cell as the text that a person would type.

`service.spreadsheet` reads them in a process of its own. Which sheet is read is decided here: a visible one before a
hidden one, and where several hold a table, the caller is asked.
"""

import csv
import io
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain
from pathlib import Path

from schemas.problems import Code
from schemas.uploads import Finding, FindingKind
from service.errors import UnusableFile
from service.facts import Facts, is_blank, trimmed
from service.ingest.options import Limits, Options
from service.ingest.readers.header import HEAD_ROWS, is_header, resolve_header
from service.ingest.readers.readings import offer_readings, read_first_facts
from service.ingest.readers.sheets import Content, Sheet, SheetProcess, check_workbook_archive, letter_column
from service.ingest.readers.sift import RawTable, Row
from service.ingest.readers.titlerows import TitleRows, find_titles, report_titles
from service.ingest.readers.wide import tabulate
from service.ingest.table import AnyHeader, RefusedRow, Table
from service.packed import Packed

_ALL = "all"
_SHEETS_NAMED = 20
_MERGED_CELLS = 1 << 21  # as many cells of merged ranges are explained


def read_workbook(path: Path, _media_type: str | None, options: Options, limits: Limits) -> Table:
    """Read a workbook; a line is a row's number in its sheet. A finding names the sheets that were left out.

    Raises UnsupportedMedia (415), UnusableFile (422) or TooLarge (413) where the workbook cannot be read.
    """
    check_workbook_archive(path, limits)
    with SheetProcess(path, limits) as process:
        sheets = process.list_sheets()
        chosen = _choose_sheets(sheets, process, options, limits)
        tables = [_read_sheet(process.read_rows(sheet, limits), options, limits) for sheet in chosen]
        table = tables[0] if len(tables) == 1 else _join_tables(tables, chosen)
        table.findings += _report_sheets(sheets, chosen, process)
    return table


def _choose_sheets(sheets: Sequence[Sheet], process: SheetProcess, options: Options, limits: Limits) -> list[Sheet]:
    """The sheets to read. Raises UnusableFile where none fits, or where the caller has to say which one."""
    named = {trimmed(sheet.name) for sheet in sheets}
    if options.sheet is not None and (options.sheet != _ALL or _ALL in named):
        return [_find_sheet(sheets, options)]
    heads = [(sheet, process.read_head(sheet, limits)) for sheet in sheets]
    filled = [(sheet, head) for sheet, head in heads if head.rows]
    ordered = sorted(filled, key=lambda each: each[0].hidden)
    fitting = [each for each in ordered if is_header(_find_titles(each[1], options).cells, options)]
    if not fitting or fitting[0][0].hidden:
        _ask_about_visible(ordered, options, limits)
    if fitting:
        alike = [each for each in fitting if each[0].hidden is fitting[0][0].hidden]
        return [fitting[0][0]] if len(alike) == 1 else _take_several(alike, options, limits)
    if not ordered:
        raise UnusableFile("The workbook has no cell with a value.", code=Code.EMPTY_FILE)
    _resolve(ordered[0][1], options, limits)
    raise ValueError("a header that does not fit is refused by resolve_header")


def _ask_about_visible(filled: Sequence[tuple[Sheet, Content]], options: Options, limits: Limits) -> None:
    """Raise UnusableFile where a visible sheet holds a table of another reading: that is a question, and no hidden
    sheet is read in its place.
    """
    for sheet, head in filled:
        if not sheet.hidden:
            try:
                _resolve(head, options, limits)
            except UnusableFile as error:
                if "readings" in error.extra:
                    raise


def _find_titles(content: Content, options: Options) -> TitleRows:
    return find_titles(content.rows[:HEAD_ROWS], options, content.reach)


def _resolve(content: Content, options: Options, limits: Limits) -> tuple[TitleRows, AnyHeader]:
    """The header of a sheet. Raises UnusableFile where there is none, with the readings that would fit."""
    titles = _find_titles(content, options)
    try:
        return titles, resolve_header(titles.cells, options)
    except UnusableFile as error:
        raise offer_readings(error, content.rows, titles.first, options, limits, content.reach) from None


def _find_sheet(sheets: Sequence[Sheet], options: Options) -> Sheet:
    wanted = trimmed(options.sheet or "")
    exact = [sheet for sheet in sheets if trimmed(sheet.name) == wanted]
    found = exact or [sheet for sheet in sheets if trimmed(sheet.name).casefold() == wanted.casefold()]
    if len(found) == 1:
        return found[0]
    raise UnusableFile(
        f"The workbook has no sheet named {wanted[:80]!r}. Its sheets are: {_list_sheets(sheets)}.",
        code=Code.HEADER_UNCLEAR,
        sheets=[sheet.name for sheet in sheets[:_SHEETS_NAMED]],
        **options.offer(sheet=None),
    )


def _take_several(fitting: Sequence[tuple[Sheet, Content]], options: Options, limits: Limits) -> list[Sheet]:
    """All sheets, where that is asked for and they have the same columns; else the question which one to read."""
    sheets = [sheet for sheet, _ in fitting]
    found = [_find_titles(head, options) for _, head in fitting]
    titles = [list(map(trimmed, each.cells)) for each in found]
    are_alike = all(each == titles[0] for each in titles)
    if options.sheet == _ALL and are_alike:
        return sheets
    readings = [
        {
            "query": options.change_query(sheet=sheet.name),
            "facts": read_first_facts(head.rows, options, limits, head.reach),
        }
        for (sheet, head), each in zip(fitting[:_SHEETS_NAMED], found, strict=False)
    ]
    differ = "" if are_alike else " Their columns differ, so sheet=all does not read them together."
    advice = ", sheet=all all of them." if are_alike else "."
    raise UnusableFile(
        f"Several sheets hold a table: {_list_sheets(sheets)}. sheet=NAME reads one of them{advice}{differ}",
        code=Code.HEADER_UNCLEAR,
        sheets=[sheet.name for sheet in sheets[:_SHEETS_NAMED]],
        readings=readings,
        **options.offer(sheet=_ALL if are_alike else sheets[0].name),
    )


def _list_sheets(sheets: Sequence[Sheet]) -> str:
    return ", ".join(map(str, sheets[:_SHEETS_NAMED])) + (", …" if len(sheets) > _SHEETS_NAMED else "")


def _read_sheet(content: Content, options: Options, limits: Limits) -> Table:
    if not content.rows:
        raise UnusableFile("The sheet has no cell with a value.", code=Code.EMPTY_FILE)
    titles, header = _resolve(content, options, limits)
    body = titles.last + 1 if header.cells else titles.first
    rows, lines = content.rows[body:], content.lines[body:]
    _refuse_merged(content, header)
    bad_cells = {at - body: bad for at, bad in content.bad_cells.items() if at >= body}
    sheet = RawTable(rows, lines, lambda at: _as_csv(rows[at]), bad_cells=bad_cells, has_gaps=True)
    table = tabulate(sheet, header, options, limits)
    table.samples = [_as_csv(row) for row in content.rows[:3]]
    table.findings += report_titles(content.rows, content.lines, titles)
    table.findings += [*_report_shown(content, header), *_report_hidden(content, header, lines)]
    return table


def _refuse_merged(content: Content, header: AnyHeader) -> None:
    """Refuse the cells that a merged cell covers: they are empty in the file, and to a person they have its value."""
    left = _MERGED_CELLS
    for top, bottom, first, last in content.merged:
        covered = range(bisect_left(content.lines, top), bisect_right(content.lines, bottom))
        left -= len(covered)
        for column in header.positions if left > 0 else ():
            for at in covered if first <= column <= last else ():
                line = content.lines[at]
                if (line, column) != (top, first) and is_blank(content.rows[at][column]):
                    whole = f"{letter_column(first)}{top}:{letter_column(last)}{bottom}"
                    detail = f"The cell {letter_column(column)}{line} is a part of the merged cell {whole}. Unmerge it."
                    content.bad_cells.setdefault(at, {}).setdefault(column, (Code.FIELD_MISSING, detail))


def _report_shown(content: Content, header: AnyHeader) -> list[Finding]:
    """A finding for each used column whose cells show something else than was taken."""
    found = list[Finding]()
    for column, (count, examples) in content.shown.items():
        if column in header.positions:
            pairs = "; ".join(
                f"shown {shown[:80]}, taken {taken[:80]} (line {line})" for line, shown, taken in examples
            )
            message = (
                f"{count} cells of the column {header.names[column]!r} show something else than was taken: {pairs}. "
                "To teach what they show, save the sheet as CSV, or make the cells text."
            )
            kind = FindingKind.SHOWN_OTHERWISE
            found.append(Finding(kind=kind, message=message, count=count, relation=None, examples=[]))
    return found


def _report_hidden(content: Content, header: AnyHeader, lines: Sequence[int]) -> list[Finding]:
    """A finding for rows and columns that were read though they are hidden, by hand or by a filter."""
    rows = sorted(set(content.hidden_rows).intersection(lines))
    columns = [at for at in header.positions if any(first <= at <= last for first, last in content.hidden_columns)]
    if not rows and not columns:
        return []
    named = [f"the columns {', '.join(repr(header.names[at]) for at in columns)}"] if columns else []
    named += [f"the rows {', '.join(map(str, rows[:5]))}{', …' if len(rows) > 5 else ''} ({len(rows)})"] if rows else []
    message = (
        f"Hidden in the sheet, by hand or by a filter, and read nevertheless: {' and '.join(named)}. "
        "Delete them in the workbook if they are not meant."
    )
    kind = FindingKind.HIDDEN_CELLS
    return [Finding(kind=kind, message=message, count=len(rows) or len(columns), relation=None, examples=[])]


def _join_tables(tables: Sequence[Table], sheets: Sequence[Sheet]) -> Table:
    """The tables of several sheets as one. Refused rows name their sheet, for lines are counted in each."""
    starts = [0, *accumulate(len(table.columns) for table in tables)]
    facts = [table.columns for table in tables]
    columns = Facts(
        Packed(chain.from_iterable(each.subjects for each in facts)),
        Packed(chain.from_iterable(each.relations for each in facts)),
        Packed(chain.from_iterable(each.answers for each in facts)),
        array("q", chain.from_iterable(each.lines for each in facts)),
    )

    def text(at: int) -> str:
        place = bisect_right(starts, at) - 1
        return tables[place].text(at - starts[place])

    joined = Table(columns, text, tables[0].header)
    for table, sheet in zip(tables, sheets, strict=True):
        joined.refused += [
            RefusedRow(row.line, row.code, f"Sheet {sheet}: {row.detail}", row.text) for row in table.refused
        ]
        joined.mentioned |= table.mentioned
        joined.blank_lines += table.blank_lines
        joined.samples += table.samples[:1]
        joined.findings += [_name_sheet(finding, sheet) for finding in table.findings]
        if table.rows is not None:
            joined.rows = (joined.rows or 0) + table.rows
            joined.empty_cells = (joined.empty_cells or 0) + (table.empty_cells or 0)
    return joined


def _name_sheet(finding: Finding, sheet: Sheet) -> Finding:
    return finding.model_copy(update={"message": f"Sheet {sheet}: {finding.message}"})


def _report_sheets(sheets: Sequence[Sheet], chosen: Sequence[Sheet], process: SheetProcess) -> list[Finding]:
    """The findings that a sheet that was read is hidden, that several were read, and which were not."""
    found = list[Finding]()

    def report(kind: FindingKind, message: str, count: int) -> None:
        found.append(Finding(kind=kind, message=message, count=count, relation=None, examples=[]))

    if hidden := [sheet for sheet in chosen if sheet.hidden]:
        report(
            FindingKind.SHEET_HIDDEN,
            f"The sheet that was read is hidden in the workbook: {_list_sheets(hidden)}.",
            len(hidden),
        )
    if len(chosen) > 1:
        message = f"The rows of several sheets were read: {_list_sheets(chosen)}. Lines are counted in each sheet."
        report(FindingKind.SHEETS_JOINED, message, len(chosen))
    read = {sheet.at for sheet in chosen}
    if others := [sheet for sheet in sheets if sheet.at not in read]:
        counted = ", ".join(f"{sheet} ({process.count_rows(sheet)} rows)" for sheet in others[:_SHEETS_NAMED])
        message = (
            f"Only {_list_sheets(chosen)} was read. Left out: {counted}{', …' if len(others) > _SHEETS_NAMED else ''}. "
            "sheet=NAME reads another sheet."
        )
        report(FindingKind.SHEETS_IGNORED, message, len(others))
    return found


def _as_csv(row: Row) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue()
