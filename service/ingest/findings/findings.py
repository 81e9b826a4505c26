"""Findings about a table that was read; none of them refuses a row.

They concern the distinct facts, accepted and conflicting rows without duplicates, and are computed on distinct names.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.uploads import Example, Finding, FindingKind
from service.facts import fold_all, mark_repeats, number_texts, trim_all
from service.ingest.count import CodedTable, Codes, Column, CountedRows, Mask
from service.ingest.findings.uniqueness import find_unique
from service.ingest.table import AnyHeader
from service.packed import blocks_of, pack_each

_EXAMPLES = 5
_EXAMPLE_CHARS = 200
_FINDINGS_OF_A_KIND = 50
_MULTI_VALUED_PAIRS, _MULTI_VALUED_SHARE = 2, 0.05
_FORMAT_ROWS, _FORMAT_SHARE = 20, 0.95
_REFERENCE_SHARE, _DANGLING_SHARE = 0.5, 0.8
_LOST = re.compile("\ufffd")
# UTF-8 that was read as cp932 or Latin-1 and saved again: letter pairs of no language, and C1 controls. The lookahead
# at one character keeps a search over millions of characters fast.
_CP1252 = "\xa0-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_MOJIBAKE = re.compile(
    "(?=[縺繧繝Ãâã-é\x80-\x84\x86-\x9f])"
    f"(?:[縺繧繝].{{0,2}}[縺繧繝]|Ã[\x80-\xbf]|â€|(?:[ã-é][{_CP1252}]{{2}}){{2}}|[\x80-\x84\x86-\x9f])"
)
_MARKUP = re.compile(r"<[A-Za-z!/][^<>]{0,200}>|(?:\A|\0)[=@][A-Za-z]{1,30}\(|\{\{.{0,200}\}\}|\$\{.{0,200}\}")


def find_all(coded: CodedTable, counted: CountedRows, header: AnyHeader) -> list[Finding]:
    """All findings of one upload, those about the whole table first."""
    looked_at = np.flatnonzero(~counted.duplicate)
    survey = _Survey(coded, looked_at)
    found = [*_find_extra_columns(header), *_find_counts(coded, counted)]
    for kind in (survey.fold_together, survey.cells, survey.multi_valued, survey.out_of_format, survey.references):
        found += kind()
    return [*found, *find_unique(coded, looked_at)]


def make_examples(coded: CodedTable, rows: NDArray[np.int64]) -> list[Example]:
    """The first few of these rows, by their index (n,) in the table, cut to a length that can be shown to a person."""
    shown = [(int(coded.lines[row]), *coded.fact(row)) for row in rows[:_EXAMPLES].tolist()]
    return [
        Example(
            line=line,
            subject=subject[:_EXAMPLE_CHARS],
            relation=relation[:_EXAMPLE_CHARS],
            answer=answer[:_EXAMPLE_CHARS],
        )
        for line, subject, relation, answer in shown
    ]


def _find_extra_columns(header: AnyHeader) -> list[Finding]:
    ignored = header.ignored
    if not ignored:
        return []
    message = f"Columns that are not part of a fact were ignored: {', '.join(ignored[:20])}."
    return [_make_finding(FindingKind.EXTRA_COLUMNS, message, len(ignored))]


def _make_finding(
    kind: FindingKind, message: str, count: int, shown: list[Example] | None = None, relation: str | None = None
) -> Finding:
    return Finding(kind=kind, message=message, count=count, relation=relation, examples=shown or [])


def _find_counts(coded: CodedTable, counted: CountedRows) -> Iterator[Finding]:
    for kind, mask, message in (
        (FindingKind.DUPLICATE_ROWS, counted.duplicate, "Rows repeat a fact exactly; it was stored once."),
        (FindingKind.CONFLICTING_ROWS, counted.conflicting, "Rows give different answers to one subject and relation."),
    ):
        rows = np.flatnonzero(mask)
        if len(rows):
            yield _make_finding(kind, message, len(rows), make_examples(coded, rows))


class _Survey:
    """The distinct facts of a table. rows: (m,) their indices in `coded`."""

    def __init__(self, coded: CodedTable, rows: Codes) -> None:
        self.coded, self.rows = coded, rows
        self.relation_names = coded.relations.distinct
        self.relations = coded.relations.codes[rows]
        self.answers = coded.answers.codes[rows]
        self.facts_of = np.bincount(self.relations, minlength=len(self.relation_names))

    def fold_together(self) -> Iterator[Finding]:
        """Subjects, and relations, that are spelled in several ways and may be one name."""
        for role, names in (("subjects", self.coded.subjects), ("relations", self.coded.relations)):
            groups = _group_spellings(names)
            if groups:
                shown = "; ".join(" / ".join(map(repr, group[:_EXAMPLES])) for group in groups[:_EXAMPLES])
                message = (
                    f"{len(groups)} {role} are spelled in several ways that differ only in width, case, dashes or "
                    f"white space, and are kept apart: {shown[:1000]}"
                )
                wanted = {name for group in groups[:_EXAMPLES] for name in group}
                yield _make_finding(
                    FindingKind.NAMES_FOLD_TOGETHER, message, len(groups), self._first_rows(names, wanted)
                )

    def _first_rows(self, names: Column, wanted: set[str]) -> list[Example]:
        codes = [at for at, name in enumerate(names.distinct) if name in wanted]
        of_rows = names.codes[self.rows]
        return make_examples(self.coded, self.rows[np.sort([np.argmax(of_rows == at) for at in codes])])

    def cells(self) -> Iterator[Finding]:
        """Cells that lost characters before the upload, or hold what other programs would run."""
        trimmed = _either(self.coded.subjects.trimmed, self.coded.relations.trimmed)
        if trimmed is not None:
            message = "White space at the ends of subjects or relations was removed."
            yield from self._of_rows(FindingKind.SPACES_TRIMMED, message, trimmed[self.rows])
        message = "Cells hold U+FFFD (�): characters were lost before this file was written."
        yield from self._of_rows(FindingKind.REPLACEMENT_CHARACTER, message, self._where(_LOST))
        message = "Cells look garbled (such as 縺ゅ＞ or Ã©): they were read in a wrong encoding before."
        yield from self._of_rows(FindingKind.MOJIBAKE, message, self._where(_MOJIBAKE))
        message = "Cells hold markup, formulas or templates; they are kept as plain text."
        yield from self._of_rows(FindingKind.MARKUP_IN_CELLS, message, self._where(_MARKUP))

    def _where(self, pattern: re.Pattern[str]) -> Mask:
        """Which rows have a cell that matches: (m,)."""
        found = np.zeros(len(self.rows), dtype=np.bool_)
        for names in (self.coded.subjects, self.coded.relations, self.coded.answers):
            hits = _match_each(pattern, names.distinct)
            if hits.any():
                found |= hits[names.codes[self.rows]]
        return found

    def _of_rows(self, kind: FindingKind, message: str, mask: Mask) -> Iterator[Finding]:
        rows = self.rows[mask]
        if len(rows):
            yield _make_finding(kind, message, len(rows), make_examples(self.coded, rows))

    def multi_valued(self) -> Iterator[Finding]:
        """Relations with several answers for several pairs, which are probably sets rather than mistakes."""
        pairs = self.coded.pairs[self.rows]
        several = np.bincount(pairs)[pairs] > 1
        in_pairs = ~mark_repeats(pairs)
        relations = len(self.relation_names)
        of_relation = np.bincount(self.relations[in_pairs], minlength=relations)
        with_several = np.bincount(self.relations[in_pairs & several], minlength=relations)
        enough = (with_several >= _MULTI_VALUED_PAIRS) & (with_several >= _MULTI_VALUED_SHARE * of_relation)
        for relation, rows in self._by_relation(several & enough[self.relations]):
            message = (
                f"{with_several[relation]} of {of_relation[relation]} subjects have several answers here. "
                "If they belong together, send on_conflict=many."
            )
            yield self._about(FindingKind.RELATION_MULTI_VALUED, message, relation, int(with_several[relation]), rows)

    def out_of_format(self) -> Iterator[Finding]:
        """Answers in another format than nearly all others of their relation, such as one date among numbers."""
        kinds, names = number_texts(pack_each(classify_answers, self.coded.answers.distinct))
        of_rows = kinds[self.answers]
        keys, times = np.unique(self.relations * np.int64(len(names)) + of_rows, return_counts=True)
        relation, kind = keys // len(names), keys % len(names)
        dominant = (times >= _FORMAT_SHARE * self.facts_of[relation]) & (self.facts_of[relation] >= _FORMAT_ROWS)
        usual = np.full(len(self.relation_names), -1)
        usual[relation[dominant]] = kind[dominant]
        usual[usual == _index_of(names, TEXT)] = -1
        mask = (usual[self.relations] >= 0) & (usual[self.relations] != of_rows)
        for at, rows in self._by_relation(mask):
            message = f"Nearly all answers have the format {names[usual[at]]}; these do not."
            yield self._about(FindingKind.ANSWER_OUT_OF_FORMAT, message, at, len(rows), rows)

    def references(self) -> Iterator[Finding]:
        """Relations whose answers are mostly subjects of the same table, and the answers among them that are not."""
        answers = _hash_each(pack_each(trim_all, self.coded.answers.distinct))
        refers = np.isin(answers, _hash_each(self.coded.subjects.distinct))[self.answers]
        counts = np.bincount(self.relations[refers], minlength=len(self.relation_names))
        share = counts / np.maximum(self.facts_of, 1)
        for at, rows in self._by_relation(refers & (share >= _REFERENCE_SHARE)[self.relations]):
            message = f"{len(rows)} of {self.facts_of[at]} answers are themselves subjects."
            yield self._about(FindingKind.ANSWERS_ARE_SUBJECTS, message, at, len(rows), rows)
        for at, rows in self._by_relation(~refers & (share >= _DANGLING_SHARE)[self.relations]):
            message = f"{len(rows)} of {self.facts_of[at]} answers name no subject, though the others do."
            yield self._about(FindingKind.REFERENCE_DANGLING, message, at, len(rows), rows)

    def _about(self, kind: FindingKind, message: str, relation: int, count: int, rows: Codes) -> Finding:
        name = self.relation_names[relation]
        return _make_finding(kind, message, count, make_examples(self.coded, rows), name)

    def _by_relation(self, mask: Mask) -> Iterator[tuple[int, Codes]]:
        """Yield (relation, indices of its masked rows) for the relations with the most masked rows, of (m,) rows."""
        rows, relations = self.rows[mask], self.relations[mask]
        order = np.argsort(relations, kind="stable")
        names, starts = np.unique(relations[order], return_index=True)
        stops = [*starts[1:].tolist(), len(rows)]
        bounds = sorted(
            zip(names.tolist(), starts.tolist(), stops, strict=False), key=lambda group: group[1] - group[2]
        )
        for name, start, stop in bounds[:_FINDINGS_OF_A_KIND]:
            yield name, rows[order[start:stop]]


def _group_spellings(names: Column) -> list[list[str]]:
    """Group the distinct names that fold to the same form."""
    folds = pack_each(fold_all, names.distinct)
    shared = np.flatnonzero(mark_repeats(number_texts(folds)[0], "none"))
    groups: dict[str, list[str]] = defaultdict(list)
    for at in shared.tolist():
        groups[folds[at]].append(names.distinct[at])
    return list(groups.values())


def _hash_each(texts: Sequence[str]) -> Codes:
    """Python's hashes, of 64 bits with a secret key: (n,). Two of a million texts share one in no one's lifetime, and a
    set of the texts themselves would take several times the room of the file.
    """
    return np.fromiter(map(hash, texts), np.int64, len(texts))


def _match_each(pattern: re.Pattern[str], texts: Sequence[str]) -> Mask:
    """Which of the texts match: (n,). Many of them are searched as one text first."""
    found, before = np.zeros(len(texts), dtype=np.bool_), 0
    for block in blocks_of(texts):
        if pattern.search("\0".join(block)):
            found[before : before + len(block)] = [pattern.search(text) is not None for text in block]
        before += len(block)
    return found


def _either(first: Mask | None, second: Mask | None) -> Mask | None:
    if first is None or second is None:
        return second if first is None else first
    both: Mask = first | second
    return both


def _index_of(names: Sequence[str], wanted: str) -> int:
    return names.index(wanted) if wanted in names else -2


TEXT = "text"

_FORMATS = re.compile(
    r"(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?)"
    r"|(?P<date>\d{4}(?:-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|年\d{1,2}月\d{1,2}日))"
    r"|(?P<time>\d{1,2}:\d{2}(?::\d{2})?)"
    r"|(?P<moment>\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*)",
    re.ASCII,
)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*", re.ASCII)
_RUNS = (
    (re.compile(r"[0-9]+"), "9"),
    (re.compile(r"[A-Z]+"), "A"),
    (re.compile(r"[a-z]+"), "a"),
)
_CODE_CHARS = 32


def classify_answers(answers: Iterable[str]) -> list[str]:
    """Name the format of each answer: `number`, `date`, `time`, `moment`, a code's shape such as `A-9`, or `text`."""
    return [_classify(answer) for answer in answers]


def _classify(answer: str) -> str:
    if len(answer) > _CODE_CHARS:
        return TEXT
    match = _FORMATS.fullmatch(answer)
    if match:
        return match.lastgroup or TEXT
    return _shape(answer) if _CODE.fullmatch(answer) else TEXT


def _shape(code: str) -> str:
    """The shape of a code: `PART-0042` -> `A-9`. Words without a digit are text."""
    shape = code
    for run, letter in _RUNS:
        shape = run.sub(letter, shape)
    return shape if "9" in shape else TEXT
