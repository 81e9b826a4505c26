"""Names: what makes two spellings one name, and the index behind the second look-up.

A spelling that is not taught is tried again through NFC and then through its folded form, and used only when that leads
to exactly one taught name: real tables have names that differ in case or width alone and mean different things.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from jaxtyping import Bool, Int64, UInt8, UInt64
from numpy import ndarray

from service.facts import fold, trimmed
from service.memory.hashing import Keyring, NameHasher, as_words
from service.memory.pages import NamePage


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a spelling leads: the hash of one taught name, or none when it may be several (`ambiguous`)."""

    digest: bytes | None
    ambiguous: bool


class NameIndex:
    """Taught subjects under a keyed hash of their folded form; no name can be read from it. Never changes.

    folds: (n,) sorted 8-byte keyed hashes of folded names; digests: (n, size) the hashes of the names themselves;
    taught: (n,) the first words of these, sorted.
    """

    def __init__(
        self,
        keyring: Keyring,
        hasher: NameHasher,
        folds: UInt64[ndarray, " n"],
        digests: UInt8[ndarray, "n size"],
        taught: UInt64[ndarray, " n"] | None = None,
    ) -> None:
        self._keyring = keyring
        self._blank = blake2b(key=keyring.subkey("index"), digest_size=8)
        self._hasher = hasher
        self.folds = folds
        self.digests = digests
        self.taught = np.sort(as_words(digests)[:, 0]) if taught is None else taught

    @classmethod
    def of(
        cls, keyring: Keyring, hasher: NameHasher, names: Sequence[str], digests: UInt8[ndarray, "n size"]
    ) -> "NameIndex":
        """Index `names`, whose hashes are `digests`; the result does not depend on their order."""
        blank = cls(keyring, hasher, np.empty(0, np.uint64), digests[:0])
        folds = blank.fold_hashes(map(fold, names))
        order = np.lexsort((_sort_keys(digests), folds))
        return cls(keyring, hasher, folds[order], digests[order])

    def with_pages(self, before: Sequence[NamePage], after: Sequence[NamePage]) -> "NameIndex":
        """The index with the names of the pages `after` instead of those of the pages `before`."""
        old, new = _concatenate_pages(before, self.digests[:0]), _concatenate_pages(after, self.digests[:0])
        gone, come = ~_is_among(old, new), ~_is_among(new, old)
        if not gone.any() and not come.any():
            return self
        stay = ~np.isin(as_words(self.digests)[:, 0], as_words(old.digests)[gone, 0])
        folds, digests = self.folds[stay], self.digests[stay]
        added = NamePage(new.folds[come], new.digests[come])
        at = _insert_positions(folds, digests, added)
        folds, digests = np.insert(folds, at, added.folds), np.insert(digests, at, added.digests, axis=0)
        taught = self.taught[~np.isin(self.taught, as_words(old.digests)[gone, 0])]
        fresh = np.sort(as_words(added.digests)[:, 0])
        taught = np.insert(taught, np.searchsorted(taught, fresh), fresh)
        return NameIndex(self._keyring, self._hasher, folds, digests, taught)

    def fold_hashes(self, folded: Iterable[str]) -> UInt64[ndarray, " n"]:
        return np.frombuffer(b"".join(map(self._fold_hash, folded)), dtype="<u8")

    def holds(self, digests: UInt8[ndarray, "n size"]) -> Bool[ndarray, " n"]:
        """Which of these hashes are those of taught names."""
        asked = as_words(digests)[:, 0]
        if not len(self.taught):
            return np.zeros(len(asked), dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.taught, asked), len(self.taught) - 1)
        return np.asarray(self.taught[at] == asked)

    def resolve(self, names: Iterable[str]) -> dict[str, Resolution]:
        """Of spellings to which the memory had no answer, those that stand for other taught names, and for which."""
        distinct = list(dict.fromkeys(names))
        folded = [fold(name) for name in distinct]
        near = [at for at, known in enumerate(self.knows(folded)) if known]
        found = {distinct[at]: self._among(distinct[at], self.alike(folded[at])) for at in near}
        return {name: resolution for name, resolution in found.items() if resolution is not None}

    def _among(self, name: str, held: list[bytes]) -> Resolution | None:
        """What a spelling stands for among taught names that fold alike; None when it is taught as it is."""
        if self._hasher.digest(name) in held:
            return None
        normal = self._hasher.digest(trimmed(unicodedata.normalize("NFC", name)))
        if normal in held or len(held) == 1:
            return Resolution(normal if normal in held else held[0], ambiguous=False)
        return Resolution(None, ambiguous=True)

    def knows(self, folded: Sequence[str]) -> Bool[ndarray, " n"]:
        """Which folded forms belong to some taught name."""
        if not len(self.folds) or not folded:
            return np.zeros(len(folded), dtype=np.bool_)
        hashes = self.fold_hashes(folded)
        at = np.minimum(np.searchsorted(self.folds, hashes), len(self.folds) - 1)
        return np.asarray(self.folds[at] == hashes)

    def alike(self, folded: str) -> list[bytes]:
        """The hashes of the taught names with this folded form."""
        hashed = np.frombuffer(self._fold_hash(folded), dtype="<u8")
        start, end = (int(np.searchsorted(self.folds, hashed, side)[0]) for side in ("left", "right"))
        return [self.digests[at].tobytes() for at in range(start, end)]

    def _fold_hash(self, folded: str) -> bytes:
        state = self._blank.copy()
        state.update(folded.encode("utf-8", "surrogatepass"))
        return state.digest()


def index_names(
    keyring: Keyring, hasher: NameHasher, names: Sequence[str], digests: UInt8[ndarray, "n size"]
) -> NamePage:
    """Names as index entries, sorted by (fold, digest)."""
    index = NameIndex.of(keyring, hasher, names, digests)
    return NamePage(index.folds, index.digests)


def merge_name_page(page: NamePage, gone: NamePage, come: NamePage) -> NamePage:
    """The page without the entries `gone` and with the entries `come`."""
    stay = ~_is_among(page, gone)
    folds, digests = page.folds[stay], page.digests[stay]
    at = _insert_positions(folds, digests, come)
    return NamePage(np.insert(folds, at, come.folds), np.insert(digests, at, come.digests, axis=0))


def _concatenate_pages(pages: Sequence[NamePage], none: UInt8[ndarray, "0 size"]) -> NamePage:
    folds = np.concatenate([np.empty(0, np.uint64), *(page.folds for page in pages)])
    return NamePage(folds, np.concatenate([none, *(page.digests for page in pages)]))


def _is_among(some: NamePage, others: NamePage) -> Bool[ndarray, " n"]:
    """Which entries of `some` stand in `others` as well."""
    return np.isin(as_words(some.digests)[:, 0], as_words(others.digests)[:, 0])


def _insert_positions(
    folds: UInt64[ndarray, " n"], digests: UInt8[ndarray, "n size"], added: NamePage
) -> Int64[ndarray, " added"]:
    """Where the entries of `added` belong among sorted (fold, digest)."""
    start, end = (np.searchsorted(folds, added.folds, side) for side in ("left", "right"))
    for each in np.flatnonzero(start < end).tolist():  # names that fold alike stand in the order of their hashes
        alike = _sort_keys(digests[start[each] : end[each]])
        start[each] += np.searchsorted(alike, _sort_keys(added.digests[each : each + 1])[0])
    return start


def _sort_keys(digests: UInt8[ndarray, "n size"]) -> UInt64[ndarray, " n"]:
    """The first eight bytes of each hash as one number, to sort by."""
    return np.ascontiguousarray(digests[:, :8]).view(">u8")[:, 0]
