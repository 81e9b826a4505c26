"""What serving asks of the database and of the memory folders."""

from service.memory import load
from service.settings import Settings
from service.storage import Database, aliases, dictionaries, lookup, memories
from service.storage.changes import changes
from service.workflows import memory_secrets
from service.workflows.queries import Ledger, LedgerRows, Pair, Servable
from service.workflows.serving import Record


class StoredCatalogue:
    """The Catalogue of a service that keeps everything in its database and its data folder."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings

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
            record = memories.record(tx, memory)
        return None if record is None else Record(*record)

    def load(self, record: Record) -> Servable:
        settings = self._settings
        secret = memory_secrets.read(settings.secrets, record.dictionary)
        return load(settings.memories / record.id, secret=secret, device=settings.device)

    def ledger(self, dictionary: str, version: int, pairs: list[Pair]) -> Ledger:
        with self._db.reading() as tx:
            row = dictionaries.find(tx, dictionary)
            held = lookup.of_pairs(tx, row.number, version, pairs) if row else {}
        return {pair: LedgerRows(source.answers, source.upload, source.line) for pair, source in held.items()}

    def champions(self) -> list[Record]:
        with self._db.reading() as tx:
            return [Record(*record) for record in memories.champions(tx)]
