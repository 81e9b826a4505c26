"""Wide tables: one row a subject, one column a relation; every filled cell is a fact, every empty one is counted."""

from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain, compress, cycle, repeat

from schemas.problems import Code
from service.errors import UnusableFile
from service.facts import Facts, Pair, is_blank, trimmed
from service.ingest.options import Limits, Options
from service.ingest.readers.header import join_names
from service.ingest.readers.sift import (
    HEADER_REPEATED,
    RawTable,
    Refusal,
    Row,
    read_pair,
    refuse_characters,
    refuse_length,
    refuse_width,
    sift,
)
from service.ingest.table import AnyHeader, RefusedRow, Table, WideHeader
from service.packed import Packed

_BETWEEN = "/"  # stands between the cells that make a subject


def tabulate(sheet: RawTable, header: AnyHeader, options: Options, limits: Limits) -> Table:
    """Turn rows into facts by the layout that their header has.

    Raises UnusableFile (422) where a column of a wide table has values and no name.
    """
    if isinstance(header, WideHeader):
        return _Unpivoting(sheet, header, options, limits).run()
    return sift(sheet, header, limits)


def read_pairs(row: Row, header: AnyHeader) -> Iterator[Pair]:
    """Yield the pairs that a refused row is about, where its cells still name them."""
    if not isinstance(header, WideHeader):
        yield from read_pair(row, header)
    elif max(header.subjects) < len(row):
        cells = [trimmed(row[column]) for column in header.subjects]
        if all(cells) and not refuse_characters(cells):
            yield from ((_BETWEEN.join(cells), header.names[column]) for column in header.relations)


