"""Turns: the work of many callers in a few threads, a slice of one caller's and then a slice of the next one's.

Work comes as a generator that yields wherever it may be set aside. A slice is as much of it as fits into
`SLICE_SECONDS`; then it waits until every other caller who has work has had a slice. A caller of one short request
therefore waits for slices of others, however much they have asked for.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar, cast

from service.errors import Busy

SLICE_SECONDS = 0.02

P = ParamSpec("P")
T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work of which each `next` does a little, and that returns its result."""

_UNFINISHED = object()


def in_one(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Steps[T]:
    """Work that cannot be set aside: all of it is one slice."""
    return work(*args, **kwargs)
    yield


def finish(steps: Steps[T]) -> T:
    """Do all of the work here and now."""
    while True:
        try:
            next(steps)
        except StopIteration as last:
            return cast("T", last.value)


class _Task(Generic[T]):
    """Work that waits for its next slice, and the future that its result goes to."""

    def __init__(self, steps: Steps[T], done: "asyncio.Future[T]") -> None:
        self.steps = steps
        self.done = done


class Turns:
    """Runs work in at most `threads` threads for one event loop, for at most `most` requests at a time that have asked
    for a place. name: what the threads are called.
    """

    def __init__(
        self, name: str, threads: int, most: int = 1_000_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads
        self._most = most
        self._places = 0
        self._clock = clock
        self._waiting: OrderedDict[str, deque[_Task[Any]]] = OrderedDict()

    async def run(self, caller: str, steps: Steps[T]) -> T:
        """The result of the work, or its error. Where this is cancelled, the work ends with its slice."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue(caller, _Task(steps, done))
        return await done

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for a request, from before its body is read. Raises Busy where none is left."""
        if self._places == self._most:
            raise Busy
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    def _queue(self, caller: str, task: _Task[Any]) -> None:
        """Let the task wait behind the caller's others, and the caller behind the other callers."""
        self._waiting.setdefault(caller, deque()).append(task)
        self._fill()

    def _fill(self) -> None:
        """Give every free thread a slice of whoever waits longest."""
        while self._free and self._waiting:
            caller, tasks = self._waiting.popitem(last=False)
            task = tasks.popleft()
            if tasks:
                self._waiting[caller] = tasks
            if task.done.done():
                task.steps.close()
            else:
                self._free -= 1
                slice_ = asyncio.get_running_loop().run_in_executor(self._pool, self._advance, task.steps)
                slice_.add_done_callback(partial(self._follow, caller, task))

    def _advance(self, steps: Steps[Any]) -> object:
        """Run one slice, in a thread: the result where the work has ended, else `_UNFINISHED`."""
        end = self._clock() + SLICE_SECONDS
        while True:
            try:
                next(steps)
            except StopIteration as last:
                return last.value
            if self._clock() >= end:
                return _UNFINISHED

    def _follow(self, caller: str, task: _Task[Any], ended: "asyncio.Future[object]") -> None:
        """Take the task up again, or give its caller what came of it."""
        self._free += 1
        error = ended.exception()
        if error is None and ended.result() is _UNFINISHED:
            self._queue(caller, task)
            return
        if not task.done.done():
            if error is None:
                task.done.set_result(ended.result())
            else:
                task.done.set_exception(error)
        self._fill()
