"""Bearer tokens of an identity provider: who sends them, and which of our roles or keys their claims stand for.

Only what the operator pinned counts: the issuer, the audience, the algorithms, the keys. A token's own header chooses
among the pinned keys by `kid` and has no say otherwise; secret-key algorithms and `none` do not exist here.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from service.errors import Unauthorized
from service.settings import Settings

log = structlog.get_logger()

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
LEEWAY = 60.0  # seconds that clocks may differ
LONGEST = 16_384  # bytes of a token
LONGEST_SUBJECT = 200  # characters; it stands in audit entries
SHORTEST_RSA = 2048  # bits
ANEW = 3600.0  # seconds after which the keys are read again
UNKNOWN_ANEW = 60.0  # seconds after which a token with an unknown key may have them read again
FETCH_SECONDS = 5.0
REFUSED = "the token is not valid"


@dataclass(frozen=True, slots=True)
class Identity:
    """`rights` is the name of a role, or the id of an API key whose rights the token has; `expires` in seconds since
    the epoch.
    """

    subject: str
    rights: str
    expires: float


class Tokens:
    """Verifies tokens; called from threads."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._keys = SigningKeys(settings.oidc_jwks or "", clock)

    def verify(self, token: bytes) -> Identity:
        """Verify a token and return its identity. Raises Unauthorized, which reveals nothing about the token."""
        try:
            claims = self._claims(token)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError):
            raise Unauthorized(REFUSED) from None
        subject, rights = claims["sub"], self._rights(claims)
        if rights is None or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
            raise Unauthorized(REFUSED)
        return Identity(subject, rights, float(claims["exp"]) + LEEWAY)

    def _claims(self, token: bytes) -> dict[str, Any]:
        if len(token) > LONGEST:
            raise Unauthorized(REFUSED)
        key = self._keys.find(jwt.get_unverified_header(token)["kid"])
        if key is None:
            raise Unauthorized(REFUSED)
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=self._settings.oidc_issuer,
            audience=self._settings.oidc_audience,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )

    def _rights(self, claims: Mapping[str, Any]) -> str | None:
        """What the first value of the settings that the token has maps to."""
        held = _claim(claims, self._settings.oidc_role_claim)
        listed = held if isinstance(held, list) else [held]
        values = {each for each in listed if isinstance(each, str)}
        return next((rights for value, rights in self._settings.oidc_roles.items() if value in values), None)


class SigningKeys:
    """The provider's public keys (JWKS), read from a file or from the configured address, by their ids."""

    def __init__(self, source: str, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = float("-inf")
        self._lock = Lock()

    def find(self, kid: str) -> jwt.PyJWK | None:
        with self._lock:
            age = self._clock() - self._read_at
            if age > ANEW or (kid not in self._keys and age > UNKNOWN_ANEW):
                self._read_at = self._clock()
                self._read()
            return self._keys.get(kid)

    def _read(self) -> None:
        """Read the keys again; where they cannot be read, the known ones stay."""
        try:
            keys = jwt.PyJWKSet.from_dict(json.loads(_text(self._source))).keys
        except (OSError, ValueError, httpx.HTTPError, jwt.PyJWTError) as error:
            log.warning("signing keys cannot be read", error=type(error).__name__)
            return
        self._keys = {key.key_id: key for key in keys if key.key_id and _usable(key)}


def _usable(key: jwt.PyJWK) -> bool:
    short = isinstance(key.key, RSAPublicKey) and key.key.key_size < SHORTEST_RSA
    return key.algorithm_name in ALGORITHMS and key.public_key_use in {None, "sig"} and not short


def _text(source: str) -> str:
    if not source.startswith(("http://", "https://")):
        return Path(source).read_text("utf-8")
    reply = httpx.get(source, timeout=FETCH_SECONDS, follow_redirects=False)
    return reply.raise_for_status().text


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name; without one, the nested claim that its dots name."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
