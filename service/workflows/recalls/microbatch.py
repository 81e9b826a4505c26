"""Micro-batching: single recalls that arrive together are answered by one recall of the memory."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from schemas.recall import Query, Result
from service.facts import Pair
from service.memory.recall import Servable
from service.workflows.access.relations import Relations
from service.workflows.recalls.naming import NamedMemory, Naming
from service.workflows.recalls.queries import recall_rows

MOST_PARTS = 64  # parts of one memory that are kept ready


class ServedMemory:
    """A loaded memory, or the part of it that some callers may see (`relations`), and the single recalls that wait.

    Pairs that arrive while the event loop is busy are one batch. It closes when a turn of the loop brought no new pair,
    so a lone request waits for one empty turn, some microseconds, and none waits on a clock; it is computed on the
    loop, and while it is, the next one collects in the sockets.
    """

    def __init__(
        self, name: str, dictionary: str, ledger_version: int, memory: Servable, relations: Relations | None = None
    ) -> None:
        self.id = name
        self.dictionary = dictionary
        self.ledger_version = ledger_version
        self.memory = memory
        self.relations = relations
        self._waiting: list[tuple[Query, asyncio.Future[Result]]] = []
        self._parts: OrderedDict[Relations, ServedMemory] = OrderedDict()
        self.naming: Naming | None = None
        self._named: ServedMemory | None = None

    def named(self, naming: Naming | None) -> "ServedMemory":
        """The memory that also knows these other names; the memory itself where there are none."""
        if naming is None:
            return self
        if self._named is None or self._named.naming is not naming:
            self._named = ServedMemory(self.id, self.dictionary, self.ledger_version, NamedMemory(self.memory, naming))
            self._named.naming = naming
        return self._named

    def stored(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs as the ledger has them and as they may be stored elsewhere."""
        return self.memory.resolve(pairs) if isinstance(self.memory, NamedMemory) else list(pairs)

    def within(self, relations: Relations | None) -> "ServedMemory":
        """The memory for a caller who sees only these relations. It has batches of its own: a caller never shares a
        batch with one who may see more.
        """
        if relations is None:
            return self
        if relations not in self._parts:
            memory = self.memory.within(relations)
            self._parts[relations] = ServedMemory(self.id, self.dictionary, self.ledger_version, memory, relations)
            self._parts[relations].naming = self.naming
        self._parts.move_to_end(relations)
        if len(self._parts) > MOST_PARTS:
            self._parts.popitem(last=False)
        return self._parts[relations]

    def ask(self, query: Query) -> asyncio.Future[Result]:
        """Recall one plain pair with the next batch. Called on the event loop."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._collect, 1)
        result: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((query, result))
        return result

    def _collect(self, before: int) -> None:
        """Continue to collect if more recalls have come since `before` were waiting."""
        if len(self._waiting) > before:
            asyncio.get_running_loop().call_soon(self._collect, len(self._waiting))
        else:
            self._answer()

    def _answer(self) -> None:
        waiting = [(query, future) for query, future in self._waiting if not future.done()]
        self._waiting = []
        try:
            results = recall_rows(self.memory, self.id, [query for query, _ in waiting])
        except Exception as error:  # noqa: BLE001 - the requests that wait for the batch get it
            for _, future in waiting:
                future.set_exception(error)
            return
        for (_, future), result in zip(waiting, results, strict=True):
            future.set_result(result)
