"""The digest of a memory: SHA-256 over the hashes of its recipe, its relation names, its blocks and its pages.

The hashes of blocks and pages are kept, so that a version that differs in a few of them is hashed in a millisecond.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

HASH = 32  # bytes of a SHA-256
Hashes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Leaves:
    """Hashes as rows: recipe and relations (32,), blocks, answers and names (n, 32)."""

    recipe: bytes
    relations: bytes
    blocks: Hashes
    answers: Hashes
    names: Hashes

    def digest(self) -> str:
        """The root over all leaves, as 64 hexadecimal digits."""
        total = hashlib.sha256()
        for part in (
            self.recipe,
            self.relations,
            *(each.tobytes() for each in (self.blocks, self.answers, self.names)),
        ):
            total.update(len(part).to_bytes(8, "little") + part)
        return total.hexdigest()

    def changed(
        self,
        relations: bytes,
        blocks: Mapping[int, bytes],
        answers: Mapping[int, bytes],
        names: Mapping[int, bytes],
    ) -> "Leaves":
        """The leaves with these in the place of those that had their numbers."""
        return replace(
            self,
            relations=relations,
            blocks=_written(self.blocks, blocks),
            answers=_written(self.answers, answers),
            names=_written(self.names, names),
        )


def rows(hashes: list[bytes]) -> Hashes:
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, HASH)


def _written(hashes: Hashes, changed: Mapping[int, bytes]) -> Hashes:
    if not changed:
        return hashes
    hashes = hashes.copy()
    hashes[list(changed)] = rows(list(changed.values()))
    return hashes
