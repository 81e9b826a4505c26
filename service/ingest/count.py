"""Counting the rows of an upload: first exact duplicates, then pairs with several answers, as the caller chose.

Everything works on integer codes of the distinct names and answers, so a million rows take a fraction of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ne

import numpy as np
from numpy.typing import NDArray

from schemas.problems import Code
from schemas.uploads import OnConflict
from service.facts import Facts, Kept, Pair, Texts, mark_repeats, number_texts, number_values, picker, trim_all
from service.ingest.table import RefusedRow, Table
from service.packed import give_back, pack_each

Codes = NDArray[np.int64]
Indices = NDArray[np.int32]
Mask = NDArray[np.bool_]
_LINES_NAMED = 10
_KEPT: dict[OnConflict, Kept] = {OnConflict.REFUSE: "none", OnConflict.FIRST: "first", OnConflict.LAST: "last"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of n rows as its distinct entries and codes.

    codes: (n,) the index of each row's entry in `distinct`; to be made int64 before it is multiplied. trimmed: (n,)
    which entries lost white space at their ends, None where none did.
    """

    distinct: Sequence[str]
    codes: Indices
    trimmed: Mask | None = None

    def take(self, rows: Mask) -> Sequence[str]:
        """The entries of the rows that the mask (n,) selects."""
        codes = self.codes[rows]
        if len(codes) == len(self.distinct) and np.array_equal(codes, np.arange(len(codes))):
            return self.distinct
        return self.distinct.take(codes) if isinstance(self.distinct, Texts) else picker(self.distinct)(codes)


@dataclass(frozen=True, slots=True)
class CodedTable:
    """A table of n rows as integers.

    pairs: (n,) one number for each distinct pair of subject and relation. lines: (n,) the line of each row in the file.
    """

    subjects: Column
    relations: Column
    answers: Column
    pairs: Codes
    lines: Codes

    def __len__(self) -> int:
        return len(self.lines)

    def fact(self, row: int) -> tuple[str, str, str]:
        return (*self.pair(row), self.answers.distinct[self.answers.codes[row]])

    def pair(self, row: int) -> Pair:
        return (
            self.subjects.distinct[self.subjects.codes[row]],
            self.relations.distinct[self.relations.codes[row]],
        )


@dataclass(frozen=True, slots=True)
class CountedRows:
    """What became of the n rows of a table.

    accepted, duplicate, conflicting: (n,) masks, of which exactly one is set for each row. refused: the rows that were
    not accepted, with the reasons. mentioned: the pairs of the conflicting rows.
    """

    accepted: Mask
    duplicate: Mask
    conflicting: Mask
    refused: list[RefusedRow]
    mentioned: set[Pair]


def encode_table(table: Table) -> CodedTable:
    """Encode the n facts of a table as integers. Names are trimmed; answers are kept as they are.

    The table loses its columns, which are as large as the file: each goes once it is encoded.
    """
    columns, table.columns = table.columns, Facts((), (), ())
    left, lines = [columns.answers, columns.relations, columns.subjects], np.array(columns.lines, dtype=np.int64)
    del columns
    subjects = _encode_column(left.pop())
    relations = _encode_column(left.pop())
    give_back()
    codes, distinct = number_texts(left.pop())
    answers = Column(distinct, codes.astype(np.int32))
    del codes
    give_back()
    pairs, _ = number_values(subjects.codes * np.int64(len(relations.distinct)) + relations.codes)
    return CodedTable(subjects, relations, answers, pairs, lines)


def _encode_column(entries: Sequence[str]) -> Column:
    codes, distinct = number_texts(entries)
    stripped = pack_each(trim_all, distinct)
    changed = np.fromiter(map(ne, distinct, stripped), np.bool_, len(distinct))
    if not changed.any():
        return Column(distinct, codes.astype(np.int32))
    places, merged = number_texts(stripped)
    return Column(merged, places[codes].astype(np.int32), changed[codes])


def count_rows(coded: CodedTable, table: Table, on_conflict: OnConflict) -> CountedRows:
    """Sort the rows into accepted, duplicate and conflicting ones."""
    triples = coded.pairs * max(len(coded.answers.distinct), 1) + coded.answers.codes
    duplicate = mark_repeats(triples)
    conflicting = _find_conflicts(coded.pairs, duplicate, on_conflict)
    refused = _refuse_duplicates(coded, table, triples, duplicate)
    refused += _refuse_conflicts(coded, table, duplicate, conflicting, on_conflict)
    mentioned = {coded.pair(row) for row in np.flatnonzero(conflicting).tolist()}
    return CountedRows(~(duplicate | conflicting), duplicate, conflicting, refused, mentioned)


def _find_conflicts(pairs: Codes, duplicate: Mask, on_conflict: OnConflict) -> Mask:
    conflicting = np.zeros(len(pairs), dtype=np.bool_)
    if on_conflict is not OnConflict.MANY:
        conflicting[~duplicate] = mark_repeats(pairs[~duplicate], _KEPT[on_conflict])
    return conflicting


def _refuse_duplicates(coded: CodedTable, table: Table, triples: Codes, duplicate: Mask) -> list[RefusedRow]:
    rows = np.flatnonzero(duplicate)
    repeated = np.flatnonzero(~duplicate & np.isin(triples, triples[rows]))
    first = dict(zip(triples[repeated].tolist(), coded.lines[repeated].tolist(), strict=True))
    return [
        RefusedRow(line, Code.DUPLICATE, f"The row repeats the fact in line {first[triple]}.", table.text(row))
        for row, line, triple in zip(rows.tolist(), coded.lines[rows].tolist(), triples[rows].tolist(), strict=True)
    ]


def _refuse_conflicts(
    coded: CodedTable, table: Table, duplicate: Mask, conflicting: Mask, on_conflict: OnConflict
) -> list[RefusedRow]:
    rows = np.flatnonzero(conflicting)
    involved = np.flatnonzero(~duplicate & np.isin(coded.pairs, coded.pairs[rows]))
    lines: dict[int, list[int]] = {}
    for pair, line in zip(coded.pairs[involved].tolist(), coded.lines[involved].tolist(), strict=True):
        lines.setdefault(pair, []).append(line)
    return [
        RefusedRow(int(coded.lines[row]), Code.CONFLICT, _explain_conflict(lines[pair], on_conflict), table.text(row))
        for row, pair in zip(rows.tolist(), coded.pairs[rows].tolist(), strict=True)
    ]


def _explain_conflict(lines: list[int], on_conflict: OnConflict) -> str:
    named = ", ".join(map(str, lines[:_LINES_NAMED])) + (", …" if len(lines) > _LINES_NAMED else "")
    outcome = {
        OnConflict.FIRST: f"Line {lines[0]} was kept.",
        OnConflict.LAST: f"Line {lines[-1]} was kept.",
    }.get(on_conflict, "None was kept. To keep some, send on_conflict=first, last or many.")
    return f"Lines {named} give different answers to the same subject and relation. {outcome}"
