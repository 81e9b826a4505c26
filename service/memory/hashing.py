"""Keyed hashes: everything the memory knows of a name is a hash under a subkey of the dictionary's memory secret.

Names are hashed by BLAKE2b, keyed and typed, so that a subject and a relation of the same spelling are different
tokens. Pairs are hashed by SipHash-2-4 (Aumasson and Bernstein, 2012) over the two name hashes: it is written in
whole-array arithmetic, because a million pairs have to be routed in a fraction of a second.
"""

import hmac
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SECRET_BYTES = 32
Words = NDArray[np.uint64]


class Keyring:
    """Subkeys of one memory secret, one for each purpose, so that no hash can stand in for another."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a memory secret has {SECRET_BYTES} bytes")
        self._secret = secret

    def subkey(self, purpose: str, size: int = 32) -> bytes:
        """`size` bytes (at most 64) that only this secret and this purpose give."""
        return blake2b(key=self._secret, person=purpose.encode().ljust(16, b"\0"), digest_size=size).digest()

    def mac(self, message: bytes) -> str:
        """Authenticate a manifest: hexadecimal, 64 characters."""
        return blake2b(message, key=self.subkey("manifest")).hexdigest()[:64]

    def is_mac(self, message: bytes, mac: str) -> bool:
        return hmac.compare_digest(self.mac(message), mac)


class NameHasher:
    """Hashes names of one type (subject, relation) to `size` bytes."""

    def __init__(self, keyring: Keyring, kind: str, size: int) -> None:
        self._blank = blake2b(key=keyring.subkey("token"), person=kind.encode().ljust(16, b"\0"), digest_size=size)
        self.size = size

    def digest(self, name: str) -> bytes:
        state = self._blank.copy()
        state.update(name.encode("utf-8", "surrogatepass"))
        return state.digest()

    def digests(self, names: Iterable[str]) -> NDArray[np.uint8]:
        """One row a name, (names, size) bytes."""
        joined = b"".join(map(self.digest, names))
        return np.frombuffer(joined, dtype=np.uint8).reshape(-1, self.size)


def as_words(digests: NDArray[np.uint8]) -> Words:
    """The first 16 bytes of each digest as two little-endian words, (n, 2)."""
    return np.ascontiguousarray(digests[:, :16]).view("<u8")


def siphash(key: bytes, *columns: Words) -> Words:
    """SipHash-2-4 of the rows of `columns` (each (n, words)) under a 16-byte key, (n,)."""
    words = np.concatenate(columns, axis=1)
    out = np.empty(len(words), dtype=np.uint64)
    chunk = 16_384  # the four state arrays of a chunk stay in the cache of one core
    for start in range(0, len(words), chunk):
        out[start : start + chunk] = _siphash(key, words[start : start + chunk])
    return out


def _siphash(key: bytes, words: Words) -> Words:
    k0, k1 = (np.uint64(int.from_bytes(key[at : at + 8], "little")) for at in (0, 8))
    start = np.zeros(len(words), dtype=np.uint64)
    v = [
        start + (k0 ^ np.uint64(0x736F6D6570736575)),
        start + (k1 ^ np.uint64(0x646F72616E646F6D)),
        start + (k0 ^ np.uint64(0x6C7967656E657261)),
        start + (k1 ^ np.uint64(0x7465646279746573)),
    ]
    length = np.uint64((words.shape[1] * 8 & 0xFF) << 56)
    for word in [*words.T, start + length]:
        v[3] ^= word
        _rounds(v, 2)
        v[0] ^= word
    v[2] ^= np.uint64(0xFF)
    _rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _rounds(v: list[Words], count: int) -> None:
    v0, v1, v2, v3 = v
    for _ in range(count):
        v0 += v1
        v2 += v3
        v1 = _rotate(v1, 13) ^ v0
        v3 = _rotate(v3, 16) ^ v2
        v0 = _rotate(v0, 32)
        v2 += v1
        v0 += v3
        v1 = _rotate(v1, 17) ^ v2
        v3 = _rotate(v3, 21) ^ v0
        v2 = _rotate(v2, 32)
    v[:] = v0, v1, v2, v3


def _rotate(word: Words, bits: int) -> Words:
    return (word << np.uint64(bits)) | (word >> np.uint64(64 - bits))
