"""Which name of the ledger a spelling stands for: the rule of the memory's second look-up, by the ledger's own names.

Only for comparing: an answer that was found under another spelling agrees with the fact of the name it stands for.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Collection

from service.facts import fold_all


class Spellings:
    """The names that the ledger held, by their folded forms."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = dict.fromkeys(names)
        self._alike: dict[str, list[str]] = defaultdict(list)
        for name, fold in zip(self._names, fold_all(list(self._names)), strict=True):
            self._alike[fold].append(name)

    def stand_for(self, spelling: str) -> str | None:
        """The name itself, its NFC, or the only name that folds alike."""
        normal = unicodedata.normalize("NFC", spelling)
        if spelling in self._names or normal in self._names:
            return spelling if spelling in self._names else normal
        alike = self._alike.get(fold_all([spelling])[0], [])
        return alike[0] if len(alike) == 1 else None
