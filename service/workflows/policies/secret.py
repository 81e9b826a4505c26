"""The policy secret of a dictionary: 32 random bytes apart from its memory secret, made with its first policies.

Pseudonyms and the seal on their texts come from it. Without it no pseudonym can be made again or read.
"""

from pathlib import Path

from service.errors import Unavailable
from service.workflows.versions import memory_secrets


def make(folder: Path, dictionary: str) -> None:
    """Where there is none yet."""
    if not (folder / _name(dictionary)).exists():
        memory_secrets.make(folder, _name(dictionary))


def read(folder: Path, dictionary: str) -> bytes:
    """Raises Unavailable."""
    path = folder / _name(dictionary)
    secret = path.read_bytes() if path.exists() else b""
    if len(secret) != memory_secrets.SIZE:
        raise Unavailable("the dictionary's policy secret is gone or damaged: bring it back from the backup")
    return secret


def shred(folder: Path, dictionary: str) -> None:
    memory_secrets.shred(folder, _name(dictionary))


def _name(dictionary: str) -> str:
    return f"{dictionary}.policy"
