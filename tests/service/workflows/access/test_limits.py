"""Rates of API keys: what is let through, by one process and by several."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.keys import check_rate
from service.errors import RateLimited
from service.storage import Database, rates
from service.workflows.access.limits import SHARE, UNLIMITED, Limiter, parse_rate
from tests.examples import examples
from tests.running import PATIENCE

START = 1_000_020  # a window of a minute begins here


class Clock:
    def __init__(self) -> None:
        self.now = float(START)

    def __call__(self) -> float:
        return self.now


async def passed(limiter: Limiter, requests: int, rate: str | None, key: str = "key_1") -> int:
    """How many of these requests are let through."""
    through = 0
    for _ in range(requests):
        try:
            await limiter.take(key, rate)
        except RateLimited:
            continue
        through += 1
    return through


@pytest.fixture
def counters(db: Database, tmp_path: Path) -> Iterator[Database]:
    with closing(rates.open_counters(db, tmp_path / "rates.db")) as database:
        yield database


def test_a_window_lets_through_what_the_rate_says(counters: Database) -> None:
    """Exactly as many as named, then 429 with the seconds until the next window, in which it begins anew."""
    clock = Clock()
    limiter = Limiter(counters, UNLIMITED, clock)
    assert asyncio.run(passed(limiter, 150, "100/minute")) == 100
    clock.now += 12.5
    with pytest.raises(RateLimited) as refused:
        asyncio.run(limiter.take("key_1", "100/minute"))
    assert refused.value.headers == {"retry-after": "48"}
    assert asyncio.run(passed(limiter, 5, "100/minute", "key_2")) == 5
    clock.now += 47.5
    assert asyncio.run(passed(limiter, 150, "100/minute")) == 100


@examples(10)
@given(turns=st.lists(st.integers(0, 3), max_size=60), amount=st.integers(1, 60))
def test_several_processes_let_through_no_more(
    tmp_path_factory: pytest.TempPathFactory, turns: list[int], amount: int
) -> None:
    """However requests fall on four processes, no window exceeds the rate; at most a part each stays unspent."""
    path = tmp_path_factory.mktemp("rates") / "rates.db"
    database = rates.open_counters(Database(f"sqlite:///{path}"), path)
    clock = Clock()
    limiters = [Limiter(database, f"{amount}/minute", clock) for _ in range(4)]
    through = sum(asyncio.run(passed(limiters[turn], 1, None)) for turn in turns)
    assert through <= amount
    assert through >= min(len(turns), amount - 3 * max(1, amount // SHARE))
    database.close()


def _flood(path: Path, through: "multiprocessing.Queue[int]") -> None:
    database = rates.open_counters(Database(f"sqlite:///{path}"), path)
    through.put(asyncio.run(passed(Limiter(database, "200/minute", Clock()), 300, None)))
    database.close()


def test_real_processes_share_one_allowance(tmp_path: Path) -> None:
    """Two processes that send 300 requests each at once get 200 through together."""
    spawn = multiprocessing.get_context("spawn")
    through = spawn.Queue()
    processes = [spawn.Process(target=_flood, args=(tmp_path / "rates.db", through)) for _ in range(2)]
    for process in processes:
        process.start()
    assert sum(through.get(timeout=PATIENCE) for _ in processes) == 200
    for process in processes:
        process.join()


def test_a_window_that_has_passed_is_not_reopened(counters: Database) -> None:
    """A process whose clock lags behind gets nothing of a window that another has followed."""
    ahead, behind = Clock(), Clock()
    ahead.now += 60
    assert asyncio.run(passed(Limiter(counters, "10/minute", ahead), 1, None)) == 1
    assert asyncio.run(passed(Limiter(counters, "10/minute", behind), 1, None)) == 0


@pytest.mark.parametrize(
    ("rate", "parts"),
    [
        ("1000/minute", ((1000, 60),)),
        ("5 per 2 seconds", ((5, 2),)),
        ("5/second;1/hour", ((5, 1), (1, 3600))),
        ("9/minute; 60 per hour; 3/minute", ((3, 60), (60, 3600))),
        (UNLIMITED, ()),
    ],
)
def test_rates_read_like_sentences(rate: str, parts: tuple[tuple[int, int], ...]) -> None:
    """Every part of a rate counts; of two for the same time the smaller."""
    assert parse_rate(check_rate(rate)) == parts


@pytest.mark.parametrize(
    "rate", ["often", "0/minute", "5/second;0/hour", "5 per 0 seconds", "5/second;", "5/fortnight", "-1/day", ""]
)
def test_what_is_no_rate_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="a rate reads like"):
        check_rate(rate)


def test_every_part_of_a_rate_holds(counters: Database) -> None:
    """Three a second and four an hour: the fourth within a second waits for the next, the fifth for the next hour, and
    what a spent second refuses takes nothing from the hour.
    """
    clock = Clock()
    clock.now = 3600.0 * 300
    limiter, rate = Limiter(counters, UNLIMITED, clock), "3/second;4/hour"
    assert asyncio.run(passed(limiter, 9, rate)) == 3
    with pytest.raises(RateLimited) as refused:
        asyncio.run(limiter.take("key_1", rate))
    assert refused.value.headers == {"retry-after": "1"}
    clock.now += 1
    assert asyncio.run(passed(limiter, 9, rate)) == 1
    with pytest.raises(RateLimited) as refused:
        asyncio.run(limiter.take("key_1", rate))
    assert refused.value.headers == {"retry-after": "3599"}


def test_who_has_no_rate_is_not_counted(counters: Database) -> None:
    """Without a rate nothing is asked of the database."""
    counters.close()
    assert asyncio.run(passed(Limiter(counters, UNLIMITED), 1000, None)) == 1000


def test_a_large_batch_counts_as_several_requests(counters: Database) -> None:
    """What it counts for beyond its own request is taken from what is left; it owes nothing to the next window."""
    clock = Clock()
    limiter = Limiter(counters, UNLIMITED, clock)
    assert asyncio.run(passed(limiter, 1, "100/minute")) == 1
    asyncio.run(limiter.spend("key_1", "100/minute", 39))
    assert asyncio.run(passed(limiter, 100, "100/minute")) == 60
    asyncio.run(limiter.spend("key_1", "100/minute", 1_000))
    clock.now += 60
    asyncio.run(limiter.spend("key_1", "100/minute", 1_000))
    assert asyncio.run(passed(limiter, 1, "100/minute")) == 0
    clock.now += 60
    assert asyncio.run(passed(limiter, 150, "100/minute")) == 100
    asyncio.run(limiter.spend("key_1", UNLIMITED, 1_000))
