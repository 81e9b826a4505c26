"""Which column is the subject, which the relation, which the answer.

A header is recognised only when all three are named; otherwise the first row may be a fact, and the caller is asked.
"""

import csv
from collections.abc import Sequence

from schemas.problems import Code
from schemas.uploads import Example, Finding, FindingKind
from service.errors import UnusableFile
from service.facts import is_blank, trimmed
from service.ingest.readers.vocabulary import ROLES, Places, find_roles, normal
from service.ingest.table import Header

AUTO, NONE = "auto", "none"
HEAD_ROWS = 20  # rows among which the header is looked for

_EXAMPLES = 5
_SHOWN_CELLS = 12
_SHOWN_CHARS = 40


def resolve(cells: Sequence[str], option: str) -> Header:
    """The header that `cells`, the first row, is by the caller's option; 422 where it is none."""
    if option.strip().lower() == NONE:
        return _positional(cells)
    if option.strip().lower() == AUTO:
        return Header(list(cells), _recognised(cells), _names(cells))
    return Header(list(cells), _asked_for(cells, option), _names(cells))


def fits(cells: Sequence[str], option: str) -> bool:
    """Whether `resolve` would accept this row."""
    try:
        resolve(cells, option)
    except UnusableFile:
        return False
    return True


def locate(rows: Sequence[Sequence[str]], option: str) -> int:
    """Which of a file's first rows is its header, or the row that stands where it should.

    Titles and notes may stand above it, but nothing that could be a fact.
    """
    for at, row in enumerate(rows[:HEAD_ROWS]):
        if fits(row, option) or len(row) - sum(map(is_blank, row)) >= len(ROLES):
            return at
    return 0


def lines_above(rows: Sequence[Sequence[str]], lines: Sequence[int]) -> list[Finding]:
    """The finding that names the rows above the header, which were left out."""
    if not rows:
        return []
    cells = [[*row, "", "", ""] for row in rows]
    shown = [
        Example(line=at, subject=row[0], relation=row[1], answer=row[2]) for at, row in zip(lines, cells, strict=True)
    ]
    message = "Lines above the header were left out: they cannot be facts."
    kind = FindingKind.LINES_ABOVE_HEADER
    return [Finding(kind=kind, message=message, count=len(rows), relation=None, examples=shown[:_EXAMPLES])]


def _names(cells: Sequence[str]) -> list[str]:
    return [trimmed(cell) or f"column {at}" for at, cell in enumerate(cells, 1)]


def _positional(cells: Sequence[str]) -> Header:
    if len(cells) < len(ROLES):
        raise UnusableFile(
            f"header=none needs three columns, and the first row has {len(cells)}: {_seen(cells)}. "
            "If the columns are separated by another character, name it with delimiter=.",
            code=Code.COLUMN_MISSING,
        )
    return Header([], (0, 1, 2), [f"column {at}" for at in range(1, len(cells) + 1)])


def _recognised(cells: Sequence[str]) -> tuple[int, int, int]:
    found = find_roles(cells)
    if all(len(found.get(role, [])) == 1 for role in ROLES):
        return found["subject"][0], found["relation"][0], found["answer"][0]
    raise _unrecognised(cells, found)


def _unrecognised(cells: Sequence[str], found: Places) -> UnusableFile:
    seen = _seen(cells)
    doubled = [role for role in ROLES if len(found.get(role, [])) > 1]
    missing = [role for role in ROLES if role not in found]
    name_them = "Name the three columns with header=SUBJECT,RELATION,ANSWER (their names in your file)"
    if doubled:
        return UnusableFile(
            f"Several columns could be the {doubled[0]}. The header reads: {seen}. {name_them}.",
            code=Code.HEADER_UNCLEAR,
            header=list(cells),
        )
    if len(missing) == 1:
        return UnusableFile(
            f"There is no column for the {missing[0]}. The header reads: {seen}. {name_them}, or add the column.",
            code=Code.COLUMN_MISSING,
            header=list(cells),
            missing=missing,
        )
    return UnusableFile(
        f"The first row names no columns subject, relation and answer (or 主語, 関係, 答え). It reads: {seen}. "
        f"If it is already a fact, send header=none. {name_them}.",
        code=Code.HEADER_UNCLEAR,
        header=list(cells),
        missing=missing,
    )


def _asked_for(cells: Sequence[str], option: str) -> tuple[int, int, int]:
    wanted = next(csv.reader([option]), [])
    if len(wanted) != len(ROLES):
        raise UnusableFile(
            f"header= takes auto, none or three column names separated by commas, not {option[:80]!r}.",
            code=Code.HEADER_UNCLEAR,
        )
    subject, relation, answer = (_place(cells, name) for name in wanted)
    if len({subject, relation, answer}) < len(ROLES):
        raise UnusableFile(f"header={option[:80]} names one column twice.", code=Code.HEADER_UNCLEAR)
    return subject, relation, answer


def _place(cells: Sequence[str], name: str) -> int:
    exact = [at for at, cell in enumerate(cells) if trimmed(cell) == trimmed(name)]
    places = exact or [at for at, cell in enumerate(cells) if normal(cell) == normal(name)]
    if len(places) == 1:
        return places[0]
    raise UnusableFile(
        f"The header has {'several columns' if places else 'no column'} named {name.strip()[:80]!r}. "
        f"It reads: {_seen(cells)}. Give the names as they stand there with header=A,B,C.",
        code=Code.HEADER_UNCLEAR if places else Code.COLUMN_MISSING,
        header=list(cells),
    )


def _seen(cells: Sequence[str]) -> str:
    shown = " | ".join(cell[:_SHOWN_CHARS] for cell in cells[:_SHOWN_CELLS])
    return f"{shown} | … ({len(cells)} columns)" if len(cells) > _SHOWN_CELLS else shown
