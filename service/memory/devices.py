"""The device that computes (`cpu`, `cuda`, or `auto` for CUDA where there is one), and the threads of the CPU."""

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


def choose_device(device: str) -> str:
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


def use_one_thread() -> None:
    """Let each operation compute in its caller's thread. In a process that answers requests, waking a second thread
    costs a small batch more than it saves, and a busy second core makes every operation wait for it.
    """
    _torch().set_num_threads(1)


@contextmanager
def one_thread_here() -> Iterator[None]:
    """Let the operations of this block compute in the caller's thread."""
    before = _torch().get_num_threads()
    use_one_thread()
    try:
        yield
    finally:
        _torch().set_num_threads(before)


@cache
def core_workers() -> ThreadPoolExecutor:
    """One thread a core, each computing alone, shared by the large recalls and the edits of all memories of the
    process.
    """
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="cores", initializer=use_one_thread)


@contextmanager
def one_thread_workers(device: str) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads compute alone: blocks are small, so two blocks at once beat two threads in one."""
    before = _torch().get_num_threads()
    threads = int(os.environ.get(THREADS) or os.cpu_count() or 1)
    pool = ThreadPoolExecutor(1 if device == "cuda" else threads, initializer=use_one_thread)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        _torch().set_num_threads(before)


def run_all(workers: ThreadPoolExecutor, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Yield results as they come. An error, or a caller that stops, cancels the items that have not begun. A single
    item is computed in this thread.
    """
    if len(items) == 1:
        with one_thread_here():
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
