"""Purged names that come back by being asked for: told by their commitments, and not kept."""

from collections.abc import Mapping
from typing import TypeVar

from service.settings import Settings
from service.storage import Transaction, dictionaries, purge
from service.storage.diff import Pair
from service.workflows.purges.commitments import Commitments
from service.workflows.purges.tombstone_file import PURPOSE
from service.workflows.versions import memory_secrets

T = TypeVar("T")


def unpurged(tx: Transaction, settings: Settings, row: dictionaries.Row, kept: Mapping[Pair, T]) -> dict[Pair, T]:
    """Those of `kept` whose pair and subject were never purged from the dictionary."""
    pairs, subjects = purge.committed(tx, row.number)
    if not pairs and not subjects:
        return dict(kept)
    of = Commitments(memory_secrets.read(settings.secrets, row.id), PURPOSE)
    return {
        pair: value
        for pair, value in kept.items()
        if of.pair(*pair).hex() not in pairs and of.subject(pair[0]).hex() not in subjects
    }
