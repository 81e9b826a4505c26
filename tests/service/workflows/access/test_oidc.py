"""Bearer tokens, really signed: what is let in, and every forgery that is not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from service.errors import Unauthorized
from service.settings import Settings
from service.workflows.access.oidc import Identity, Tokens

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
PUBLIC_PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
NOW = 1_800_000_000  # seconds since the epoch
ISSUER, AUDIENCE = "https://id.example/realms/plant", "fact-store"


def jwks() -> dict[str, Any]:
    """The provider's keys, with two that must not be used."""
    keys = {
        "rsa": RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True),
        "ec": ECAlgorithm.to_jwk(EC.public_key(), as_dict=True),
        "ed": OKPAlgorithm.to_jwk(ED.public_key(), as_dict=True),
        "short": RSAAlgorithm.to_jwk(SHORT_RSA.public_key(), as_dict=True),
        "secret": {"kty": "oct", "k": base64.urlsafe_b64encode(PUBLIC_PEM).decode(), "alg": "HS256"},
    }
    return {"keys": [{**key, "kid": kid} for kid, key in keys.items()]}


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a good token; None leaves one out."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "akiko", "iat": NOW, "exp": NOW + 600, "roles": ["staff", "reader"]}
    return {name: value for name, value in (good | changed).items() if value is not None}


def token(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **changed: Any) -> bytes:
    return jwt.encode(claims(**changed), key, algorithm, {"kid": kid} if kid else {}).encode()


def with_header(header: dict[str, Any], signature: Callable[[bytes], bytes]) -> bytes:
    """A good token's claims under any header, signed by anything."""
    parts = (json.dumps(part).encode() for part in (header, claims()))
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return signed + b"." + base64.urlsafe_b64encode(signature(signed)).rstrip(b"=")


def hmac_of(signed: bytes) -> bytes:
    return hmac.new(PUBLIC_PEM, signed, hashlib.sha256).digest()


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """For PyJWT it is NOW, however long a test takes."""

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Stopped":
            return cls.fromtimestamp(NOW, tz)

    monkeypatch.setattr("jwt.api_jwt.datetime", Stopped)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks()))
    return path


def tokens_of(file: Path, clock: Callable[[], float] = lambda: NOW, **changed: Any) -> Tokens:
    chosen = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks": str(file)}
    roles = {"admins": "admin", "reader": "query", "staff": "key_1"}
    return Tokens(Settings(**(chosen | {"oidc_roles": roles} | changed)), clock)


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed")])
def test_a_good_token_is_let_in(file: Path, key: Any, algorithm: str, kid: str) -> None:
    """Signed by one of the provider's keys with its algorithm; its first known role counts, in the settings' order."""
    ends = NOW + 600
    identity = tokens_of(file).verify(token(key, algorithm, kid, exp=ends))
    assert (identity.subject, identity.rights, identity.expires) == ("akiko", "query", ends + 60)


