"""Facts as every part of the service holds them, and the one rule of what a name is."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pair = tuple[str, str]
Ints = NDArray[np.int64]

# str.isspace's characters and the byte order mark, which a file glued together from others has in its middle.
WHITE_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """One row a fact, in three columns of one length. Rows that share a pair make that pair's answer a set.

    lines: the line of its file that each fact stands on; empty where the facts come from no file.
    Raises ValueError where the columns differ in length.
    """

    subjects: Sequence[str]
    relations: Sequence[str]
    answers: Sequence[str]
    lines: Sequence[int] = ()

    def __post_init__(self) -> None:
        lengths = {len(self.subjects), len(self.relations), len(self.answers), len(self.lines) or len(self.answers)}
        if len(lengths) != 1:
            raise ValueError("subjects, relations, answers and lines must have the same length")

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str]]) -> "Facts":
        """Of rows (subject, relation, answer)."""
        subjects, relations, answers = map(list, zip(*rows, strict=True)) if (rows := list(rows)) else ([], [], [])
        return cls(subjects, relations, answers)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Each fact as (subject, relation, answer)."""
        return zip(self.subjects, self.relations, self.answers, strict=True)

    def __len__(self) -> int:
        return len(self.answers)


def trimmed(name: str) -> str:
    """What a subject or a relation is known by: its exact code points without the white space at its ends."""
    return name.strip(WHITE_SPACE)


def trim_all(names: Sequence[str]) -> list[str]:
    """The same for many names at once, without a call for each."""
    return [name.strip(WHITE_SPACE) for name in names]


def is_blank(cell: str) -> bool:
    """Whether a cell holds nothing but white space."""
    return not cell.strip(WHITE_SPACE)


_DASHES = re.compile("[‐‑‒–—―−⁃﹘﹣－]")
_TILDES = re.compile("[〜～∼˜]")
_SPACES = re.compile("[\\s\ufeff\u200b]+")
_BETWEEN = "\0"


def fold(name: str) -> str:
    """The form in which spellings that a reader would take for one name are equal: NFKC, and dashes, tildes, white
    space and case made alike. The second look-up of a name, and findings at an upload, compare by it.
    """
    return " ".join(name.casefold().split()) if name.isascii() else _fold(name).strip()


def fold_all(names: Sequence[str]) -> list[str]:
    """The same for many names that hold no NUL, as one text: NUL neither composes nor folds, and one pass in C beats a
    call for each name.
    """
    return [folded.strip() for folded in _fold(_BETWEEN.join(names)).split(_BETWEEN)] if names else []


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _DASHES.sub("-", _TILDES.sub("~", text)))
    text = text.casefold()
    if not text.isascii():
        text = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    return _SPACES.sub(" ", text)
