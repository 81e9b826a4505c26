"""Arrange the rows of an experiment as tables that fit a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pilot.report.wording import Wording
from schemas.experiments import Row

_MANY = 7
"""More figures than this do not fit side by side."""
_ROWS, _CELLS = 16, 140
"""A table of more is folded."""


@dataclass(frozen=True, slots=True)
class TableLine:
    """A line of a table in words."""

    name: str
    task: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class RowTable:
    """A table in words. tasks: whether lines name their task; folded: whether it is too long to be shown unfolded."""

    title: str
    columns: list[str]
    lines: list[TableLine]
    tasks: bool
    folded: bool


def build_tables(rows: Sequence[Row], words: Wording) -> list[RowTable]:
    """Put rows with the same figures into one table.

    Where the figures are many, there is a table for each task; if it has few rows, it is transposed, one line a figure.
    """
    return [table for alike in _group_alike(rows) for table in _fit_tables(alike, words)]


def _group_alike(rows: Iterable[Row]) -> list[list[Row]]:
    """Group rows: a row joins the first group that has all of its figures, or none that it lacks."""
    groups: list[list[Row]] = []
    for row in rows:
        joined = next((group for group in groups if _joins(row, group)), None)
        if joined is None:
            groups.append([row])
        else:
            joined.append(row)
    return groups


def _joins(row: Row, group: Sequence[Row]) -> bool:
    names, known = set(row.figures), {name for held in group for name in held.figures}
    return names <= known or known <= names


def _fit_tables(rows: Sequence[Row], words: Wording) -> list[RowTable]:
    columns = _measured_columns(rows)
    tasks = list(dict.fromkeys(row.task for row in rows))
    if len(columns) <= _MANY:
        return [_make_table("", columns, rows, words, tasks=len(tasks) > 1)]
    titles = [words.words["task"][task] if task and len(tasks) > 1 else "" for task in tasks]
    parts = [[row for row in rows if row.task is task] for task in tasks]
    made = [
        _make_table(title, _measured_columns(part), part, words, tasks=False)
        for title, part in zip(titles, parts, strict=True)
    ]
    return [_transpose(table) if len(table.lines) < _MANY else table for table in made]


def _measured_columns(rows: Iterable[Row]) -> list[str]:
    """Return the figures that at least one row has."""
    return list(dict.fromkeys(name for row in rows for name, figure in row.figures.items() if figure is not None))


def _make_table(title: str, columns: Sequence[str], rows: Sequence[Row], words: Wording, *, tasks: bool) -> RowTable:
    return RowTable(
        title=title,
        columns=[words.label(column) for column in columns],
        lines=[_make_line(row, columns, words) for row in rows],
        tasks=tasks,
        folded=len(rows) > _ROWS or len(rows) * len(columns) > _CELLS,
    )


def _make_line(row: Row, columns: Sequence[str], words: Wording) -> TableLine:
    cells = [_make_cell(row.figures.get(column), column, words) for column in columns]
    return TableLine(words.label(row.name), words.words["task"][row.task] if row.task else "", cells)


def _transpose(table: RowTable) -> RowTable:
    cells = zip(*(line.cells for line in table.lines), strict=True)
    lines = [TableLine(name, "", list(each)) for name, each in zip(table.columns, cells, strict=True)]
    return replace(table, columns=[line.name for line in table.lines], lines=lines)


def _make_cell(figure: float | str | None, column: str, words: Wording) -> str:
    return words.label(figure) if isinstance(figure, str) else words.figures.shown(figure, column)
