"""Trials as they are remembered: in the database, by dictionary."""

from dataclasses import dataclass

from service.laboratory.bench import Result
from service.storage import Database, Transaction, dictionaries, purge, trials


class Purged(Exception):
    """Facts were purged, or their dictionary deleted, after this experiment had read them: nothing that it finds may be
    kept.
    """


@dataclass(frozen=True, slots=True)
class StoredTrials:
    """purges: how many the dictionary had seen before its facts were read."""

    db: Database
    dictionary: int
    purges: int

    @classmethod
    def before_reading(cls, db: Database, tx: Transaction, dictionary: int) -> "StoredTrials":
        """To be made before the facts are read: a purge in between then counts as one that came after."""
        return cls(db, dictionary, purge.count(tx, dictionary))

    def get(self, digest: str) -> Result | None:
        with self.db.reading() as tx:
            return trials.find(tx, self.dictionary, digest)

    def put(self, digest: str, result: Result) -> None:
        """Raises Purged. The dictionary is held meanwhile: a purge comes before this or finds it."""
        with self.db.writing() as tx:
            if dictionaries.locked(tx, self.dictionary) is None or purge.count(tx, self.dictionary) != self.purges:
                raise Purged
            trials.keep(tx, self.dictionary, digest, result)
