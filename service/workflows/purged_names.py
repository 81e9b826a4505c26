"""Recognising purged names by their commitments, so that names that callers ask for again are not kept."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import TypeVar

from service import secret_files
from service.facts import Pair
from service.memory.hashing import Keyring
from service.settings import Settings
from service.storage import Transaction, dictionaries, purge

T = TypeVar("T")


def drop_purged(tx: Transaction, settings: Settings, row: dictionaries.Row, kept: Mapping[Pair, T]) -> dict[Pair, T]:
    """The entries of `kept` whose pair and subject were never purged from the dictionary."""
    pairs, subjects = purge.read_commitments(tx, row.number)
    if not pairs and not subjects:
        return dict(kept)
    of = Commitments(secret_files.read(settings.secrets, row.id), PURPOSE)
    return {
        pair: value
        for pair, value in kept.items()
        if of.pair(*pair).hex() not in pairs and of.subject(pair[0]).hex() not in subjects
    }


class Commitments:
    """Makes commitments to names under a subkey for one `purpose`; those of different purposes cannot be matched."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = Keyring(secret).subkey(purpose)

    def pair(self, subject: str, relation: str) -> bytes:
        """The commitment to a pair; 32 bytes."""
        return self._of("pair", subject, relation)

    def subject(self, subject: str) -> bytes:
        """The commitment to a subject; 32 bytes."""
        return self._of("subject", subject)

    def _of(self, kind: str, *names: str) -> bytes:
        """Prefix each name with its length, so that no two lists of names give the same message."""
        state = blake2b(key=self._key, person=kind.encode(), digest_size=32)
        for name in names:
            encoded = name.encode("utf-8", "surrogatepass")
            state.update(len(encoded).to_bytes(8, "little") + encoded)
        return state.digest()


PURPOSE = "tombstone"  # of the commitments within
