"""Facts as every part of the service holds them, the one rule of what a name is, and columns as integers.

Columns are numbered by PyArrow from `LARGE_COLUMN` entries on: it numbers a million texts in less than a tenth of a
second, three times as fast as a dict. Loading it takes longer than a dict takes for a small column, so a process that
meets only small columns never loads it.
"""

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from schemas import base
from service.packed import AT_ONCE, blocks_of

WHITE_SPACE = base.WHITE_SPACE
Pair = tuple[str, str]
Ints = NDArray[np.int64]
Kept = Literal["first", "last", "none"]
H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts in three columns of equal length, one row per fact. Rows with the same pair make its answer a set.

    lines: the line of the file that each fact is on; empty where the facts come from no file.
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
        """Make the columns from rows of (subject, relation, answer)."""
        subjects, relations, answers = map(list, zip(*rows, strict=True)) if (rows := list(rows)) else ([], [], [])
        return cls(subjects, relations, answers)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Iterate over the facts as (subject, relation, answer)."""
        return zip(self.subjects, self.relations, self.answers, strict=True)

    def __len__(self) -> int:
        return len(self.answers)


def trimmed(name: str) -> str:
    """The form in which a subject or a relation is stored and compared: without the white space at its ends."""
    return name.strip(WHITE_SPACE)


def trim_all(names: Sequence[str]) -> list[str]:
    """Trim many names without a function call for each; the result has the length of `names`."""
    return [name.strip(WHITE_SPACE) for name in names]


def is_blank(cell: str) -> bool:
    """Whether a cell is empty or holds only white space."""
    return not cell.strip(WHITE_SPACE)


_DASHES = re.compile("[‐‑‒–—―−⁃﹘﹣－]")
_TILDES = re.compile("[〜～∼˜]")
_SPACES = re.compile("[\\s\ufeff\u200b]+")
_BETWEEN = "\0"


def fold(name: str) -> str:
    """The form in which different spellings of one name are equal: NFKC, with one kind of dash, tilde and space and
    without case. The second look-up of a name and the findings of an upload compare names by it.
    """
    return " ".join(name.casefold().split()) if name.isascii() else _fold(name).strip()


def fold_all(names: Sequence[str]) -> list[str]:
    """Fold many names in one pass over their joined text, which is faster than a call for each.

    The names must not contain NUL, which joins them: it neither composes nor folds.
    """
    return [folded.strip() for folded in _fold(_BETWEEN.join(names)).split(_BETWEEN)] if names else []


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _DASHES.sub("-", _TILDES.sub("~", text)))
    text = text.casefold()
    if not text.isascii():
        text = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    return _SPACES.sub(" ", text)


LARGE_COLUMN = 50_000  # entries from which loading PyArrow pays off
DENSE = 4  # a table of this many places an entry is smaller, and read faster, than a hash table


class Texts(Sequence[str]):
    """A column of Arrow's: the bytes of its texts and four more for each. A text is made anew each time it is read."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> "Texts": ...
    def __getitem__(self, at: int | slice) -> "str | Texts":
        if isinstance(at, slice):
            return Texts(self._column[at])
        text: str = self._column[int(at)].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), AT_ONCE):
            yield from self._column.slice(start, AT_ONCE).to_numpy(zero_copy_only=False).tolist()

    def take(self, places: NDArray[np.integer]) -> "Texts":
        """The texts at these places, in their order."""
        import pyarrow as pa  # noqa: PLC0415 - as below
        from pyarrow import compute  # noqa: PLC0415

        return Texts(compute.take(self._column, pa.array(places), memory_pool=pa.system_memory_pool()))


Pick = Callable[[NDArray[np.integer]], list[str]]


def picker(texts: Sequence[str]) -> Pick:
    """A function that gives the texts at any places, in their order, without a loop over them."""
    if isinstance(texts, Texts):
        return lambda places: list(texts.take(places))
    column = np.empty(len(texts), dtype=object)
    column[:] = texts if isinstance(texts, list) else list(texts)
    return lambda places: column[places].tolist()


def number_texts(*parts: Sequence[str]) -> tuple[Ints, Sequence[str]]:
    """Number the texts of one column, which may come in parts, by first appearance: (n,) the number of each, and the
    distinct texts in that order.
    """
    if sum(map(len, parts)) < LARGE_COLUMN:
        return _by_dict(chain.from_iterable(parts))
    try:
        return _by_arrow(parts)
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 cannot encode
        return _by_dict(chain.from_iterable(parts))


def number_values(values: Ints) -> tuple[Ints, Ints]:
    """Number integers by first appearance: (n,) the number of each, and (m,) the distinct values in that order."""
    if not len(values):
        return values, values
    least, largest = int(values.min()), int(values.max())
    if largest - least < DENSE * len(values):
        return _by_place(values - least if least else values, least)
    if len(values) < LARGE_COLUMN:
        numbers, distinct = _by_dict(values.tolist())
        return numbers, np.array(distinct, dtype=np.int64)
    import pyarrow as pa  # noqa: PLC0415 - as below
    from pyarrow import compute  # noqa: PLC0415

    encoded = compute.dictionary_encode(pa.array(values), memory_pool=pa.system_memory_pool())
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_numpy()


def mark_repeats(values: Ints, kept: Kept = "first") -> NDArray[np.bool_]:
    """Mark the entries that occur more than once: an (n,) mask that spares the first or the last of each, or none."""
    numbers, distinct = number_values(values)
    if kept == "none":
        return np.asarray(np.bincount(numbers, minlength=len(distinct))[numbers] > 1)
    places = np.arange(len(numbers), dtype=np.int32)
    order = slice(None, None, -1) if kept == "first" else slice(None)
    at = np.zeros(len(distinct), dtype=np.int32)
    at[numbers[order]] = places[order]  # of several assignments to one number the last one stays
    mask = np.ones(len(numbers), dtype=np.bool_)
    mask[at] = False
    return mask


def _by_dict(entries: Iterable[H]) -> tuple[Ints, list[H]]:
    numbers: dict[H, int] = {}
    codes = [numbers.setdefault(entry, len(numbers)) for entry in entries]
    return np.array(codes, dtype=np.int64), list(numbers)


def _by_place(values: Ints, least: int) -> tuple[Ints, Ints]:
    """Number integers from 0 on that lie close together, by a table of where each stands first."""
    places = np.arange(len(values), dtype=np.int32)  # half the room, and no table has as many rows
    table = np.empty(int(values.max()) + 1, dtype=np.int32)
    table[values[::-1]] = places[::-1]  # of several assignments to one place the last one stays
    first = table[values]
    del table
    begins = first == places
    del places
    numbers = np.cumsum(begins, dtype=np.int32)
    numbers -= 1
    return numbers[first].astype(np.int64), values[begins] + least


def _by_arrow(parts: Iterable[Sequence[str]]) -> tuple[Ints, Sequence[str]]:
    """Number the parts block by block, so that no more than one block is there as texts and as Arrow's column."""
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second and 40 MB, for large columns alone
    from pyarrow import compute  # noqa: PLC0415

    pool = pa.system_memory_pool()  # Arrow's own keeps what it has once taken from the system
    blocks = [pa.array(block, pa.string(), memory_pool=pool) for part in parts for block in blocks_of(part)]
    if not blocks:
        return np.empty(0, dtype=np.int64), []
    encoded = compute.dictionary_encode(pa.chunked_array(blocks), memory_pool=pool)
    numbers = np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks]).astype(np.int64)
    distinct = Texts(encoded.chunks[-1].dictionary)
    return numbers, distinct if len(distinct) >= LARGE_COLUMN else list(distinct)
