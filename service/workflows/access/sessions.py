"""Sign-in sessions: a browser, which cannot send an API key with a link, holds a cookie made from one.

The cookie names the key and when it ends, under a MAC whose secret is the key's stored hash: every process can check
it, nothing is stored, and it is worth nothing once the key is revoked.
"""

import hashlib
import hmac

LIFETIME = 8 * 3600  # seconds
COOKIE = "factstore_session"


def seal(key: str, digest: bytes, ends: int) -> str:
    """The session of the key with this id and hash, until `ends` (seconds since the epoch)."""
    return f"{key}.{ends}.{_mac(key, digest, ends)}"


def named(session: str) -> str:
    """The id of the key that a session claims to be of."""
    return session.partition(".")[0]


def holds(session: str, digest: bytes, now: float) -> bool:
    """Whether the session was sealed with this hash and has not ended."""
    key, _, rest = session.partition(".")
    ends, _, mac = rest.partition(".")
    if not (ends.isascii() and ends.isdigit() and len(ends) < 12):
        return False
    return hmac.compare_digest(mac.encode(), _mac(key, digest, int(ends)).encode()) and now < int(ends)


def _mac(key: str, digest: bytes, ends: int) -> str:
    return hmac.new(digest, f"session {key} {ends}".encode(), hashlib.sha256).hexdigest()
