"""Recalls that arrive together, and recalls that meet a switch of memories."""

import asyncio
import socket
import threading
import time

import httpx
import msgspec
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from schemas.recall import Query, Result
from service.facts import Pair
from service.workflows.recalls import queries
from service.workflows.recalls.microbatch import ServedMemory
from tests.examples import examples
from tests.running import PATIENCE
from tests.service.workflows.recalls.conftest import PARTS
from tests.service.workflows.recalls.shelf import KEY, Shelf, Table

NAMES = st.sampled_from([*sorted({name for fact in PARTS for name in fact}), "PART-9", "part-1", ""])
QUERIES = st.one_of(
    st.builds(Query, subject=NAMES, relation=NAMES),
    st.builds(Query, subject=NAMES, relations=st.lists(NAMES, min_size=1, max_size=3)),
    st.builds(Query, subject=NAMES),
    st.builds(Query, question=st.lists(NAMES, max_size=4).map(" ".join)),
)
MANY = {"max_connections": 64, "max_keepalive_connections": 64}
QUERY = {"subject": "who", "relation": "answers"}
COLUMNS = {"subjects": ["who"] * 50, "relations": ["answers"] * 50}


async def post_all(port: int, bodies: list[bytes]) -> list[httpx.Response]:
    """Every body as a recall of its own, over 64 connections at once."""
    url, headers = f"http://127.0.0.1:{port}/v1/dictionaries/dic_1/recall", {"authorization": KEY.decode()}
    async with httpx.AsyncClient(headers=headers, limits=httpx.Limits(**MANY), timeout=PATIENCE) as client:
        return await asyncio.gather(*(client.post(url, content=body) for body in bodies))


@examples(4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(QUERIES, min_size=64, max_size=120))
def test_answers_are_the_same_whoever_asks_beside(port: int, asked: list[Query]) -> None:
    """Whatever 64 connections ask at once, each gets the result that its query gives when it is asked alone."""
    replies = asyncio.run(post_all(port, [msgspec.json.encode(query) for query in asked]))
    expected = [queries.recall_rows(Table(PARTS), "mem_1", [query])[0] for query in asked]
    assert [msgspec.json.decode(reply.content, type=Result) for reply in replies] == [
        msgspec.json.decode(msgspec.json.encode(result), type=Result) for result in expected
    ]


@given(asked=st.lists(QUERIES, max_size=30), cut=st.integers(0, 30))
def test_a_batch_is_its_queries(asked: list[Query], cut: int) -> None:
    """However a list of queries is cut into batches, the results are those of the single queries, in order."""
    table = Table(PARTS)
    alone = [queries.recall_rows(table, "m", [query])[0] for query in asked]
    assert queries.recall_rows(table, "m", asked[:cut]) + queries.recall_rows(table, "m", asked[cut:]) == alone


def test_pairs_of_one_turn_are_one_recall() -> None:
    """64 single recalls that arrive in one turn of the event loop ask the memory once; a lone one asks at once."""
    table = Table(PARTS)
    served = ServedMemory("mem_1", "dic_1", 1, table)

    async def ask() -> list[Result]:
        return await asyncio.gather(*(served.ask(Query(f"PART-{index % 4}", "maker")) for index in range(64)))

    results = asyncio.run(ask())
    assert table.asked == [64]
    assert [result.subject for result in results] == [f"PART-{index % 4}" for index in range(64)]


def test_who_leaves_a_batch_takes_nobody_along() -> None:
    """A recall that is cancelled while it waits leaves the others of its batch to be answered."""

    async def ask() -> Result:
        served = ServedMemory("mem_1", "dic_1", 1, Table(PARTS))
        gone, stays = served.ask(Query("PART-1", "maker")), served.ask(Query("PART-2", "maker"))
        gone.cancel()
        return await stays

    assert list(asyncio.run(ask()).answers) == ["Beppu", "Chiba"]


