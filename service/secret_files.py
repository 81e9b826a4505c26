"""Secrets of 32 random bytes, each in a file of its own that only its owner may read.

A dictionary has a memory secret in a file named by its id: every key of its memories derives from it, and deleting it
makes all of them unreadable. With its first policies it gets a policy secret, from which its pseudonyms and the keys
that seal their texts derive. The audit chain has one for the whole service (workflows/audit/secret.py).
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from service.errors import MemoryMismatch, Unavailable

SIZE = 32
DICTIONARY = "dic_"  # the ids of dictionaries begin so, and no other secret's name


def make(folder: Path, dictionary: str) -> None:
    """Write the memory secret of a new dictionary and flush it to the disk. Raises FileExistsError."""
    write(folder / dictionary, os.O_EXCL)


def read(folder: Path, dictionary: str) -> bytes:
    """Read the memory secret of a dictionary: 32 bytes. Raises MemoryMismatch where it is gone or damaged."""
    try:
        secret = (folder / dictionary).read_bytes()
    except FileNotFoundError:
        raise MemoryMismatch("the dictionary's memory secret is gone: its memories cannot be read") from None
    if len(secret) != SIZE:
        raise MemoryMismatch("the dictionary's memory secret is damaged")
    return secret


def shred(folder: Path, dictionaries: Iterable[str]) -> None:
    """Remove the memory secrets and the policy secrets of these dictionaries, where they exist."""
    for dictionary in dictionaries:
        (folder / dictionary).unlink(missing_ok=True)
        _policy(folder, dictionary).unlink(missing_ok=True)
    flush_folder(folder)


def list_owners(folder: Path, before: float) -> set[str]:
    """The dictionaries whose secrets were written before this time, in seconds since the epoch."""
    files = [file for file in folder.glob(f"{DICTIONARY}*") if file.stat().st_mtime < before]
    return {file.name.partition(".")[0] for file in files}


def make_policy(folder: Path, dictionary: str) -> None:
    """Make a policy secret for the dictionary unless it has one."""
    if not _policy(folder, dictionary).exists():
        write(_policy(folder, dictionary), os.O_EXCL)


def read_policy(folder: Path, dictionary: str) -> bytes:
    """Read the policy secret of a dictionary: 32 bytes. Raises Unavailable where it is gone or damaged."""
    path = _policy(folder, dictionary)
    secret = path.read_bytes() if path.exists() else b""
    if len(secret) != SIZE:
        raise Unavailable("the dictionary's policy secret is gone or damaged: bring it back from the backup")
    return secret


def write(path: Path, mode: int) -> None:
    """Write 32 random bytes to a new file and flush it to the disk; `mode` is os.O_EXCL or os.O_TRUNC."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | mode, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SIZE))
        file.flush()
        os.fsync(file.fileno())
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Flush a folder to the disk, so that added and removed files survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _policy(folder: Path, dictionary: str) -> Path:
    return folder / f"{dictionary}.policy"
