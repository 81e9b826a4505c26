"""The mathematics of the audit chain: what is authenticated, and under which name. No database here."""

import hmac
from typing import Any

from service.storage.audit import Entry, Head, Salts

GENESIS = bytes(32)  # what the first entry follows


class Chain:
    """MACs and seals under the audit secret, HMAC-SHA256; each begins with what it is about, so that none stands for
    another.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def mac(self, entry: Entry, number: int | None = None) -> bytes:
        """The MAC of everything in the entry but its MAC; with another `number`, the MAC that it would have in that
        place.
        """
        return self._mac("entry", *entry[1:-1], entry.number if number is None else number)

    def head(self, entries: int, mac: bytes) -> Head:
        return Head(entries, mac, self._mac("head", entries, mac))

    def salts(self, entry: int, salts: bytes) -> Salts:
        return Salts(entry, salts, self._mac("salts", entry, salts))

    def export(self, entries: int, head: str, at: str) -> str:
        """The proof that a head was exported by the holder of the secret."""
        return self._mac("export", entries, head, at).hex()

    def key(self, about: str) -> bytes:
        """A separate key, for `about`, derived from the audit secret."""
        return self._mac("key", about)

    def holds(self, entry: Entry, number: int | None = None) -> bool:
        """Whether the entry is one that was written; False for values of a kind that is never written."""
        try:
            return same(self.mac(entry, number), entry.mac)
        except (TypeError, UnicodeEncodeError):
            return False

    def _mac(self, about: str, *fields: Any) -> bytes:
        return hmac.digest(self._secret, encode(about, *fields), "sha256")


def same(a: object, b: object) -> bool:
    """Whether both are bytes and equal, compared in constant time."""
    return isinstance(a, bytes) and isinstance(b, bytes) and hmac.compare_digest(a, b)


def encode(*fields: Any) -> bytes:
    """Text, bytes, whole numbers and None, each with its kind and its length before it; TypeError for anything else."""
    return b"".join(map(_encode, fields))


def _encode(field: Any) -> bytes:
    kind = type(field)
    if kind is str:
        text = field.encode()
        return b"s%d:%b" % (len(text), text)
    if kind is bytes:
        return b"b%d:%b" % (len(field), field)
    if kind is int:
        return b"i%d:" % field
    if field is None:
        return b"n:"
    raise TypeError(f"{kind.__name__} is not authenticated")
