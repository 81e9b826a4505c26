"""Pseudonyms: a keyed name for a text, the same wherever the text stands, so that joins and chains still meet.

A pseudonym is 16 bytes of a keyed BLAKE2b of the text and a check of 4 bytes under another key. The check tells our own
pseudonyms from other text without a table, so that a pseudonym sent back, by an upload of an export or the next hop of
a chain, stays what it is. Nothing leads from it to the text but the mapping, which is kept sealed and can be deleted,
or a guess tried with the key.
"""

import base64
import binascii
import hmac
from hashlib import blake2b

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from service.facts import trimmed

PREFIX = "psn-"
_HASH, _CHECK = 16, 4


class Pseudonyms:
    """Under one policy secret of a dictionary (32 bytes)."""

    def __init__(self, secret: bytes) -> None:
        self._text_key = _subkey(secret, "pseudonym", 32)
        self._check_key = _subkey(secret, "pseudonym check", 32)
        self._seal = AESSIV(_subkey(secret, "pseudonym text", 64))

    def of(self, text: str) -> str:
        """`psn-` and 32 letters and digits; white space at the text's ends does not count."""
        name = trimmed(text)
        if self.is_own(name):
            return name
        hashed = blake2b(name.encode("utf-8", "surrogatepass"), key=self._text_key, digest_size=_HASH).digest()
        return PREFIX + base64.b32encode(hashed + self._check(hashed)).decode().lower()

    def is_own(self, text: str) -> bool:
        """Whether `of` made this."""
        if not text.startswith(PREFIX) or text != text.lower():
            return False
        try:
            made = base64.b32decode(text[len(PREFIX) :].upper())
        except (binascii.Error, ValueError):
            return False
        return len(made) == _HASH + _CHECK and hmac.compare_digest(self._check(made[:_HASH]), made[_HASH:])

    def seal(self, pseudonym: str, text: str) -> bytes:
        """The text for the mapping, bound to its pseudonym."""
        return self._seal.encrypt(text.encode("utf-8", "surrogatepass"), [pseudonym.encode()])

    def unseal(self, pseudonym: str, sealed: bytes) -> str:
        return self._seal.decrypt(sealed, [pseudonym.encode()]).decode("utf-8", "surrogatepass")

    def _check(self, hashed: bytes) -> bytes:
        return blake2b(hashed, key=self._check_key, digest_size=_CHECK).digest()


def _subkey(secret: bytes, purpose: str, size: int) -> bytes:
    return blake2b(key=secret, person=purpose.encode().ljust(16, b"\0"), digest_size=size).digest()
