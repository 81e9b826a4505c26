"""Tombstones: what was purged, as commitments, in a file that no restore overwrites.

One JSON object a line, oldest first. Each is authenticated under its dictionary's memory secret together with the one
before it of the same dictionary, so that none can be altered, slipped in or taken from the middle.
"""

import fcntl
import hmac
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from service.errors import Unprocessable
from service.memory.hashing import Keyring

_CHAIN = "tombstone chain"
_FIRST = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """`pairs` and `subjects` are commitments in hexadecimal; `mac` is over everything else and the mac before it."""

    purge: str
    dictionary: str
    at: str
    pairs: list[str]
    subjects: list[str]
    mac: str = ""

    def compute_mac(self, secret: bytes, previous: str) -> str:
        """The mac that belongs here."""
        content = {name: value for name, value in asdict(self).items() if name != "mac"}
        message = json.dumps([previous, content], sort_keys=True, separators=(",", ":"))
        return blake2b(message.encode(), key=Keyring(secret).subkey(_CHAIN), digest_size=32).hexdigest()


def read(path: Path) -> list[Tombstone]:
    """Every entry, unchecked; none where there is no file. A last line that was not finished was never acknowledged.
    Raises Unprocessable for anything that is no tombstone.
    """
    with suppress(FileNotFoundError):
        return _parse(path.read_bytes())
    return []


def append(path: Path, secret: bytes, tombstone: Tombstone) -> None:
    """Append the tombstone and flush it to the disk, unless the file already has it."""
    with path.open("a+b") as file:
        os.fchmod(file.fileno(), 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        kept = _parse(_whole_lines(file))
        if tombstone.purge not in {each.purge for each in kept}:
            before = [each.mac for each in kept if each.dictionary == tombstone.dictionary]
            mac = tombstone.compute_mac(secret, before[-1] if before else _FIRST)
            file.write(json.dumps(asdict(tombstone) | {"mac": mac}, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def check(tombstones: Iterable[Tombstone], secret: bytes) -> None:
    """Whether those of one dictionary are all there and unaltered, in their order; raises Unprocessable. What is
    missing at the end cannot be seen from the file alone: the audit chain has an entry for each purge.
    """
    previous = _FIRST
    for tombstone in tombstones:
        if not hmac.compare_digest(tombstone.compute_mac(secret, previous), tombstone.mac):
            raise Unprocessable("the tombstones were altered, or belong to another memory secret")
        previous = tombstone.mac


def merge(*files: Iterable[Tombstone]) -> list[Tombstone]:
    """Merge copies of one file: the longest list of each dictionary, which must begin with the shorter ones."""
    longest: dict[str, list[Tombstone]] = {}
    for file in files:
        for dictionary, entries in _by_dictionary(file).items():
            known = longest.get(dictionary, [])
            shorter, longer = sorted((known, entries), key=len)
            if longer[: len(shorter)] != shorter:
                raise Unprocessable("two files of tombstones contradict each other")
            longest[dictionary] = longer
    return [entry for entries in longest.values() for entry in entries]


def write(path: Path, tombstones: Iterable[Tombstone]) -> None:
    """Write all tombstones to a new file that replaces the old one."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.writelines(json.dumps(asdict(each), sort_keys=True).encode() + b"\n" for each in tombstones)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _by_dictionary(tombstones: Iterable[Tombstone]) -> dict[str, list[Tombstone]]:
    grouped: dict[str, list[Tombstone]] = {}
    for tombstone in tombstones:
        grouped.setdefault(tombstone.dictionary, []).append(tombstone)
    return grouped


def _whole_lines(file: BinaryIO) -> bytes:
    """The content of the file without a last line that a crash left unfinished."""
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    file.truncate(len(whole))
    return whole


def _parse(content: bytes) -> list[Tombstone]:
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    try:
        return [_parse_one(json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise Unprocessable("the file is not a list of tombstones") from error


def _parse_one(document: Any) -> Tombstone:
    tombstone = Tombstone(**document)
    texts = (tombstone.purge, tombstone.dictionary, tombstone.at, tombstone.mac, *tombstone.pairs, *tombstone.subjects)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    return tombstone
