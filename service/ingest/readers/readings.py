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
    find_subject,
    is_header,
    join_names,
    names_header,
    resolve_header,
)
from service.ingest.readers.sift import RawTable, Row
from service.ingest.readers.titlerows import find_titles
from service.ingest.readers.titles import ROLES, find_roles
from service.ingest.readers.wide import tabulate

_FACTS_SHOWN = 3
_SUBJECTS_OFFERED = 3
_COLUMNS_TRIED = 100
_Columns = tuple[int, ...]
_Changes = dict[str, str | None]  # of the query; None takes an option out
_WIDE: _Changes = {"layout": Layout.WIDE.value, "header": None}


def offer_readings(  # noqa: PLR0917 - the rows, and what is known of them
    error: UnusableFile,
    rows: Sequence[Row],
    at: int,
    options: Options,
    limits: Limits,
    reach: Sequence[dict[int, int]] = (),
) -> UnusableFile:
    """The error that refuses a header, with the readings of the table that would fit.

    rows: the first rows with content. at: the index of the one in the header's place. reach: as in `find_titles`. The
    readings come with the first three facts of each, and `try` is the query of the first; a table that is readable as a
    wide one lacks no column.
    """
    if error.code not in {Code.HEADER_UNCLEAR, Code.COLUMN_MISSING} or "try" in error.extra:
        return error
    readings = list(_find_readings(rows, at, options, limits, reach))
    if not readings:
        return error
    code, detail = error.code, error.detail
    wide = next((reading for reading in readings if reading.layout is Layout.WIDE), None)
    if wide and options.layout is Layout.LONG and len(rows[at]) >= len(ROLES) and names_header(options, AUTO):
        code = Code.HEADER_UNCLEAR
        detail += f" For a table with one row a subject, send layout=wide&subject={wide.subject}."
    offered = {"readings": [reading.show() for reading in readings], "try": readings[0].query}
    return UnusableFile(detail, code=code, **error.extra, **offered)


@dataclass(frozen=True, slots=True)
class _Reading:
    layout: Layout
    query: str
    facts: list[list[str]]
    subject: str | None = None

    def show(self) -> dict[str, object]:
        return {"query": self.query, "facts": self.facts}


def _find_readings(
    rows: Sequence[Row], at: int, options: Options, limits: Limits, reach: Sequence[dict[int, int]]
) -> Iterator[_Reading]:
    """Yield the readings that give facts, the likeliest first."""
    for changes in _find_changes(rows, at, options, reach):
        tried = _change(options, changes)
        with suppress(UnusableFile):
            if facts := read_first_facts(rows, tried, limits, reach):
                yield _Reading(tried.layout, options.change_query(**changes), facts, tried.subject)


def _change(options: Options, changes: _Changes) -> Options:
    layout = Layout(changes["layout"] or Layout.LONG)
    return replace(options, layout=layout, subject=changes["subject"], header=changes["header"] or AUTO)


def read_first_facts(
    rows: Sequence[Row], options: Options, limits: Limits, reach: Sequence[dict[int, int]] = ()
) -> list[list[str]]:
    """The first three facts of a table that has its header among these rows. Raises UnusableFile where it has none."""
    titles = find_titles(rows, options, reach)
    header = resolve_header(titles.cells, options)
    below = list(rows[titles.last + 1 :] if header.cells else rows[titles.first :])
    sheet = RawTable(below, range(len(below)), lambda _: "", scan=True)
    facts = islice(tabulate(sheet, header, options, limits).columns.rows(), _FACTS_SHOWN)
    return [[trimmed(subject), trimmed(relation), answer] for subject, relation, answer in facts]


def _find_changes(
    rows: Sequence[Row], at: int, options: Options, reach: Sequence[dict[int, int]]
) -> Iterator[_Changes]:
    """Yield the options that could make a table of these rows. A title that is a value of its own column is none."""
    titles = rows[at]
    below = [row for row in rows[at + 1 :] if len(row) == len(titles)]
    is_fact = any(not is_blank(title) and title in {row[place] for row in below} for place, title in enumerate(titles))
    three = len(titles) == len(ROLES)
    if is_header(titles, Options()):
        yield {"layout": None, "subject": None, "header": None}
        return
    if not is_fact:
        yield from _find_wide(rows, at, options, reach)
        if three and all(map(trimmed, titles)) and len(set(titles)) == len(titles) and names_header(options, AUTO):
            yield {"layout": None, "subject": None, "header": join_names(titles)}
    if three and not names_header(options, NONE):
        yield {"layout": None, "subject": None, "header": NONE}


def _find_wide(rows: Sequence[Row], at: int, options: Options, reach: Sequence[dict[int, int]]) -> Iterator[_Changes]:
    """Yield the columns that could be the subject of a wide table: filled in every row, and different in each.

    Columns with a title for subjects and the leftmost one are tried first, then pairs with them, then all others. In
    three columns only the first are, since these are as likely to be subject, relation and answer. The header may take
    up two rows, of which the second has the subject's title.
    """
    for titles in rows[at : at + 2]:
        named = [place for place, title in enumerate(titles) if not is_blank(title)]
        likely = list(dict.fromkeys((*find_roles(titles).get("subject", ()), *named[:1])))
        single: list[_Columns] = [(place,) for place in named]
        pairs: list[_Columns] = [(first, second) for first in likely for second in named if second != first]
        groups = [[chosen for chosen in single if chosen[0] in likely], pairs, single]
        for candidates in groups[: 1 if len(titles) <= len(ROLES) else None]:
            subjects = [
                join_names([trimmed(titles[place]) for place in chosen])
                for chosen in candidates
                if len(named) > len(chosen)
            ]
            offered = [{**_WIDE, "subject": subject} for subject in subjects[:_COLUMNS_TRIED]]
            found = [each for each in offered if _is_unique(rows, at, _change(options, each), reach)]
            if found:
                yield from found[:_SUBJECTS_OFFERED]
                return


def _is_unique(rows: Sequence[Row], at: int, tried: Options, reach: Sequence[dict[int, int]]) -> bool:
    """Whether the subject of a wide table is filled in every row below the header, and different in each, where the
    header does not begin below the row in its place.
    """
    titles = find_titles(rows, tried, reach)
    if titles.first > at:
        return False
    with suppress(UnusableFile):
        columns = find_subject(titles.cells, tried)
        subjects = [
            tuple(row[place] for place in columns) for row in rows[titles.last + 1 :] if len(row) == len(titles.cells)
        ]
        filled = not any(is_blank(cell) for subject in subjects for cell in subject)
        return bool(subjects) and filled and len(set(subjects)) == len(subjects)
    return False
