"""Trials as they are remembered: in the database, by dictionary."""

from dataclasses import dataclass

from service.laboratory.bench import Result
from service.storage import Database, Transaction, purge, trials


class Purged(Exception):
    """Facts were purged after this experiment had read them: nothing that it finds may be kept."""


@dataclass(frozen=True, slots=True)
class StoredTrials:
    """purges: how many the dictionary had seen when its facts were read."""

    db: Database
    dictionary: int
    purges: int

    @classmethod
    def since(cls, db: Database, tx: Transaction, dictionary: int) -> "StoredTrials":
        return cls(db, dictionary, purge.count(tx, dictionary))

    def get(self, digest: str) -> Result | None:
        with self.db.reading() as tx:
            return trials.find(tx, self.dictionary, digest)

    def put(self, digest: str, result: Result) -> None:
        """Raises Purged."""
        with self.db.writing() as tx:
            if purge.count(tx, self.dictionary) != self.purges:
                raise Purged
            trials.keep(tx, self.dictionary, digest, result)
