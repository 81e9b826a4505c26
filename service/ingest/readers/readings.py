"""The readings of a table whose header says too little: each with the query that chooses it and its first facts."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from schemas.problems import Code
from schemas.uploads import Layout
from service.errors import UnusableFile
from service.facts import is_blank, trimmed
from service.ingest.options import Limits, Options
from service.ingest.readers.header import (
    AUTO,
    NONE,
    is_header,
    join_names,
    names_header,
    resolve_header,
)
from service.ingest.readers.sift import RawTable, Row
from service.ingest.readers.titles import ROLES, find_roles
from service.ingest.readers.wide import tabulate

_FACTS_SHOWN = 3
_SUBJECTS_OFFERED = 3
_Columns = tuple[int, ...]
_Changes = dict[str, str | None]


def offer_readings(
    error: UnusableFile, titles: Sequence[str], rows: Sequence[Row], options: Options, limits: Limits
) -> UnusableFile:
    """The error that refuses a header, with the readings of the table that would fit in `extra`.

    titles: the row in the header's place. rows: the first rows below it. The readings come with the first three facts
    of each, and `try` is the query of the first; a table that is readable as a wide one lacks no column.
    """
    if error.code not in {Code.HEADER_UNCLEAR, Code.COLUMN_MISSING} or "try" in error.extra:
        return error
    readings = list(_find_readings(list(titles), rows, options, limits))
    if not readings:
        return error
    error.extra |= {"readings": [reading.show() for reading in readings], "try": readings[0].query}
    fits_wide = options.layout is Layout.LONG and any(reading.layout is Layout.WIDE for reading in readings)
    if fits_wide and len(titles) >= len(ROLES) and names_header(options, AUTO):
        error.code = Code.HEADER_UNCLEAR
    return error


@dataclass(frozen=True, slots=True)
class _Reading:
    layout: Layout
    query: str
    facts: list[list[str]]

    def show(self) -> dict[str, object]:
        return {"query": self.query, "facts": self.facts}


def _find_readings(titles: Row, rows: Sequence[Row], options: Options, limits: Limits) -> Iterator[_Reading]:
    """Yield the readings that give facts, the likeliest first."""
    for changes in _find_changes(titles, rows, options):
        tried = replace(
            options,
            layout=Layout(changes["layout"] or Layout.LONG),
            subject=changes["subject"],
            header=changes["header"] or AUTO,
        )
        with suppress(UnusableFile):
            if facts := read_first_facts(titles, rows, tried, limits):
                yield _Reading(tried.layout, options.change_query(**changes), facts)


def read_first_facts(titles: Row, rows: Sequence[Row], options: Options, limits: Limits) -> list[list[str]]:
    """The first three facts of a table whose first row is `titles`. Raises UnusableFile where it is no header."""
    header = resolve_header(titles, options)
    below = list(rows) if header.cells else [titles, *rows]
    sheet = RawTable(below, range(len(below)), lambda _: "", scan=True)
    facts = islice(tabulate(sheet, header, options, limits).columns.rows(), _FACTS_SHOWN)
    return [[trimmed(subject), trimmed(relation), answer] for subject, relation, answer in facts]


def _find_changes(titles: Row, rows: Sequence[Row], options: Options) -> Iterator[_Changes]:
    """Yield the options that could make a table of these rows. A title that is a value of its own column is none."""
    even = [row for row in rows if len(row) == len(titles)]
    is_fact = any(not is_blank(title) and title in {row[at] for row in even} for at, title in enumerate(titles))
    three = len(titles) == len(ROLES)
    if is_header(titles, Options()):
        yield {"layout": None, "subject": None, "header": None}
        return
    if not is_fact:
        for subject in _find_subjects(titles, even):
            yield {"layout": Layout.WIDE.value, "subject": join_names(subject), "header": None}
        if three and all(map(trimmed, titles)) and len(set(titles)) == len(titles) and names_header(options, AUTO):
            yield {"layout": None, "subject": None, "header": join_names(titles)}
    if three and not names_header(options, NONE):
        yield {"layout": None, "subject": None, "header": NONE}


def _find_subjects(titles: Row, rows: Sequence[Row]) -> Iterator[list[str]]:
    """Yield the columns that could be the subject of a wide table: filled in every row, and different in each.

    Columns with a title for subjects and the leftmost one are tried first, then pairs with them, then all others. In
    three columns only the first are, since these are as likely to be subject, relation and answer.
    """
    named = [at for at, title in enumerate(titles) if not is_blank(title)]
    filled = [at for at in named if rows and not any(is_blank(row[at]) for row in rows)]
    likely = [at for at in dict.fromkeys((*find_roles(titles).get("subject", ()), *named[:1])) if at in filled]
    single: list[_Columns] = [(at,) for at in filled]
    pairs: list[_Columns] = [(first, second) for first in likely for second in filled if second != first]
    groups = [[chosen for chosen in single if chosen[0] in likely], pairs, single]
    for candidates in groups[: 1 if len(titles) <= len(ROLES) else None]:
        found = [chosen for chosen in candidates if len({tuple(row[at] for at in chosen) for row in rows}) == len(rows)]
        if found and len(named) > len(found[0]):
            yield from ([trimmed(titles[at]) for at in chosen] for chosen in found[:_SUBJECTS_OFFERED])
            return
