"""The secret of each dictionary: 32 random bytes in a file that only its owner may read. Deleting it shreds every
memory made with it.
"""

import os
import secrets
from pathlib import Path

from service.errors import MemoryMismatch

SIZE = 32


def make(folder: Path, dictionary: str) -> None:
    """Written through to the disk before anything can be trained with it."""
    handle = os.open(folder / dictionary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SIZE))
        file.flush()
        os.fsync(file.fileno())
    flush_folder(folder)


def read(folder: Path, dictionary: str) -> bytes:
    try:
        secret = (folder / dictionary).read_bytes()
    except FileNotFoundError:
        raise MemoryMismatch("the dictionary's memory secret is gone: its memories cannot be read") from None
    if len(secret) != SIZE:
        raise MemoryMismatch("the dictionary's memory secret is damaged")
    return secret


def shred(folder: Path, dictionary: str) -> None:
    (folder / dictionary).unlink(missing_ok=True)
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Make names that were added or removed survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
