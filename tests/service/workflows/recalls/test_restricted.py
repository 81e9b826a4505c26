"""A key that may see one relation, asking a dictionary that has others and one that has not."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.routes.recall import RecallEndpoint
from service.storage.lookup import Source
from service.workflows.access.relations import Relations
from service.workflows.recalls.microbatch import MOST_PARTS, ServedMemory
from service.workflows.recalls.observe import Observer
from service.workflows.recalls.serving import Serving
from tests.calls import count_calls
from tests.examples import examples
from tests.service.workflows.recalls.shelf import KEY, PART_KEY, Door, Fact, Shelf, Table

SUBJECTS = ["Acme", "Beta", "x", "y"]
RELATIONS = ["maker", "city", "e-mail"]  # PART_KEY sees the first alone

names, relations = st.sampled_from([*SUBJECTS, "nobody"]), st.sampled_from([*RELATIONS, "nothing"])
tables = st.lists(
    st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(RELATIONS), st.sampled_from(["x", "y"])), unique=True
)
compared = st.booleans().map(lambda wanted: {"compare": True} if wanted else {})
queries = st.one_of(
    st.fixed_dictionaries({"subject": names, "relation": relations}),
    st.fixed_dictionaries({"subject": names}),
    st.fixed_dictionaries({"subject": names, "relations": st.lists(relations, min_size=1, max_size=3)}),
    st.lists(st.one_of(names, relations), max_size=5).map(lambda words: {"question": " ".join(words)}),
)
asked = st.builds(lambda query, compare: {**query, **compare}, queries, compared)


def shelf_of(facts: Sequence[Fact]) -> Shelf:
    shelf = Shelf({"parts": "dic_1"})
    shelf.put("mem_1", facts)
    for line, (subject, relation, _) in enumerate(facts, 2):
        answers = [answer for s, r, answer in facts if (s, r) == (subject, relation)]
        shelf.held[subject, relation] = Source(tuple(answers), "upl_1", line)
    return shelf


async def reply(endpoint: RecallEndpoint, path: str, body: dict[str, Any], key: bytes = PART_KEY) -> tuple[Any, ...]:
    """Status, headers and body of a POST."""
    sent: list[Any] = []
    whole = {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def receive() -> dict[str, Any]:
        return whole

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "raw_path": path.encode(), "headers": [(b"authorization", key)]}
    await endpoint(scope, receive, send)
    return sent[0]["status"], sent[0]["headers"], sent[1]["body"]


async def replies(facts: Sequence[Fact], batch: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Every query alone, all at once (so that plain pairs share a batch), then as rows, then the pairs as columns."""
    endpoint = RecallEndpoint(Serving(shelf_of(facts)), Door(), Observer())
    path = "/v1/dictionaries/parts/recall"
    alone = await asyncio.gather(*(reply(endpoint, path, query) for query in batch))
    pairs = [(query["subject"], query["relation"]) for query in batch if "relation" in query]
    columns = {"subjects": [subject for subject, _ in pairs], "relations": [relation for _, relation in pairs]}
    rows = await reply(endpoint, f"{path}:batch", {"queries": list(batch)})
    return [*alone, rows, await reply(endpoint, f"{path}:batch", columns)]


@examples(150)
@given(tables, st.lists(asked, min_size=1, max_size=6))
def test_a_denied_relation_is_an_absent_one(facts: list[Fact], batch: list[dict[str, Any]]) -> None:
    """Whatever is asked, alone or together, compared or not: the reply is, byte for byte, that of a dictionary which
    never held the denied facts, provenance by line included.
    """
    with_denied, without = facts, [fact for fact in facts if fact[1] == "maker"]
    assert asyncio.run(replies(with_denied, batch)) == asyncio.run(replies(without, batch))


def test_keys_that_arrive_together_see_each_its_own() -> None:
    """Single pairs share a batch only with those who see the same: the neighbour's right answers nothing."""
    endpoint = RecallEndpoint(Serving(shelf_of([("Acme", "e-mail", "x")])), Door(), Observer())
    query = {"subject": "Acme", "relation": "e-mail"}

    async def together() -> list[tuple[Any, ...]]:
        path = "/v1/dictionaries/parts/recall"
        return await asyncio.gather(*(reply(endpoint, path, query, key) for key in (KEY, PART_KEY) * 10))

    statuses = [json.loads(body)["status"] for _, _, body in asyncio.run(together())]
    assert statuses == ["answered", "unknown"] * 10


def test_a_denied_relation_takes_as_long_as_an_absent_one() -> None:
    """A recall of a denied relation is the same work as that of one nobody taught: as many calls of functions, which,
    unlike seconds, are the same on every machine.
    """
    facts = [(f"s{number}", relation, "x") for number in range(500) for relation in RELATIONS]
    endpoint = RecallEndpoint(Serving(shelf_of(facts)), Door(), Observer())

    async def calls(relation: str) -> int:
        with count_calls() as made:
            await reply(endpoint, "/v1/dictionaries/parts/recall", {"subject": "s1", "relation": relation})
        return len(made)

    async def both() -> list[tuple[int, int]]:
        await calls("e-mail")
        return [(await calls("e-mail"), await calls("nothing")) for _ in range(5)]

    for denied, absent in asyncio.run(both()):
        assert absent > 100
        assert abs(denied - absent) < 0.05 * absent


def test_only_so_many_parts_of_a_memory_are_kept() -> None:
    """Parts used last stay ready; the rest are made again when they are asked."""
    served = ServedMemory("mem_1", "dic_1", 1, Table([("Acme", "maker", "x")]))
    parts = [Relations(only=frozenset({str(number)})) for number in range(MOST_PARTS + 1)]
    first = served.within(parts[0])
    assert served.within(parts[0]) is first
    for part in parts[1:]:
        served.within(part)
    assert served.within(parts[0]) is not first
    assert served.within(None) is served
