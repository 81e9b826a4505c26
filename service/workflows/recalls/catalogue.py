"""What serving needs from the database and the memory folders, with taught names found by other spellings."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection

from service.errors import MemoryDamaged, MemoryMismatch, MemoryOutdated
from service.facts import Pair, fold_all
from service.memory.recall import Servable
from service.settings import Settings
from service.storage import Database, aliases, dictionaries, lookup, memories
from service.storage.changes import changes
from service.storage.memories import Record
from service.workflows.access.relations import Relations, seen_names
from service.workflows.recalls import names
from service.workflows.recalls.naming import Naming
from service.workflows.recalls.queries import Ledger
from service.workflows.versions.loaded import LoadedVersions
from service.workflows.versions.scrubs import order_healing


class StoredCatalogue:
    """The Catalogue of a service that keeps everything in its database and its data folder."""

    def __init__(self, db: Database, settings: Settings, versions: LoadedVersions | None = None) -> None:
        self._db = db
        self._settings = settings
        self._versions = versions or LoadedVersions(settings)
        self._namings: dict[str, tuple[tuple[int, int], Naming | None]] = {}

    def changes(self) -> int:
        return changes(self._db)

    def dictionary(self, name: str) -> str | None:
        with self._db.reading() as tx:
            row = dictionaries.find(tx, name)
        return None if row is None else row.id

    def alias(self, dictionary: str, alias: str) -> str | None:
        return aliases.resolve(self._db, dictionary, alias)

    def memory(self, memory: str) -> Record | None:
        with self._db.reading() as tx:
            return memories.find_record(tx, memory)

    def kept(self, loaded: list[str]) -> set[str]:
        with self._db.reading() as tx:
            return memories.filter_retained(tx, loaded)

    def load(self, record: Record) -> Servable:
        """The memory as stored. One that is damaged is refused, and rebuilt from the ledger meanwhile."""
        try:
            with self._db.reading() as tx:
                return self._versions.load(tx, record)
        except MemoryOutdated:
            raise
        except MemoryMismatch as error:
            raise MemoryDamaged(error.detail, record.id, order_healing(self._db, record)) from error

    def ledger(self, dictionary: str, version: int, pairs: list[Pair]) -> Ledger:
        with self._db.reading() as tx:
            row = dictionaries.find(tx, dictionary)
            return lookup.find_pairs(tx, row.number, version, pairs) if row else {}

    def ledger_respelled(self, dictionary: str, version: int, pairs: list[Pair], seen: Relations | None) -> Ledger:
        with self._db.reading() as tx:
            row = dictionaries.find(tx, dictionary)
            if row is None:
                return {}
            names = lookup.list_names(tx, row.number, version, seen_names(tx, row.number, seen))
            subjects, relations = map(Spellings, names)
        named = {pair: (subjects.stand_for(pair[0]), relations.stand_for(pair[1])) for pair in pairs}
        found = {pair: (subject, relation) for pair, (subject, relation) in named.items() if subject and relation}
        held = self.ledger(dictionary, version, list(found.values()))
        return {pair: held[name] for pair, name in found.items() if name in held}

    def naming(self, dictionary: str) -> Naming | None:
        """The names of the dictionary, made anew only when its names or policies have changed."""
        versions = names.read_versions(self._db, dictionary)
        if versions == (0, 0):
            return None
        known = self._namings.get(dictionary)
        if known is None or known[0] != versions:
            known = self._namings[dictionary] = versions, names.get_naming(self._db, self._settings, dictionary)
        return known[1]

    def champions(self) -> list[Record]:
        with self._db.reading() as tx:
            return memories.list_champions(tx)


class Spellings:
    """The names that the ledger held, by their folded forms: the rule of the memory's second look-up. Only for
    comparing: an answer found under another spelling agrees with the fact of the name it stands for.
    """

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