def test_a_switch_drops_no_request_and_mixes_no_answers(port: int, shelf: Shelf) -> None:
    """While 16 callers ask without a pause, alone and in batches, the champion is switched 60 times: every reply is
    200, and every result comes whole from the memory that it names.
    """
    generations = [f"mem_{number}" for number in range(2, 62)]
    url = f"http://127.0.0.1:{port}/v1/dictionaries/dic_1/recall"
    shelf.put("mem_1", [("who", "answers", "mem_1")])
    done = threading.Event()
    wrong: list[object] = []
    seen: set[str] = set()

    def call(client: httpx.Client) -> None:
        one = client.post(url, json=QUERY).raise_for_status().json()
        many = client.post(f"{url}:batch", json={"queries": [QUERY] * 50}).raise_for_status().json()["results"]
        table = client.post(f"{url}:batch", json=COLUMNS).raise_for_status().json()
        held = {(result["memory"], *result["answers"]) for result in [one, *many]}
        held |= {(table["memory"], *answers) for answers in table["answers"]}
        wrong.extend(each for each in held if each[0] != each[1])
        wrong.extend([many] if len({result["memory"] for result in many}) > 1 else [])
        seen.update(memory for memory, _ in held)

    def caller() -> None:
        with httpx.Client(headers={"authorization": KEY.decode()}, timeout=PATIENCE) as client:
            while not done.is_set():
                try:
                    call(client)
                except httpx.HTTPError as error:
                    wrong.append(error)

    callers = [threading.Thread(target=caller) for _ in range(16)]
    for thread in callers:
        thread.start()
    ended = time.monotonic() + PATIENCE
    for memory in generations:
        shelf.put(memory, [("who", "answers", memory)])
        while memory not in seen and not wrong and time.monotonic() < ended:
            time.sleep(0.001)
    done.set()
    for thread in callers:
        thread.join()
    assert wrong == []
    assert seen >= set(generations)


def test_a_request_after_a_switch_meets_the_new_memory(http: httpx.Client, shelf: Shelf) -> None:
    """Once a switch is committed, the very next request is answered by the new memory."""
    for number in range(2, 30):
        shelf.put(f"mem_{number}", PARTS)
        assert http.post("/recall", json={"subject": "PART-1", "relation": "maker"}).json()["memory"] == f"mem_{number}"


class Held(Table):
    """A table that is held up in the first sentence it is asked about, and counts them."""

    def __init__(self) -> None:
        super().__init__(PARTS)
        self.sentences = 0
        self.reached, self.goes_on = threading.Event(), threading.Event()

    def candidates(self, question: str) -> list[Pair]:
        self.sentences += 1
        self.reached.set()
        self.goes_on.wait(PATIENCE)
        return super().candidates(question)


def test_work_for_a_client_that_has_gone_is_left(port: int, http: httpx.Client, shelf: Shelf) -> None:
    """A caller who hangs up in the first of 1,000 sentences has none of the others looked into, and what other callers
    ask meanwhile is answered.
    """
    memory = shelf.tables["mem_1"] = Held()
    body = msgspec.json.encode({"queries": [{"question": "who makes PART-1"}] * 1_000})
    with socket.create_connection(("127.0.0.1", port)) as gone:
        gone.sendall(
            b"POST /v1/dictionaries/dic_1/recall:batch HTTP/1.1\r\nhost: kit\r\ncontent-length: %d\r\n"
            b"authorization: %s\r\n\r\n%s" % (len(body), KEY, body)
        )
        assert memory.reached.wait(PATIENCE)
    batch = {"queries": [{"subject": "PART-1", "relation": "maker"}]}
    for _ in range(20):  # over the event loop that has to notice it
        assert http.post("/recall:batch", json=batch).json()["results"][0]["answers"] == ["Akita"]
    memory.goes_on.set()
    for _ in range(20):
        assert http.post("/recall:batch", json=batch).is_success
    assert memory.sentences < 1_000
