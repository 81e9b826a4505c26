"""Every route of the running application, documented or not, is behind a key; and behind a permission."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute

from service.routes.routers import ROUTES
from tests.running import Running, fresh_dictionary

OPEN = {"/livez", "/readyz", "/sign-in"}
ANY_KEY = {"/docs", "/openapi.json"}  # say nothing of any dictionary
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]
UNDOCUMENTED = [
    "/",
    "/docs",
    "/docs/",
    "/docs/oauth2-redirect",
    "/redoc",
    "/openapi.json",
    "/metrics",
    "/livez/",
    "/readyz/x",
    "/sign-in/x",
    "//livez",
    "/livez/../metrics",
    "/%6civez/",
    "/v1",
    "/v1/nowhere",
    "/recall",
    "/v1/dictionaries/x/recall/",
    "/v1/dictionaries/x/recall",
    "/v1/dictionaries/x/recall:batch",
    "/v2/dictionaries",
    "/static/x",
    "/favicon.ico",
    "/robots.txt",
]


def paths() -> list[str]:
    """The templates of all routes, as paths with an id that does not exist, and paths of no route."""
    templates = {route.path for route in ROUTES if isinstance(route, APIRoute)}
    return sorted({filled(path, "none") for path in templates} | set(UNDOCUMENTED) - OPEN)


def filled(path: str, name: str) -> str:
    while "{" in path:
        path = path[: path.index("{")] + name + path[path.index("}") + 1 :]
    return path


def test_no_route_answers_without_a_key(service: Running) -> None:
    """Whatever the method and whether the path exists: 401 without a key, with a wrong one, with a session of nobody.

    Only the health checks and the sign-in page answer.
    """
    found = [path for path in paths() if path not in OPEN]
    assert len(found) > 70
    with service.client("") as nobody, service.client("x" * 40) as stranger:
        nobody.cookies.set("factstore_session", f"bootstrap.9999999999.{'0' * 64}")
        for path in found:
            replies = {method: nobody.request(method, path) for method in METHODS}
            for method, reply in [*replies.items(), ("GET", stranger.get(path))]:
                assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer"), (method, path)


def test_what_is_open_says_nothing(service: Running) -> None:
    """The open paths answer without a key: that the service lives, that it is ready, and a form."""
    with service.client("") as nobody:
        assert nobody.get("/livez").json() == {"status": "ok"}
        assert nobody.get("/readyz").json() == {"status": "ok"}
        assert "API key" in nobody.get("/sign-in").text


def guarded_routes() -> Iterator[tuple[str, str]]:
    for route in ROUTES:
        if isinstance(route, APIRoute) and route.path not in OPEN | ANY_KEY:
            yield from ((method, route.path) for method in sorted(route.methods or ()))


def test_every_route_asks_for_a_permission(service: Running, api: httpx.Client) -> None:
    """A scoped key to which nothing is granted lists no dictionary and is 403 or 404 wherever else it knocks: no route
    lets a key through that it has not asked for its rights.
    """
    key = api.post("/v1/keys", json={"role": "admin", "scoped": True}).json()["key"]
    with service.client(key) as caller:
        for method, path in guarded_routes():
            reply = caller.request(method, filled(path, "none"))
            if (method, path) == ("GET", "/v1/dictionaries"):
                assert reply.json()["dictionaries"] == []
            else:
                assert reply.status_code == (404 if "{" in path else 403), (method, path, reply.text)


def test_a_dictionary_that_is_not_granted_is_absent(service: Running, api: httpx.Client) -> None:
    """On every route its id and its name give the very bytes that an id of nothing gives."""
    hidden = api.get(f"/v1/dictionaries/{fresh_dictionary(api)}").json()
    key = api.post("/v1/keys", json={"role": "admin", "scoped": True}).json()["key"]
    more = [("POST", f"/v1/dictionaries/{{dictionary}}/{path}") for path in ("recall", "recall:batch")]
    with service.client(key) as caller:
        for method, path in [*guarded_routes(), *more]:
            if "{dictionary}" in path:
                there, by_name, nowhere = (
                    caller.request(method, filled(path.replace("{dictionary}", name), "none"))
                    for name in (hidden["id"], hidden["name"], "dic_0000000000000000")
                )
                assert there.status_code == 404, (method, path)
                assert there.content == by_name.content == nowhere.content, (method, path)


def test_every_reply_is_hardened(service: Running, api: httpx.Client) -> None:
    """Nothing is stored on the way and no browser guesses what it got; also errors, recalls and pages."""
    with service.client("") as nobody:
        replies = [nobody.get("/livez"), nobody.get("/v1/keys"), nobody.get("/sign-in"), api.get("/v1/keys")]
        replies += [api.post("/v1/dictionaries/x/recall"), api.get("/nowhere"), api.get("/docs")]
    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/dictionaries", "GET, HEAD, POST"),
        ("/v1/dictionaries/x", "DELETE, GET, HEAD"),
        ("/v1/dictionaries/x/grants/y", "DELETE, GET, HEAD, PUT"),
        ("/v1/dictionaries/x/recall", "POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(api: httpx.Client, path: str, allowed: str) -> None:
    """405 names every method of the path, though each is a route of its own."""
    reply = api.patch(path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allowed)
    assert reply.json()["code"] == "method_not_allowed"
