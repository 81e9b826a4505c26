"""Callers take turns: who asks for little waits for slices of others, never for all that they asked for."""

import asyncio
from threading import Event

import pytest

from service.turns import SLICE_SECONDS, Steps, Turns, finish, in_one


class Clock:
    """A clock that moves by a whole slice at each look, so that a slice is one step."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += SLICE_SECONDS
        return self.now


def steps(name: str, count: int, done: list[str]) -> Steps[str]:
    """Work of so many steps, each of which leaves its name in `done`."""
    for _ in range(count):
        done.append(name)
        yield
    return name


@pytest.fixture
def turns() -> Turns:
    """One thread, so that the order of the slices is one order."""
    return Turns("test", threads=1, clock=Clock())


def test_a_short_request_waits_for_slices_alone(turns: Turns) -> None:
    """A caller of one step who comes behind another's three hundred has its turn after one of them, or two."""
    done: list[str] = []

    async def ask() -> list[str]:
        many = [asyncio.ensure_future(turns.run("many", steps(f"many {each}", 100, done))) for each in range(3)]
        await asyncio.sleep(0)  # they are in the queue
        assert await turns.run("one", steps("one", 1, done)) == "one"
        return await asyncio.gather(*many)

    assert asyncio.run(ask()) == ["many 0", "many 1", "many 2"]
    assert done.index("one") <= 4, done[:10]
    assert len(done) == 301


def test_callers_come_one_after_another(turns: Turns) -> None:
    """Three callers with work are each given every third slice, one's second request beside its first."""
    done: list[str] = []

    async def ask() -> None:
        asked = [("a", "a1"), ("a", "a2"), ("b", "b"), ("c", "c")]
        await asyncio.gather(*(turns.run(caller, steps(name, 6, done)) for caller, name in asked))

    asyncio.run(ask())
    of_callers = [name[0] for name in done[: 3 * 6]]
    assert sorted(of_callers[3:15]) == ["a"] * 4 + ["b"] * 4 + ["c"] * 4, done
    assert {name for name in done[:12] if name[0] == "a"} == {"a1", "a2"}, done


def test_work_that_nobody_waits_for_ends(turns: Turns) -> None:
    """Cancelled work gets no further slice, is closed, and the thread goes on with others'."""
    done: list[str] = []
    reached, goes_on = Event(), Event()

    def held() -> Steps[None]:
        try:
            reached.set()
            goes_on.wait()
            yield
            done.append("a slice after the caller had gone")
        finally:
            done.append("closed")

    async def ask() -> str:
        left = asyncio.ensure_future(turns.run("gone", held()))
        await asyncio.to_thread(reached.wait)
        left.cancel()
        following = asyncio.ensure_future(turns.run("other", steps("other", 1, done)))
        await asyncio.sleep(0)
        goes_on.set()
        return await following

    assert asyncio.run(ask()) == "other"
    assert sorted(done) == ["closed", "other"]


def test_an_error_reaches_who_asked(turns: Turns) -> None:
    """What the work raises is raised by `run`, and the thread is free again."""

    def broken() -> Steps[None]:
        yield
        raise KeyError("broken")

    async def ask() -> int:
        with pytest.raises(KeyError, match="broken"):
            await turns.run("a", broken())
        return await turns.run("a", in_one(len, "abc"))

    assert asyncio.run(ask()) == 3


def test_all_of_it_at_once() -> None:
    done: list[str] = []
    assert finish(steps("name", 3, done)) == "name"
    assert done == ["name"] * 3
