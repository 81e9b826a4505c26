"""Pseudonyms: keyed names for texts, the same wherever a text occurs, so that joins and chains still work.

A pseudonym is 16 bytes of a keyed BLAKE2b of the text and a check of 4 bytes under another key. The check recognises
our own pseudonyms without a table, so that one that is sent back, in an uploaded export or the next step of a chain,
stays unchanged. It leads back to the text only by the mapping, which is sealed and can be deleted, or by guessing with
the key.
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
    """Makes and recognises the pseudonyms under one policy secret of a dictionary (32 bytes)."""

    def __init__(self, secret: bytes) -> None:
        self._text_key = _subkey(secret, "pseudonym", 32)
        self._check_key = _subkey(secret, "pseudonym check", 32)
        self._seal = AESSIV(_subkey(secret, "pseudonym text", 64))

    def of(self, text: str) -> str:
        """The pseudonym of a text: `psn-` and 32 letters and digits. White space at the text's ends does not count."""
        name = trimmed(text)
        if self.is_own(name):
            return name
        hashed = blake2b(name.encode("utf-8", "surrogatepass"), key=self._text_key, digest_size=_HASH).digest()
        return PREFIX + base64.b32encode(hashed + self._check(hashed)).decode().lower()

    def is_own(self, text: str) -> bool:
        """Whether a text is a pseudonym that `of` made under the same secret."""
        if not text.startswith(PREFIX) or text != text.lower():
            return False
        try:
            made = base64.b32decode(text[len(PREFIX) :].upper())
        except (binascii.Error, ValueError):
            return False
        return len(made) == _HASH + _CHECK and hmac.compare_digest(self._check(made[:_HASH]), made[_HASH:])

    def seal(self, pseudonym: str, text: str) -> bytes:
        """Encrypt a text for the mapping, bound to its pseudonym (AES-SIV)."""
        return self._seal.encrypt(text.encode("utf-8", "surrogatepass"), [pseudonym.encode()])

    def unseal(self, pseudonym: str, sealed: bytes) -> str:
        return self._seal.decrypt(sealed, [pseudonym.encode()]).decode("utf-8", "surrogatepass")

    def _check(self, hashed: bytes) -> bytes:
        return blake2b(hashed, key=self._check_key, digest_size=_CHECK).digest()


def _subkey(secret: bytes, purpose: str, size: int) -> bytes:
    return blake2b(key=secret, person=purpose.encode().ljust(16, b"\0"), digest_size=size).digest()
