"""Keyed hashes: everything the memory knows of a name is a hash under a subkey of the dictionary's memory secret.

Names are hashed by BLAKE2b, keyed and typed, so that a subject and a relation of the same spelling are different
tokens. Pairs are hashed from the two name hashes, many at once: a million have to be routed in a fraction of a second.
"""

import hmac
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from jaxtyping import UInt8, UInt64
from numpy import ndarray
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

    def digests(self, names: Iterable[str]) -> UInt8[ndarray, "n size"]:
        """The digest of each name, one a row."""
        joined = bytearray().join(map(self.digest, names))  # PyTorch wants arrays that could be written to
        return np.frombuffer(joined, dtype=np.uint8).reshape(-1, self.size)


def as_words(digests: UInt8[ndarray, "n size"]) -> UInt64[ndarray, "n 2"]:
    """The first 16 bytes of each digest as two little-endian words."""
    return np.ascontiguousarray(digests[:, :16]).view("<u8")


class PairHasher:
    """CBC-MAC with AES-256 over the two name hashes, 16 bytes each: a pseudorandom function of messages of one length
    (Bellare, Kilian and Rogaway, *The Security of the Cipher Block Chaining Message Authentication Code*, 2000).
    All pairs of a call are enciphered at once.
    """

    def __init__(self, keyring: Keyring) -> None:
        # Blocks are chained below, pair by pair; ECB is how the library spells "the cipher itself, block by block".
        self._cipher = Cipher(AES(keyring.subkey("pair")), ECB())  # noqa: S305

    def hashes(
        self, subjects: UInt64[ndarray, "n 2"], relations: UInt64[ndarray, "n 2"]
    ) -> tuple[UInt64[ndarray, " n"], UInt64[ndarray, " n"]]:
        """The route and the pad of each pair, from the hashes of its two names."""
        mixed = self._encipher(self._encipher(subjects) ^ relations)
        return mixed[:, 0], mixed[:, 1]

    def _encipher(self, blocks: UInt64[ndarray, "n 2"]) -> UInt64[ndarray, "n 2"]:
        enciphered = self._cipher.encryptor().update(np.ascontiguousarray(blocks).tobytes())
        return np.frombuffer(enciphered, dtype="<u8").reshape(-1, 2)
