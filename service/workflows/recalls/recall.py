"""Recall: one query, or a batch of rows or columns, asked of the memories they are addressed to.

Plain single pairs share a recall with whatever else arrives in the same turn of the event loop. Everything else runs
in a few threads, in which callers take turns, so that the loop goes on answering and nobody waits for the whole of
another's request. Nothing about a recall is logged; it is counted by status.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import prometheus_client

from schemas.problems import Code
from schemas.recall import BatchQuery, BatchResult, ColumnsResult, Query, Result, Status
from service.errors import Unprocessable
from service.memory import solvers
from service.memory.devices import use_one_thread
from service.storage.aliases import CHAMPION
from service.turns import Steps, Turns
from service.workflows.access.relations import Relations
from service.workflows.recalls import queries
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.recalls.observe import LiveRecall, Observer, RecallColumns
from service.workflows.recalls.serving import Address, Serving

_RECALLED = prometheus_client.Counter("factstore_recalls", "Queries answered by a memory, by status.", ["status"])
_COUNTERS = {status: _RECALLED.labels(status.value) for status in Status}


def prepare() -> None:
    """Load what reads memories, which takes seconds, and let it compute in its caller's thread: parallel are the
    workers of `Recall`.
    """
    solvers.prepare()
    use_one_thread()


class Asker(NamedTuple):
    """Who recalls: the id of the caller's key, and the relations that it sees (None: all)."""

    key: str
    relations: Relations | None = None


class Recall:
    """Answers queries from the memories of `serving`, in the threads of `turns`, and notifies the observer."""

    def __init__(self, serving: Serving, observer: Observer, turns: Turns) -> None:
        self._serving = serving
        self._observer = observer
        self._turns = turns

    async def one(self, dictionary: str, query: Query, by: Asker) -> Result:
        queries.form_of(query)
        address = _address(dictionary, query)
        served = (await self._serving.find(address)).within(by.relations)
        if queries.is_pair(query) and not query.compare:
            result = await served.ask(query)
        else:
            [result] = await self._turns.run(by.key, self._rows(served, [query], compare=False))
        _COUNTERS[result.status].inc()
        self._observer.observe(LiveRecall(served, _alias(address), by.key, [result]))
        return result

    async def batch(self, dictionary: str, batch: BatchQuery, by: Asker) -> BatchResult | ColumnsResult:
        """Answer a batch in its own form, rows or columns, and in its order."""
        if batch.queries is not None and batch.subjects is None and batch.relations is None:
            return await self._many(dictionary, batch, batch.queries, by)
        if batch.queries is None and batch.subjects is not None and batch.relations is not None:
            return await self._columns(dictionary, batch, (batch.subjects, batch.relations), by)
        raise Unprocessable("a batch is either queries, or subjects and relations")

    async def _many(self, dictionary: str, batch: BatchQuery, asked: Sequence[Query], by: Asker) -> BatchResult:
        """Answer rows that may be addressed to different memories, with one recall of each memory."""
        default = _address(dictionary, batch)
        if not all(map(queries.is_pair, asked)):
            queries.check_forms(asked)
        if all(query.alias is None and query.memory is None for query in asked):
            results = await self._ask(default, asked, by, compare=batch.compare)
        else:
            results = await self._ask_each(default, asked, by, compare=batch.compare)
        _count([result.status for result in results])
        return BatchResult(results)

    async def _ask_each(self, default: Address, asked: Sequence[Query], by: Asker, *, compare: bool) -> list[Result]:
        groups: defaultdict[Address, list[int]] = defaultdict(list)
        for index, query in enumerate(asked):
            own = query.alias is not None or query.memory is not None
            groups[_address(default.dictionary, query, f"queries[{index}]: ") if own else default].append(index)
        results: dict[int, Result] = {}
        for address, indexes in groups.items():
            group = [asked[index] for index in indexes]
            results.update(zip(indexes, await self._ask(address, group, by, compare=compare), strict=True))
        return [results[index] for index in range(len(asked))]

    async def _ask(self, address: Address, asked: Sequence[Query], by: Asker, *, compare: bool) -> list[Result]:
        served = (await self._serving.find(address)).within(by.relations)
        results = await self._turns.run(by.key, self._rows(served, asked, compare=compare))
        self._observer.observe(LiveRecall(served, _alias(address), by.key, results))
        return results

    async def _columns(
        self, dictionary: str, batch: BatchQuery, pairs: tuple[Sequence[str], Sequence[str]], by: Asker
    ) -> ColumnsResult:
        if batch.compare:
            raise Unprocessable("compare needs rows: columns have no place for the ledger's view")
        address = _address(dictionary, batch)
        served = (await self._serving.find(address)).within(by.relations)
        result = await self._turns.run(by.key, queries.answer_columns(served.memory, served.id, *pairs))
        _count(result.statuses)
        self._observer.observe(
            LiveRecall(served, _alias(address), by.key, RecallColumns(*pairs, result.statuses, result.answers))
        )
        return result

    def _rows(self, served: ServedMemory, asked: Sequence[Query], *, compare: bool) -> Steps[list[Result]]:
        results = yield from queries.answer_rows(served.memory, served.id, asked)
        if compared := [result for query, result in zip(asked, results, strict=True) if compare or query.compare]:
            yield
            answered = [result for result in compared if result.status is Status.ANSWERED]
            ledger = self._serving.ledger(served, queries.pairs_of(compared), set(queries.pairs_of(answered)))
            queries.compare(compared, ledger)
        return results


def _address(dictionary: str, query: Query | BatchQuery, place: str = "") -> Address:
    if query.alias is not None and query.memory is not None:
        raise Unprocessable(f"{place}name an alias or a memory, not both", code=Code.ALIAS_AND_MEMORY)
    return Address(dictionary, CHAMPION if query.alias is None else query.alias, query.memory)


def _alias(address: Address) -> str | None:
    return address.alias if address.memory is None else None


def weigh(batch: BatchQuery) -> int:
    """How much work a batch is, in exact pairs. Raises TooLarge where it is more than a request may be."""
    weight = len(batch.subjects or ()) + queries.weigh(batch.queries or ())
    queries.check_weight(weight)
    return weight


def _count(statuses: Sequence[Status]) -> None:
    for status, counter in _COUNTERS.items():
        counter.inc(statuses.count(status))
