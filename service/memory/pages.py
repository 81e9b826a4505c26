"""Pages: the answers and the name index are cut into parts, so that an edit writes one and leaves the others.

An answer stands in the page that the low bits of its code name, a name in the page of the high bits of its hash: where
something stands depends on nothing but itself and the recipe.
"""

import hashlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Int64, UInt8, UInt32, UInt64
from numpy import ndarray


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """Entries sorted by (relation, code): relation numbers and codes in the clear, texts encrypted."""

    relations: UInt32[ndarray, " n"]
    codes: UInt64[ndarray, " n"]
    ciphertext: bytes

    @property
    def nbytes(self) -> int:
        """With the counts and ends that part the pages on the disk."""
        return self.relations.nbytes + self.codes.nbytes + len(self.ciphertext) + 12

    def hash(self) -> bytes:
        """SHA-256 of the page."""
        return _sha256(self.relations.tobytes(), self.codes.tobytes(), self.ciphertext)


@dataclass(frozen=True, slots=True)
class NamePage:
    """Taught subjects sorted by (fold, digest): folds are keyed hashes of folded names."""

    folds: UInt64[ndarray, " n"]
    digests: UInt8[ndarray, "n size"]

    @property
    def nbytes(self) -> int:
        return self.folds.nbytes + self.digests.nbytes

    def hash(self) -> bytes:
        """SHA-256 of the page."""
        return _sha256(self.folds.tobytes(), np.ascontiguousarray(self.digests).tobytes())


def answer_page_of(codes: UInt64[ndarray, " n"], pages: int) -> Int64[ndarray, " n"]:
    """The page of each code; `pages` is a power of two."""
    return (codes & np.uint64(pages - 1)).astype(np.int64)


def name_page_of(folds: UInt64[ndarray, " n"], pages: int) -> Int64[ndarray, " n"]:
    """The page of each fold; `pages` is a power of two."""
    if pages == 1:
        return np.zeros(len(folds), dtype=np.int64)
    return (folds >> np.uint64(65 - pages.bit_length())).astype(np.int64)


def cut_name_pages(folds: UInt64[ndarray, " n"], digests: UInt8[ndarray, "n size"], pages: int) -> list[NamePage]:
    """Cut a sorted index into its pages."""
    bounds = np.searchsorted(name_page_of(folds, pages), np.arange(pages + 1)).tolist()
    return [NamePage(folds[start:end], digests[start:end]) for start, end in pairwise(bounds)]


def _sha256(*parts: bytes) -> bytes:
    """Parts are told apart by their lengths."""
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "little") + part for part in parts)).digest()
