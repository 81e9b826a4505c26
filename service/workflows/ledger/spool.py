"""Spooling a request body to a file, with its size limited and its hash computed on the way."""

import asyncio
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service.errors import TooLarge

BUFFER = 1 << 20  # bytes kept before a thread is asked to write them
FRESH_SECONDS = 1.0  # a file that is younger may not have been locked yet


@dataclass(frozen=True, slots=True)
class Spooled:
    path: Path
    sha256: str
    bytes: int


@asynccontextmanager
async def spool_body(chunks: AsyncIterator[bytes], folder: Path, limit: int) -> AsyncIterator[Spooled]:
    """Write the body to a file that is deleted when the block ends. Raises TooLarge before it exceeds `limit` bytes."""
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            digest, size = await _drain(chunks, file, limit)
            file.flush()
            yield Spooled(Path(name), digest, size)
    finally:
        os.unlink(name)  # noqa: PTH108 - one call, not worth a thread


def find_abandoned(folder: Path) -> Iterator[Path]:
    """Find files whose writer has died, since nobody holds their lock. A file made just now may not be locked yet."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            if os.fstat(file.fileno()).st_mtime < time.time() - FRESH_SECONDS:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield path


async def _drain(chunks: AsyncIterator[bytes], file: BinaryIO, limit: int) -> tuple[str, int]:
    digest, size, buffer = hashlib.sha256(), 0, bytearray()
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge.of_body(limit)
        digest.update(chunk)
        buffer += chunk
        if len(buffer) >= BUFFER:
            await asyncio.to_thread(file.write, buffer)
            buffer = bytearray()
    await asyncio.to_thread(file.write, buffer)
    return digest.hexdigest(), size
