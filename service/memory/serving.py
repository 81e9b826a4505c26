"""TODO."""

from collections.abc import Container, Sequence
from typing import Protocol

from service.facts import Pair
from service.memory import Recalls


class Servable(Recalls, Protocol):
    """What recall needs of a memory beyond `recall` itself."""

    @property
    def relations(self) -> Sequence[str]: ...

    def candidates(self, question: str) -> list[Pair]: ...

    def within(self, relations: Container[str]) -> "Servable":
        """The memory as if it had never seen another relation: no reply of it tells whether there are others."""
        ...
