"""How often each key occurs among the pairs of a memory, kept through edits."""

from collections.abc import Mapping

import numpy as np

from service.memory.hashing import Words


class Tally:
    """A sorted count of what a memory began with, and the changes since."""

    def __init__(self, keys: Words) -> None:
        self._keys, self._counts = np.unique(keys, return_counts=True)
        self._since: dict[int, int] = {}

    def __getitem__(self, key: int) -> int:
        at = int(np.searchsorted(self._keys, np.uint64(key)))
        began = int(self._counts[at]) if at < len(self._keys) and int(self._keys[at]) == key else 0
        return began + self._since.get(key, 0)

    def add(self, changes: Mapping[int, int]) -> None:
        for key, change in changes.items():
            self._since[key] = self._since.get(key, 0) + change

    def gone(self, changes: Mapping[int, int]) -> set[int]:
        """Keys that will not occur any more after these changes."""
        return {key for key, change in changes.items() if change < 0 and self[key] + change == 0}

    def come(self, changes: Mapping[int, int]) -> set[int]:
        """Keys that did not occur before these changes."""
        return {key for key, change in changes.items() if change > 0 and self[key] == 0}
