"""The relations of a dictionary that a caller may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from schemas.grants import Grant
from service.errors import Forbidden
from service.facts import fold, trimmed
from service.storage import Transaction, lookup


@dataclass(frozen=True, slots=True)
class Relations:
    """A set of relations: those of `only`, or all except those that fold to a name in `never`.

    `never` holds folded names, so that another spelling of a denied relation is denied too.
    """

    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def __contains__(self, relation: object) -> bool:
        if not isinstance(relation, str):
            return False
        if self.only is not None:
            return trimmed(relation) in self.only
        return fold(relation) not in self.never

    def among(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that may be seen, in their order."""
        return [name for name in names if name in self]


class Sight(Protocol):
    """What a caller may see: which dictionaries, by their ids, and which relations of one (None: all)."""

    def sees(self, dictionary: str | None, /) -> bool: ...

    def relations(self, dictionary: str, /) -> Relations | None: ...


class Everything:
    """The scope of the service itself: everything."""

    def sees(self, _dictionary: str | None) -> bool:
        return True

    def relations(self, _dictionary: str) -> None:
        return None


def relations_of(grant: Grant) -> Relations | None:
    """The relations that a grant is for; None where it is for all of them."""
    if grant.relations is not None:
        return Relations(only=frozenset(map(trimmed, grant.relations)))
    if grant.denied is not None:
        return Relations(never=frozenset(map(fold, grant.denied)))
    return None


def check_written(sight: Sight, dictionary: str, names: Iterable[str]) -> None:
    """Raise Forbidden where a relation that is to be written may not be seen by the caller. The result does not depend
    on what the dictionary holds.
    """
    seen = sight.relations(dictionary)
    if seen is not None and not all(name in seen for name in names):
        raise Forbidden("this key may not write every relation that was sent")


def seen_names(tx: Transaction, dictionary: int, seen: Relations | None) -> list[str] | None:
    """The names of the relations that may be seen; None: all of them. Reads the ledger's where only the denied ones
    are known.
    """
    if seen is None:
        return None
    return sorted(seen.only if seen.only is not None else seen.among(lookup.list_relations(tx, dictionary)))