class _Unpivoting:
    """Turns the n rows of a wide table with k relations into facts, refused cells and counts of the others.

    places: the indices of the rows that can be read. subjects: their subjects, where `spoiled` does not say why a
    subject cannot be taught.
    """

    def __init__(self, sheet: RawTable, header: WideHeader, options: Options, limits: Limits) -> None:
        self.sheet, self.header, self.options, self.limits = sheet, header, options, limits
        self.relations = [header.names[at] for at in header.relations]
        self.places, self.subjects, self.spoiled = array("q"), Packed[str](), dict[int, Refusal]()
        self.refused, self.mentioned = list[RefusedRow](), set[Pair]()
        self.blank_rows = self.empty_cells = 0

    def run(self) -> Table:
        self._sort_rows()
        self._refuse_nameless_columns()
        self._make_subjects()
        answers = Packed(chain.from_iterable(self._answers_of(row) for row in self._rows()))
        kept = self._judge_cells(answers)
        width, count = len(self.relations), len(self.places)
        taken = array("q", compress(chain.from_iterable(repeat(row, width) for row in range(count)), kept))
        lines = array("q", (self.sheet.lines[at] for at in self.places))
        facts = Facts(
            Packed(self.subjects[row] for row in taken),
            Packed(compress(cycle(self.relations), kept)),
            Packed(compress(answers, kept)),
            array("q", (lines[row] for row in taken)),
        )
        return Table(
            facts,
            lambda at: self.sheet.text(self.places[taken[at]]),
            self.header,
            self.refused,
            self.mentioned,
            blank_lines=self.blank_rows,
            rows=len(self.sheet.rows) - self.blank_rows,
            empty_cells=self.empty_cells,
        )

    def _rows(self) -> Iterator[Row]:
        """The rows that can be read."""
        read = bytearray(len(self.sheet.rows))
        for at in self.places:
            read[at] = 1
        return compress(self.sheet.rows, read)

    def _answers_of(self, row: Row) -> Iterator[str]:
        return (row[column] for column in self.header.relations)

    def _sort_rows(self) -> None:
        """Tell the rows that can be read from blank ones and from those that are refused as a whole."""
        titles = [trimmed(cell) for cell in self.header.cells]
        for at, row in enumerate(self.sheet.rows):
            if all(map(is_blank, row)) and at not in self.sheet.refusals and at not in self.sheet.bad_cells:
                self.blank_rows += 1
            elif refusal := self._refuse_row(at, row, titles):
                self.refused.append(RefusedRow(self.sheet.lines[at], *refusal, self.sheet.text(at)))
                self.mentioned.update(read_pairs(row, self.header) if refusal is not HEADER_REPEATED else ())
            else:
                self.places.append(at)

    def _refuse_row(self, at: int, row: Row, titles: list[str]) -> Refusal | None:
        if titles and trimmed(row[0]) == titles[0] and list(map(trimmed, row)) == titles:
            return HEADER_REPEATED
        return self.sheet.refusals.get(at) or refuse_width(row, self.header.width)

    def _refuse_nameless_columns(self) -> None:
        for column in self.header.unnamed:
            filled = (not is_blank(row[column]) for row in self._rows())
            at = next(compress(self.places, filled), None)
            if at is not None:
                raise UnusableFile(
                    f"Column {column + 1} has no name in the header, but a value in line {self.sheet.lines[at]}. "
                    "Name it, or name the columns that are wanted with relations=A,B.",
                    code=Code.HEADER_UNCLEAR,
                    header=self.header.cells,
                    **self.options.offer(relations=join_names(self.relations), ignore=None),
                )

    def _make_subjects(self) -> None:
        made = Packed(self._join_subject(*each) for each in enumerate(zip(self.places, self._rows(), strict=True)))
        self.subjects = Packed(map(_BETWEEN.join, made))
        if len(self.header.subjects) > 1:
            self._refuse_ambiguous(made)

    def _join_subject(self, row: int, read: tuple[int, Row]) -> list[str]:
        """The cells that make a row's subject; where one of them cannot be taught, `spoiled` says why."""
        columns, (at, full) = self.header.subjects, read
        cells = [trimmed(full[column]) for column in columns]
        refusal = self.sheet.refusal(at, columns) if self.sheet.bad_cells else None
        if refusal is None and not all(cells):
            missing = [self.header.names[column] for column, cell in zip(columns, cells, strict=True) if not cell]
            refusal = Code.FIELD_MISSING, f"The row has no {' and no '.join(missing)}."
        if refusal is None and self.sheet.scan:
            refusal = refuse_characters(cells)
        refusal = refusal or refuse_length("subject", _BETWEEN.join(cells), self.limits.max_field_chars)
        if refusal:
            self.spoiled[row] = refusal
        return cells

    def _refuse_ambiguous(self, made: Sequence[list[str]]) -> None:
        """Refuse rows whose subjects are one text though their cells differ: `a/b` + `c` and `a` + `b/c`."""
        of_subject: dict[str, set[tuple[str, ...]]] = {}
        for subject, cells in zip(self.subjects, made, strict=True):
            if subject.count(_BETWEEN) >= len(cells):
                of_subject.setdefault(subject, set()).add(tuple(cells))
        for row, subject in enumerate(self.subjects):
            if row not in self.spoiled and len(of_subject.get(subject, ())) > 1:
                self.spoiled[row] = (
                    Code.SUBJECT_UNCLEAR,
                    f"Different cells join to the same subject, since they contain {_BETWEEN}. Write them without it.",
                )

    def _judge_cells(self, answers: Packed[str]) -> bytearray:
        """Mark the cells that are facts, (n k,) row by row; refuse those that cannot be taught, count empty ones."""
        kept, width = bytearray(b"\1") * len(answers), len(self.relations)
        refusals = self._find_refusals(answers)
        for cell in self._find_doubtful(answers, refusals):
            row, column = divmod(cell, width)
            at, relation = self.places[row], self.relations[column]
            bad = self.sheet.bad_cells.get(at, {}).get(self.header.relations[column])
            refusal = self.spoiled.get(row) or bad or refusals.get(answers[cell])
            kept[cell] = 0
            if bad is None and is_blank(answers[cell]):
                self.empty_cells += 1
            elif refusal is None:
                kept[cell] = 1
            else:
                detail = f"{relation}: {refusal[1]}"
                self.refused.append(RefusedRow(self.sheet.lines[at], refusal[0], detail, self.sheet.text(at)))
                if row not in self.spoiled:
                    self.mentioned.add((self.subjects[row], relation))
        return kept

    def _find_refusals(self, answers: Packed[str]) -> dict[str, Refusal | None]:
        """The texts that are no answers, and why; None for those that are blank."""
        limit, found = self.limits.max_field_chars, dict[str, Refusal | None]()
        for block in answers.blocks():
            for answer in set(block).difference(found):
                refusal = refuse_length("answer", answer, limit) or (
                    refuse_characters([answer]) if self.sheet.scan else None
                )
                if refusal or is_blank(answer):
                    found[answer] = refusal
        return found

    def _find_doubtful(self, answers: Iterable[str], refusals: Container[str]) -> list[int]:
        """The indices of the cells that may not be facts, in order."""
        width = len(self.relations)
        found = {cell for cell, answer in enumerate(answers) if answer in refusals} if refusals else set[int]()
        for row, at in enumerate(self.places) if self.sheet.bad_cells or self.spoiled else ():
            if at in self.sheet.bad_cells or row in self.spoiled:
                found.update(range(row * width, (row + 1) * width))
        return sorted(found)
