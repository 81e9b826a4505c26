"""Turn rows into facts: what is taught and what is not, with counts that add up to the rows read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pilot.errors import UnusableInput
from pilot.reading.decoding import BAD
from pilot.reading.options import ReadingOptions
from pilot.reading.table import CELL_LIMIT, LATE_QUOTE, FactTable, trim
from pilot.reading.tables import read_table
from schemas.uploads import OnConflict

Pair = tuple[str, str]
Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """The facts of a file and counts of its rows: accepted + duplicate + conflicting + rejected = rows_read.

    taught: the sorted answers of each pair; lines: the line of its first fact; mentioned: all pairs of usable rows.
    """

    taught: dict[Pair, tuple[str, ...]]
    lines: dict[Pair, int]
    mentioned: set[Pair]
    rows_read: int
    accepted: int
    duplicate: int
    conflicting: int
    rejected: int
    encoding: str
    delimiter: str | None
    table_rows: int | None = None
    empty_cells: int | None = None


@dataclass(slots=True)
class _Rows:
    """The rows of a table, sorted into facts, duplicates and rejected rows."""

    read: int = 0
    rejected: int = 0
    duplicate: int = 0
    facts: dict[Fact, int] = field(default_factory=dict)
    """Each distinct fact and its line, in the order of the file."""


def read_facts(path: Path, options: ReadingOptions) -> Reading:
    """Read the facts of a file. Raises UnusableInput where it cannot be read or holds no fact."""
    table = read_table(path, options)
    rows = _sort_rows(table)
    chosen = _resolve_conflicts(rows.facts, options.on_conflict)
    if not chosen:
        raise UnusableInput("the file holds no usable row", "no_usable_row")
    answers: dict[Pair, list[str]] = {}
    lines: dict[Pair, int] = {}
    for (subject, relation, answer), line in chosen.items():
        answers.setdefault((subject, relation), []).append(answer)
        lines.setdefault((subject, relation), line)
    return Reading(
        taught={pair: tuple(sorted(held)) for pair, held in answers.items()},
        lines=lines,
        mentioned={(subject, relation) for subject, relation, _ in rows.facts},
        rows_read=rows.read,
        accepted=len(chosen),
        duplicate=rows.duplicate,
        conflicting=len(rows.facts) - len(chosen),
        rejected=rows.rejected,
        encoding=table.encoding,
        delimiter=table.delimiter,
        table_rows=table.table_rows,
        empty_cells=table.empty_cells,
    )


def _sort_rows(table: FactTable) -> _Rows:
    """Sort the rows. Blank lines do not count as rows, nor do rows of empty cells after the last row with content."""
    rows = _Rows()
    empty = 0
    for line, cells in table.records:
        if not any(map(trim, cells)):
            empty += len(cells) > 1
            continue
        rows.read += 1 + empty
        rows.rejected += empty
        empty = 0
        fact = _to_fact(cells, table)
        if fact is None:
            rows.rejected += 1
        elif fact in rows.facts:
            rows.duplicate += 1
        else:
            rows.facts[fact] = line
    return rows


def _to_fact(cells: Sequence[str], table: FactTable) -> Fact | None:
    """Return the three cells, names without the white space at their ends, or None where they cannot be taught."""
    looked_at = cells if table.delimiter is not None else [cells[place] for place in table.places if place < len(cells)]
    if len(cells) != table.width or any(BAD in cell or "\0" in cell for cell in looked_at):
        return None
    if [trim(cell) for cell in cells] == table.titles:
        return None
    if table.delimiter is not None and any(map(LATE_QUOTE.match, cells)):
        return None
    subject, relation, answer = (cells[place] for place in table.places)
    subject, relation = trim(subject), trim(relation)
    if not (subject and relation and trim(answer)) or max(map(len, (subject, relation, answer))) > CELL_LIMIT:
        return None
    return subject, relation, answer


def _resolve_conflicts(facts: dict[Fact, int], on_conflict: OnConflict) -> dict[Fact, int]:
    """Return the facts that remain where one pair has several answers."""
    if on_conflict is OnConflict.MANY:
        return facts
    if on_conflict is OnConflict.REFUSE:
        held = Counter((subject, relation) for subject, relation, _ in facts)
        return {fact: line for fact, line in facts.items() if held[fact[0], fact[1]] == 1}
    ordered = facts.items() if on_conflict is OnConflict.LAST else reversed(facts.items())
    kept = {(subject, relation): answer for (subject, relation, answer), _ in ordered}
    return {fact: line for fact, line in facts.items() if kept[fact[0], fact[1]] == fact[2]}
