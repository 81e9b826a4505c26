"""A data folder in use: every service process holds a shared lock on it, and a restore replaces none that is held."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import Unprocessable


def occupy(data: Path) -> None:
    """Hold the folder for as long as this process lives. Raises Unprocessable while a restore replaces it."""
    _lock(data, fcntl.LOCK_SH, "a restore into this data folder is under way")


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Keep services out of the folder. Raises Unprocessable where one runs."""
    handle = _lock(data, fcntl.LOCK_EX, f"a service is running on {data}: stop it first")
    try:
        yield
    finally:
        os.close(handle)


def _lock(data: Path, kind: int, refusal: str) -> int:
    handle = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Unprocessable(refusal) from None
    return handle
