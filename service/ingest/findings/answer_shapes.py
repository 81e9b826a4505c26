"""What an answer looks like: a number, a date, a time, a code of one shape, or just text."""

import re
from collections.abc import Iterable

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


def formats(answers: Iterable[str]) -> list[str]:
    """For each answer `number`, `date`, `time`, `moment`, a code's shape such as `A-9`, or `text`."""
    return [_format(answer) for answer in answers]


def _format(answer: str) -> str:
    if len(answer) > _CODE_CHARS:
        return TEXT
    match = _FORMATS.fullmatch(answer)
    if match:
        return match.lastgroup or TEXT
    return _shape(answer) if _CODE.fullmatch(answer) else TEXT


def _shape(code: str) -> str:
    """`PART-0042` -> `A-9`; words without a digit are text."""
    shape = code
    for run, letter in _RUNS:
        shape = run.sub(letter, shape)
    return shape if "9" in shape else TEXT
