"""The rows that a header takes up, and what stands around it: notes above, a second row of titles below."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.uploads import Example, Finding, FindingKind, Layout
from service.facts import is_blank, trimmed
from service.ingest.options import Options
from service.ingest.readers.header import find_subject, has_names, locate_header, quote_row
from service.ingest.readers.titles import ROLES, find_roles
from service.ingest.table import AnyHeader, WideHeader

BETWEEN = " / "  # stands between the name of a group and that of a column

_DIGIT = re.compile(r"\d")
_READING = re.compile("[\u3041-\u309f\u30a0-\u30ff\uff66-\uff9f ]+")
_KANJI = re.compile("[\u3400-\u9fff]")
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class TitleRows:
    """The header among a file's first rows: its cells, and the first and the last row that it takes up."""

    cells: list[str]
    first: int
    last: int


def find_titles(rows: Sequence[Sequence[str]], options: Options, reach: Sequence[dict[int, int]] = ()) -> TitleRows:
    """Find the header among a file's first rows, or the row that is in its place.

    reach: for each row, the first and the last column of its merged cells; where none are known, the name of a group
    reaches up to the next one.

    In a wide table it may take up two rows, of which one names groups of columns, as with merged cells. They are one
    header where the columns of the subject are empty in one of the two, and a group or the lack of a name tells that
    the other is not enough. Their names are joined: `Size / Length`.
    """
    at = locate_header(rows, options)
    alone = TitleRows(list(rows[at]), at, at)
    if options.layout is Layout.LONG or not has_names(rows[at], options):
        return alone
    subjects = find_subject(rows[at], options)
    if at + 1 < len(rows) and _are_below(rows[at], rows[at + 1], subjects):
        return TitleRows(_join_rows(rows[at], rows[at + 1], subjects, reach[at] if reach else None), at, at + 1)
    if at > 0 and _are_groups(rows[at - 1], rows[at], subjects):
        return TitleRows(_join_rows(rows[at - 1], rows[at], subjects, reach[at - 1] if reach else None), at - 1, at)
    return alone


def _are_below(titles: Sequence[str], row: Sequence[str], subjects: Sequence[int]) -> bool:
    """Whether a row has the names of columns for which the row above has none of their own."""
    if len(row) != len(titles) or not all(is_blank(row[at]) for at in subjects):
        return False
    names = Counter(map(trimmed, titles))
    return any(
        not is_blank(cell) and (is_blank(title) or names[trimmed(title)] > 1)
        for title, cell in zip(titles, row, strict=True)
    )


def _are_groups(groups: Sequence[str], titles: Sequence[str], subjects: Sequence[int]) -> bool:
    """Whether a row has names for groups of columns: none over the subject, and one over several columns."""
    if len(groups) != len(titles) or not all(is_blank(groups[at]) for at in subjects):
        return False
    if any(map(_DIGIT.search, groups)):
        return False
    spans = (
        not is_blank(group) and is_blank(following) and not is_blank(title)
        for group, following, title in zip(groups, groups[1:], titles[1:], strict=False)
    )
    return any(spans)


def _join_rows(
    groups: Sequence[str], titles: Sequence[str], subjects: Sequence[int], reach: dict[int, int] | None
) -> list[str]:
    """The names of two rows, those of groups before those of columns; equal names are one."""
    cells, group, last = list[str](), "", 0
    for at, (above, below) in enumerate(zip(groups, titles, strict=True)):
        if at in subjects or is_blank(below) or at > last:
            group = ""
        if not is_blank(above):
            group, last = trimmed(above), len(groups) if reach is None else reach.get(at, at)
        parts = [trimmed(above) if at in subjects else group, trimmed(below)]
        cells.append(BETWEEN.join(dict.fromkeys(filter(None, parts))))
    return cells


def report_titles(rows: Sequence[Sequence[str]], lines: Sequence[int], titles: TitleRows) -> list[Finding]:
    """The findings about a header among the first rows, whose lines are given: what was left out above it, and that it
    takes up two rows.
    """
    found = _report_lines_above(rows[: titles.first], lines[: titles.first])
    if titles.first < titles.last:
        message = (
            f"The header takes up the lines {lines[titles.first]} and {lines[titles.last]}; their names were joined: "
            f"{quote_row(titles.cells)}."
        )
        kind = FindingKind.HEADER_ROWS_JOINED
        found.append(Finding(kind=kind, message=message, count=2, relation=None, examples=[]))
    return found


def _report_lines_above(rows: Sequence[Sequence[str]], lines: Sequence[int]) -> list[Finding]:
    """The finding that shows the rows above the header, which were left out; empty where there are none."""
    if not rows:
        return []
    cells = [[*row, "", "", ""] for row in rows]
    shown = [
        Example(line=at, subject=row[0], relation=row[1], answer=row[2]) for at, row in zip(lines, cells, strict=True)
    ]
    message = "Lines above the header were left out: they are titles or notes."
    kind = FindingKind.LINES_ABOVE_HEADER
    return [Finding(kind=kind, message=message, count=len(rows), relation=None, examples=shown[:_EXAMPLES])]


def report_second_header(first: tuple[str, str, str], line: int, header: AnyHeader) -> list[Finding]:
    """The finding that the first fact, which is on this line, looks like a second header: titles in another language,
    or how the titles above them are read. It is taught nevertheless, since a fact may be named so.
    """
    if isinstance(header, WideHeader) or not header.cells:
        return []
    titled = find_roles(first) == {role: [at] for at, role in enumerate(ROLES)}
    above = [header.cells[at] for at in header.positions]
    if not titled and not (all(map(_READING.fullmatch, first)) and all(map(_KANJI.search, above))):
        return []
    message = (
        "The first row below the header looks like a second header. It was taken as a fact; delete it if it is none."
    )
    shown = Example(line=line, subject=first[0], relation=first[1], answer=first[2])
    return [Finding(kind=FindingKind.SECOND_HEADER, message=message, count=1, relation=None, examples=[shown])]
