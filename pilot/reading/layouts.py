"""Find the header of a table and its columns, and make records of facts: of long rows, or of the cells of wide ones."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from pilot.errors import UnusableInput
from pilot.reading.decoding import BAD
from pilot.reading.options import ReadingOptions
from pilot.reading.table import LATE_QUOTE, FactTable, Record, trim
from pilot.reading.titles import ROLES, find_exact, fold_title, match_titles, name_columns
from schemas.uploads import Layout

HEAD_ROWS = 20  # among so many filled rows a header is looked for by its names


def find_columns(
    records: Iterator[Record], options: ReadingOptions, *, encoding: str, delimiter: str | None
) -> FactTable:
    """Find the header and its columns: the first row that has the names given, else the first with three filled cells.

    What stands above it is a title or a note.
    """
    wanted = [] if options.header in ("auto", "none") else [fold_title(name) for name in name_columns(options.header)]
    rows = list(records)
    if options.layout is Layout.WIDE:
        return _unpivot(rows, options, encoding=encoding, delimiter=delimiter)
    filled = (at for at, (_, cells) in enumerate(rows) if sum(map(bool, map(trim, cells))) >= ROLES)
    top = next(filled, None)
    if wanted:
        head = islice((at for at, (_, cells) in enumerate(rows) if any(map(trim, cells))), HEAD_ROWS)
        top = next((at for at in head if {*wanted} <= set(map(fold_title, rows[at][1]))), top)
    if top is None:
        raise UnusableInput("the file has no row of three filled cells", "no_row")
    _, titles = rows[top]
    if options.header == "none":
        return FactTable(rows[top:], (0, 1, 2), len(titles), [], encoding, delimiter)
    places = match_titles(titles, options.header)
    rows = rows[top + 1 :]
    titles = [*map(trim, titles), *[""] * _count_empty_columns(rows, len(titles))]
    return FactTable(rows, places, len(titles), titles, encoding, delimiter)


def _count_empty_columns(rows: Sequence[Record], width: int) -> int:
    """Count the empty cells that every filled row has beyond the width of the header."""
    widths = {len(cells) for _, cells in rows if any(map(trim, cells))}
    alike = len(widths) == 1 and not any(trim(cell) for _, cells in rows for cell in cells[width:])
    return max(widths.pop() - width, 0) if alike else 0


def _unpivot(rows: list[Record], options: ReadingOptions, *, encoding: str, delimiter: str | None) -> FactTable:
    """Make a record of every filled cell of a wide table: its row's subject, its column's name, and the cell.

    Raises UnusableInput where the columns that are named are not there, or a relation has no name of its own.
    """
    names = name_columns(options.subject or "")
    head = [at for at, (_, cells) in enumerate(rows) if any(map(trim, cells))][:HEAD_ROWS]
    top = next((at for at in head if names and all(find_exact(rows[at][1], name) is not None for name in names)), None)
    if top is None:
        raise _no_columns("no row names the columns of --subject")
    keys = _place_all(rows[top][1], options.subject or "")
    titles, last = _join_titles(rows, head, head.index(top), keys)
    body = rows[last + 1 :]
    places = _choose_relations(titles, keys, options)
    if options.relations is None:
        unnamed = [at for at, title in enumerate(titles) if not title]
        if any(trim(cells[at]) for _, cells in body for at in unnamed if len(cells) == len(titles)):
            raise _no_columns("a column with values has no name: name it, or use --relations")
    width = len(titles) + _count_empty_columns(body, len(titles))
    found = list(_split_rows(body, titles, width, keys, delimiter))
    made = [(line, key, titles[at], cells[at]) for line, key, cells in found for at in places if trim(cells[at])]
    records = [*_spoil_unclear(made, len(keys)), *((line, [BAD] * ROLES) for line, key, _ in found if key == (BAD,))]
    whole = [cells for _, key, cells in found if key != (BAD,)]
    empty = sum(not trim(cells[at]) for cells in whole for at in places)
    return FactTable(records, (0, 1, 2), ROLES, [], encoding, None, len(found), empty)


def _no_columns(message: str) -> UnusableInput:
    return UnusableInput(message, "columns_unclear")


def _place_all(titles: Sequence[str], option: str) -> list[int]:
    """The columns that an option names. Raises UnusableInput where one of them is not there."""
    places = [find_exact(titles, name) for name in name_columns(option)]
    if None in places:
        raise _no_columns(f"the header has not all of the columns {option}")
    return [at for at in places if at is not None]


def _choose_relations(titles: list[str], keys: list[int], options: ReadingOptions) -> list[int]:
    """The columns that are relations. Raises UnusableInput where two of them have one name."""
    if options.relations is not None:
        places = _place_all(titles, options.relations)
    else:
        left_out = {*keys, *(_place_all(titles, options.ignore) if options.ignore is not None else ())}
        places = [at for at, title in enumerate(titles) if title and at not in left_out]
    names = [titles[at] for at in places]
    if not names or len(set(names)) < len(names):
        raise _no_columns("several columns have one name, or none is left: use --relations")
    return places


def _join_titles(rows: list[Record], head: list[int], place: int, keys: list[int]) -> tuple[list[str], int]:
    """The names of the columns, of two rows joined where one of them is not enough, and the last row of the header."""
    titles = [trim(cell) for cell in rows[head[place]][1]]
    counts = Counter(titles)
    if place + 1 < len(head):
        below = [trim(cell) for cell in rows[head[place + 1]][1]]
        lacking = any(low and (not high or counts[high] > 1) for high, low in zip(titles, below, strict=False))
        if len(below) == len(titles) and lacking and not any(below[at] for at in keys):
            return _join_names(titles, below, keys), head[place + 1]
    if place > 0:
        above = [trim(cell) for cell in rows[head[place - 1]][1]]
        spans = any(high and not after and low for high, after, low in zip(above, above[1:], titles[1:], strict=False))
        is_of_groups = (
            spans and not any(above[at] for at in keys if at < len(above)) and not re.search(r"\d", "".join(above))
        )
        if len(above) == len(titles) and is_of_groups:
            return _join_names(above, titles, keys), head[place]
    return titles, head[place]


def _join_names(above: list[str], below: list[str], keys: list[int]) -> list[str]:
    joined, group = list[str](), ""
    for at, (high, low) in enumerate(zip(above, below, strict=True)):
        group = "" if at in keys else high or (group if low else "")
        joined.append(" / ".join(dict.fromkeys(part for part in (high if at in keys else group, low) if part)))
    return joined


def _split_rows(
    body: list[Record], titles: list[str], width: int, keys: list[int], delimiter: str | None
) -> Iterator[tuple[int, tuple[str, ...], Sequence[str]]]:
    """Yield line, the cells that make the subject, and all cells of every filled row. The subject of a row that cannot
    be read is BAD, and its cells are empty; it is blank where a part of it is.
    """
    nothing = [""] * len(titles)
    for line, cells in body:
        if not any(map(trim, cells)):
            continue
        late = delimiter is not None and any(map(LATE_QUOTE.match, cells))
        if len(cells) != width or late or [trim(cell) for cell in cells] == titles + [""] * (width - len(titles)):
            yield line, (BAD,), nothing
            continue
        subject = tuple(trim(cells[at]) for at in keys)
        yield line, subject if all(subject) else ("",), cells


def _spoil_unclear(made: list[tuple[int, tuple[str, ...], str, str]], parts: int) -> list[Record]:
    """Join the cells of each subject by a slash; where different cells give one text, the record is bad."""
    cells_of: dict[str, set[tuple[str, ...]]] = {}
    for _, cells, _, _ in made:
        cells_of.setdefault("/".join(cells), set()).add(cells)
    unclear = {subject for subject, found in cells_of.items() if parts > 1 and len(found) > 1}
    named = ((line, "/".join(cells), relation, answer) for line, cells, relation, answer in made)
    return [
        (line, [BAD if subject in unclear else subject, relation, answer]) for line, subject, relation, answer in named
    ]
