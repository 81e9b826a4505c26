"""A body on its way in: written to a file, counted and hashed, and never beyond what is allowed."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service.errors import TooLarge

BUFFER = 1 << 20  # bytes kept before a thread is asked to write them


@dataclass(frozen=True, slots=True)
class Spooled:
    path: Path
    sha256: str
    bytes: int


@asynccontextmanager
async def spooled(chunks: AsyncIterator[bytes], folder: Path, limit: int) -> AsyncIterator[Spooled]:
    """The body in a file that is gone when the block ends. Raises TooLarge before a byte past `limit` is kept."""
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            digest, size = await _drain(chunks, file, limit)
        yield Spooled(Path(name), digest, size)
    finally:
        os.unlink(name)  # noqa: PTH108 - one call, not worth a thread


async def _drain(chunks: AsyncIterator[bytes], file: BinaryIO, limit: int) -> tuple[str, int]:
    digest, size, buffer = hashlib.sha256(), 0, bytearray()
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        digest.update(chunk)
        buffer += chunk
        if len(buffer) >= BUFFER:
            await asyncio.to_thread(file.write, buffer)
            buffer = bytearray()
    await asyncio.to_thread(file.write, buffer)
    return digest.hexdigest(), size


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"a body may have at most {limit} bytes here", limit=limit)