FORGED: dict[str, Callable[[], bytes]] = {
    "no signature": lambda: with_header({"alg": "none", "kid": "rsa"}, lambda _: b""),
    "no signature, spelled otherwise": lambda: with_header({"alg": "NoNe", "kid": "rsa"}, lambda _: b""),
    "HS256 with the public key": lambda: with_header({"alg": "HS256", "kid": "rsa"}, hmac_of),
    "HS256 with the secret key of the set": lambda: with_header({"alg": "HS256", "kid": "secret"}, hmac_of),
    "another algorithm of the same key": lambda: token(algorithm="PS256"),
    "a longer hash": lambda: token(algorithm="RS512"),
    "a short key": lambda: with_header({"alg": "RS256", "kid": "short"}, lambda _: b"x" * 128),
    "another key": lambda: token(OTHER_RSA),
    "a key of another algorithm": lambda: token(EC, "ES256", "rsa"),
    "an unknown key": lambda: token(OTHER_RSA, kid="other"),
    "no key named": lambda: token(kid=None),
    "a key brought along": lambda: with_header({"alg": "RS256", "jwk": jwks()["keys"][0]}, lambda _: b"x"),
    "another audience": lambda: token(aud="somebody-else"),
    "no audience": lambda: token(aud=None),
    "another issuer": lambda: token(iss="https://evil.example"),
    "the issuer with a slash": lambda: token(iss=f"{ISSUER}/"),
    "expired": lambda: token(exp=NOW - 61),
    "no end": lambda: token(exp=None),
    "no beginning": lambda: token(iat=None),
    "issued in the future": lambda: token(iat=NOW + 61),
    "not valid yet": lambda: token(nbf=NOW + 61),
    "nobody": lambda: token(sub=None),
    "a nameless one": lambda: token(sub=""),
    "a number for roles": lambda: token(roles=5),
    "an object for roles": lambda: token(roles={"admins": False}),
    "no end to the end": lambda: token(exp=float("inf")),
    "no role": lambda: token(roles=None),
    "no role of ours": lambda: token(roles=["guest"]),
    "roles of another shape": lambda: token(roles=[{"admin": True}]),
    "a subject with a line break": lambda: token(sub="a\nb"),
    "a subject without end": lambda: token(sub="a" * 201),
    "too long": lambda: token(more="x" * 20_000),
    "altered": lambda: token()[:-6] + b"AAAAAA",
    "no token": lambda: b"a.b.c",
    "not text": lambda: b"\xff.\xff.\xff",
}


@pytest.mark.parametrize("forged", FORGED)
def test_nothing_else_is(file: Path, forged: str) -> None:
    """Every other token is refused in the same words."""
    with pytest.raises(Unauthorized, match=r"^the token is not valid$"):
        tokens_of(file).verify(FORGED[forged]())


def test_clocks_may_differ_by_a_minute(file: Path) -> None:
    """An end up to sixty seconds ago, a beginning up to sixty seconds ahead."""
    assert tokens_of(file).verify(token(exp=NOW - 59)).subject == "akiko"
    assert tokens_of(file).verify(token(iat=NOW + 60)).subject == "akiko"


def test_a_claim_may_lie_deeper(file: Path) -> None:
    """Dots lead into objects, unless the claim itself has them in its name; a single text is a list of one."""
    deep = token(roles=None, realm_access={"roles": ["admins"]})
    assert tokens_of(file, oidc_role_claim="realm_access.roles").verify(deep).rights == "admin"
    named = token(roles=None, **{"https://x.example/roles": "staff"})
    assert tokens_of(file, oidc_role_claim="https://x.example/roles").verify(named).rights == "key_1"


def test_an_unknown_key_is_looked_for_once_a_minute(file: Path) -> None:
    """After the provider changed its keys a token finds the new one; a flood of tokens reads them once."""
    clock = [float(NOW)]
    tokens = tokens_of(file, lambda: clock[0])
    assert isinstance(tokens.verify(token()), Identity)
    changed = RSAAlgorithm.to_jwk(OTHER_RSA.public_key(), as_dict=True) | {"kid": "other"}
    file.write_text(json.dumps({"keys": [changed]}))
    with pytest.raises(Unauthorized):
        tokens.verify(token(OTHER_RSA, kid="other"))
    clock[0] += 61
    assert tokens.verify(token(OTHER_RSA, kid="other")).subject == "akiko"
    with pytest.raises(Unauthorized):
        tokens.verify(token())


def test_keys_that_cannot_be_read_leave_the_old_ones(file: Path) -> None:
    """A provider that is down for an hour locks nobody out; one that never answered lets nobody in."""
    clock = [float(NOW)]
    tokens = tokens_of(file, lambda: clock[0])
    tokens.verify(token())
    file.unlink()
    clock[0] += 3601
    assert tokens.verify(token()).subject == "akiko"
    with pytest.raises(Unauthorized):
        tokens_of(file).verify(token())


def test_a_provider_is_pinned_whole() -> None:
    """Issuer without audience, keys and roles is refused, and so are keys over plain http from elsewhere."""
    with pytest.raises(ValueError, match="set together"):
        Settings(oidc_issuer=ISSUER)
    with pytest.raises(ValueError, match="https"):
        tokens_of(Path(), oidc_jwks="http://id.example/keys")
