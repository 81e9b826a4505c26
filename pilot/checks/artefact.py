"""Search the stored bytes of a memory for names, in every encoding in which a person could read them.

A name of fewer than 8 bytes in an encoding is not searched in it: it would turn up by chance among millions of bytes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HEAD = 8
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp932")


@dataclass(slots=True)
class NameIndex:
    """The encoded forms of names, keyed by their first 8 bytes.

    Every name is either in `searched` (at least one form is long enough) or in `short`.
    """

    forms: defaultdict[int, set[tuple[bytes, str]]] = field(default_factory=lambda: defaultdict(set))
    searched: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)


def index_names(names: Collection[str]) -> NameIndex:
    """Index the names for a search. A name takes part if at least one of its forms has 8 bytes or more."""
    found = NameIndex()
    for name in names:
        long = [form for form in _encode(name) if len(form) >= _HEAD]
        (found.searched if long else found.short).add(name)
        for form in long:
            found.forms[int.from_bytes(form[:_HEAD], "little")].add((form, name))
    return found


def find_names(folder: Path, wanted: NameIndex) -> set[str]:
    """Return the names that occur in any file below the folder."""
    heads = np.array(sorted(wanted.forms), dtype=np.uint64)
    files = (path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    return {name for data in files for name in _names_in(data, heads, wanted)} if len(heads) else set()


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _encode(name: str) -> Iterator[bytes]:
    for encoding in _ENCODINGS:
        try:
            yield name.encode(encoding)
        except UnicodeEncodeError:
            continue


def _names_in(data: bytes, heads: NDArray[np.uint64], wanted: NameIndex) -> Iterator[str]:
    for at in _find_heads(data, heads):
        for form, name in wanted.forms[int.from_bytes(data[at : at + _HEAD], "little")]:
            if data.startswith(form, at):
                yield name


def _find_heads(data: bytes, heads: NDArray[np.uint64]) -> Iterable[int]:
    """Yield the offsets at which one of the heads occurs. Eight passes, one for each alignment of an 8-byte word."""
    for offset in range(min(_HEAD, len(data) - _HEAD + 1)):
        words = np.frombuffer(data, dtype="<u8", offset=offset, count=(len(data) - offset) // _HEAD)
        nearest = heads[np.searchsorted(heads, words).clip(max=len(heads) - 1)]
        for word in np.flatnonzero(nearest == words):
            yield int(word) * _HEAD + offset
