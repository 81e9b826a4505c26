"""Commitments: what is kept of a pair where its names must not be kept.

Keyed BLAKE2b under a subkey of the dictionary's memory secret: equal names give equal commitments, nobody without the
secret can try names, and deleting the secret makes all of them random.
"""

from hashlib import blake2b

from service.memory.hashing import Keyring


class Commitments:
    """Under a subkey for one `purpose`, so that those of different purposes cannot be matched."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = Keyring(secret).subkey(purpose)

    def pair(self, subject: str, relation: str) -> bytes:
        """32 bytes."""
        return self._of("pair", subject, relation)

    def subject(self, subject: str) -> bytes:
        """32 bytes."""
        return self._of("subject", subject)

    def _of(self, kind: str, *names: str) -> bytes:
        """Names are prefixed by their length, so that no two lists of names are the same message."""
        state = blake2b(key=self._key, person=kind.encode(), digest_size=32)
        for name in names:
            encoded = name.encode("utf-8", "surrogatepass")
            state.update(len(encoded).to_bytes(8, "little") + encoded)
        return state.digest()
