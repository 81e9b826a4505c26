"""Secrets of 32 random bytes, each in a file of its own that only its owner may read.

A dictionary has a memory secret, under its id: every key of its memories derives from it, and deleting it makes all of
them unreadable. With its first policies it gets a policy secret, from which pseudonyms and the seal on their texts
come. The audit chain has one for the whole service (workflows/audit/secret.py).
"""

import os
import secrets
from pathlib import Path

from service.errors import MemoryMismatch, Unavailable

SIZE = 32


def make(folder: Path, dictionary: str) -> None:
    """Write a new memory secret through to the disk, before anything can be trained with it."""
    write(folder / dictionary, os.O_EXCL)


def read(folder: Path, dictionary: str) -> bytes:
    """The memory secret of a dictionary. Raises MemoryMismatch where it is gone or damaged."""
    try:
        secret = (folder / dictionary).read_bytes()
    except FileNotFoundError:
        raise MemoryMismatch("the dictionary's memory secret is gone: its memories cannot be read") from None
    if len(secret) != SIZE:
        raise MemoryMismatch("the dictionary's memory secret is damaged")
    return secret


def shred(folder: Path, dictionary: str) -> None:
    """Remove both secrets of a dictionary, the memory's and the policies', where they exist."""
    (folder / dictionary).unlink(missing_ok=True)
    _policy(folder, dictionary).unlink(missing_ok=True)
    flush_folder(folder)


def make_policy(folder: Path, dictionary: str) -> None:
    """Write a policy secret for the dictionary unless it has one."""
    if not _policy(folder, dictionary).exists():
        write(_policy(folder, dictionary), os.O_EXCL)


def read_policy(folder: Path, dictionary: str) -> bytes:
    """The policy secret of a dictionary. Raises Unavailable where it is gone or damaged."""
    path = _policy(folder, dictionary)
    secret = path.read_bytes() if path.exists() else b""
    if len(secret) != SIZE:
        raise Unavailable("the dictionary's policy secret is gone or damaged: bring it back from the backup")
    return secret


def write(path: Path, mode: int) -> None:
    """Write a new secret and its name through to the disk; `mode` is os.O_EXCL or os.O_TRUNC."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | mode, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SIZE))
        file.flush()
        os.fsync(file.fileno())
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make names that were added or removed survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _policy(folder: Path, dictionary: str) -> Path:
    return folder / f"{dictionary}.policy"
