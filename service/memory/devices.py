"""Which device computes: `cpu`, `cuda`, or `auto` for CUDA where there is one."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import TypeVar

from service.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")

THREADS = "OMP_NUM_THREADS"  # the variable by which numerical libraries are told how many threads to use


def _torch() -> ModuleType:
    """Loaded at the first call: see `service.memory.solvers`."""
    import torch  # noqa: PLC0415 - a process that only knows of memories must not wait for it

    return torch


def choose(device: str) -> str:
    """Resolve `auto`; Unavailable when CUDA is asked for and absent."""
    if device == "auto":
        return "cuda" if _torch().cuda.is_available() else "cpu"
    if device == "cuda" and not _torch().cuda.is_available():
        raise Unavailable("FACTSTORE_DEVICE is cuda, but PyTorch sees no CUDA device")
    return device


def resolved_for(recipe: str, device: str) -> None:
    """Raises Unavailable where a recipe that was resolved for one device meets a machine that computes on another."""
    if recipe == "cuda" and (device == "cpu" or not _torch().cuda.is_available()):
        raise Unavailable("the recipe was resolved for cuda, and this machine computes on cpu")


def one_thread() -> None:
    """Let each operation compute in its caller's thread. In a process that answers requests, waking a second thread
    costs a small batch more than it saves, and a busy second core makes every operation wait for it.
    """
    _torch().set_num_threads(1)


@contextmanager
def computing_alone() -> Iterator[None]:
    """Let the operations of this block compute in the caller's thread."""
    before = _torch().get_num_threads()
    one_thread()
    try:
        yield
    finally:
        _torch().set_num_threads(before)


@cache
def cores() -> ThreadPoolExecutor:
    """One thread a core, each computing alone, for large recalls and edits of all memories of the process."""
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="cores", initializer=one_thread)


@contextmanager
def one_thread_each(device: str) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads compute alone: blocks are small, so two blocks at once beat two threads in one."""
    before = _torch().get_num_threads()
    threads = int(os.environ.get(THREADS) or os.cpu_count() or 1)
    pool = ThreadPoolExecutor(1 if device == "cuda" else threads, initializer=one_thread)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        _torch().set_num_threads(before)


def results(workers: ThreadPoolExecutor, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Results as they come; an error, or progress that raises, cancels what has not begun. One alone is not handed to
    another thread, but computes alone as well.
    """
    if len(items) == 1:
        with computing_alone():
            result = work(items[0])
        yield result
        return
    futures: list[Future[R]] = [workers.submit(work, item) for item in items]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()
