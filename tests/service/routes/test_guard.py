"""Nothing answers without a key, and a key opens no more than its role says."""

import httpx
import pytest

from tests.running import Running, fresh_dictionary

OPEN = {"/livez", "/readyz"}


def operations(api: httpx.Client) -> list[tuple[str, str]]:
    """(method, path) of everything the OpenAPI document names, with ids filled in."""
    paths = api.get("/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, found in paths.items() for method in found]


def test_no_route_answers_without_a_key(service: Running, api: httpx.Client) -> None:
    """Every route of the OpenAPI document but the two health checks is 401 without a key, and with a wrong one."""
    found = operations(api)
    assert len(found) > 25
    with service.client("") as nobody, service.client("x" * 40) as stranger:
        for method, path in found:
            expected = 200 if path in OPEN else 401
            for caller in (nobody, stranger):
                reply = caller.request(method, path)
                assert reply.status_code == expected, (method, path)
                if expected == 401:
                    assert reply.json()["code"] == "unauthorized"
                    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/nowhere", b""),
        ("GET", "/docs", b""),
        ("GET", "/openapi.json", b""),
        ("GET", "/metrics", b""),
        ("GET", "/v1/dictionaries/none", b""),
        ("TRACE", "/v1/dictionaries", b""),
        ("OPTIONS", "/v1/dictionaries", b""),
        ("POST", "/v1/dictionaries", b"not json"),
        ("POST", "/v1/dictionaries/none/uploads", b"x" * (9 << 20)),
        ("POST", "/v1/dictionaries", b"x" * (9 << 20)),
        ("POST", "/v1/dictionaries/none/recall", b"not json"),
        ("POST", "/v1/dictionaries/none/recall:batch", b"not json"),
        ("POST", "/nowhere/recall", b""),
    ],
)
def test_401_comes_before_everything_else(service: Running, method: str, path: str, body: bytes) -> None:
    """Without a key there is no 404, 405, 413 or 422: nobody learns what exists."""
    with service.client("") as nobody:
        assert nobody.request(method, path, content=body).status_code == 401


def test_roles_do_what_their_names_say(service: Running, api: httpx.Client) -> None:
    """A key for ingest does not recall, one for query sees no ledger, one for audit writes nothing."""
    facts = "subject,relation,answer\na,b,c\n"
    dictionary = f"/v1/dictionaries/{fresh_dictionary(api, facts)}"
    tries = {
        "upload": ("POST", f"{dictionary}/uploads", {"content": facts}),
        "train": ("POST", f"{dictionary}/memories", {"json": {"publish": None}}),
        "search": ("POST", f"{dictionary}/facts:search", {"json": {}}),
        "export": ("GET", f"{dictionary}/export", {}),
        "recall": ("POST", f"{dictionary}/recall", {"json": {"subject": "a", "relation": "b"}}),
        "figures": ("GET", f"{dictionary}/memories", {}),
        "alias": ("PUT", f"{dictionary}/aliases/x", {"json": {"memory": "none", "reason": ""}}),
        "keys": ("GET", "/v1/keys", {}),
        "metrics": ("GET", "/metrics", {}),
        "delete": ("DELETE", dictionary, {}),
    }
    allowed = {
        "ingest": {"upload", "train", "search", "export", "figures", "metrics"},
        "query": {"recall", "figures", "metrics"},
        "audit": {"search", "export", "figures", "metrics"},
    }
    for role, may in allowed.items():
        key = api.post("/v1/keys", json={"role": role}).json()["key"]
        with service.client(key) as caller:
            for name, (method, path, request) in tries.items():
                status = caller.request(method, path, **request).status_code  # type: ignore[arg-type]
                assert (status != 403) == (name in may), (role, name, status)


def test_a_body_past_the_cap_is_413(api: httpx.Client) -> None:
    """Announced or streamed, it is refused with a code, and nothing of it is kept."""

    def endless() -> object:
        for _ in range(9):
            yield b" " * (1 << 20)

    announced = api.post("/v1/dictionaries", content=b" " * (9 << 20))
    streamed = api.post("/v1/dictionaries", content=endless())  # type: ignore[arg-type]
    assert [reply.status_code for reply in (announced, streamed)] == [413, 413]
    assert [reply.json()["code"] for reply in (announced, streamed)] == ["too_large", "too_large"]
