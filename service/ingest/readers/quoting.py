"""Where a record of delimited text ends when the C reader gave up on it, and what its quotes mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.problems import Code
from service.errors import UnusableFile

_INSIDE = re.compile(r'(?:[^"]|"")*+')
_WRAPPERS = ("''", "``", "‘’", "“”", "´´")
_LINE_ENDS = "\r\n"
_ADVICE = 'Write quotes inside cells twice ("") and put such cells in double quotes, as Excel and pandas do.'


@dataclass(frozen=True, slots=True)
class Record:
    """Cells of the record that ends before line index `stop`; None where text follows a closing quote."""

    cells: list[str] | None
    stop: int


def read_record(lines: Sequence[str], start: int, delimiter: str) -> Record:
    """The record at line index `start` by the rules of RFC 4180; every line is visited once.

    Raises UnusableFile where nobody can tell where the record ends: an open quote, or unbalanced ones.
    """
    cells: list[str] = []
    at, place = start, 0
    while True:
        line = lines[at]
        if line.startswith('"', place):
            opened = at
            cell, at, place = _quoted(lines, opened, place + 1)
            line = lines[at]
            ended = place == len(line) or line[place] in _LINE_ENDS
            if not ended and line[place] != delimiter:
                return _garbled(lines, start, opened, at)
        else:
            stop = line.find(delimiter, place)
            ended = stop < 0
            cell = line[place:].rstrip(_LINE_ENDS) if ended else line[place:stop]
            place = stop
        cells.append(cell)
        if ended:
            return Record(cells, at + 1)
        place += 1


def _quoted(lines: Sequence[str], opened: int, place: int) -> tuple[str, int, int]:
    """A quoted cell's text, and the line index and place after its closing quote."""
    parts = []
    for at in range(opened, len(lines)):
        inside = _INSIDE.match(lines[at], place)
        end = inside.end() if inside else place
        parts.append(lines[at][place:end])
        if end < len(lines[at]):
            return "".join(parts).replace('""', '"'), at, end + 1
        place = 0
    raise _unclosed(opened)


def _unclosed(opened: int) -> UnusableFile:
    line = opened + 1
    return UnusableFile(
        f"The quote opened in line {line} is never closed, so the rows after it would become one answer. "
        f"Close it, or remove it. {_ADVICE}",
        code=Code.UNCLOSED_QUOTE,
        line=line,
    )


def _garbled(lines: Sequence[str], start: int, opened: int, at: int) -> Record:
    """Text after a closing quote: one broken row if its quotes balance, else no row after it can be trusted."""
    if at > opened:
        raise _unclosed(opened)
    text = "".join(lines[start : at + 1])
    if (text.count('"') - text.count('\\"')) % 2:
        raise UnusableFile(
            f"Line {at + 1} has text after a closing quote and an odd number of quotes: where its row ends is unclear. "
            f"{_ADVICE}",
            code=Code.QUOTING_UNCLEAR,
            line=at + 1,
        )
    return Record(None, at + 1)


def explain_malformed(text: str) -> str:
    """Why a row was refused as malformed."""
    if '\\"' in text:
        return f'The row escapes quotes with a backslash (\\"). {_ADVICE}'
    return f"Text follows a closing quote. {_ADVICE}"


def refuse_other_quotes(rows: Sequence[Sequence[str]], first_line: int) -> None:
    """422 when every cell stands in quotes that CSV does not know: they would be stored with the answers."""
    cells = [cell for row in rows for cell in row if cell]
    for wrapper in _WRAPPERS:
        if cells and all(_wrapped(cell, wrapper) for cell in cells):
            raise UnusableFile(
                f"From line {first_line} on every cell stands in {wrapper[0]}…{wrapper[1]}, which would become part of "
                f'every name and answer. Save the file with double quotes ("…") or without quotes.',
                code=Code.QUOTING_UNCLEAR,
                line=first_line,
            )


def _wrapped(cell: str, wrapper: str) -> bool:
    return len(cell) > 1 and cell[0] == wrapper[0] and cell[-1] == wrapper[1]
