"""Pages for people: the routes as a document, and the sign-in that lets a browser read it. No script, no fetching."""

from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader

from service.errors import Unauthorized
from service.routes.context import Service
from service.routes.wire import Router
from service.workflows.access.keys import COOKIE, LIFETIME

router = Router(include_in_schema=False)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_HEADERS = {"content-security-policy": POLICY}
_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """/openapi.json for people."""
    document = request.app.openapi()
    return _page("docs.html.j2", document=document, tags=_by_tag(document))


@router.get("/sign-in")
def sign_in_form() -> HTMLResponse:
    """Needs no key."""
    return _page("sign_in.html.j2", refused=False)


@router.post("/sign-in")
async def sign_in(request: Request, service: Service) -> Response:
    """Trade an API key for a cookie that opens pages, by GET alone; no script reads it, no other site sends it."""
    key = parse_qs((await request.body()).decode("utf-8", "replace")).get("key", [""])[0]
    try:
        session = service.authenticator.session(key)
    except Unauthorized:
        return _page("sign_in.html.j2", status=401, refused=True)
    reply = RedirectResponse("/docs", 303)
    secure = request.url.scheme == "https"
    reply.set_cookie(COOKIE, session, LIFETIME, httponly=True, samesite="strict", secure=secure)
    return reply


def _by_tag(document: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """(method, path, operation) of every operation, under its tag."""
    tags: defaultdict[str, list[tuple[str, str, dict[str, Any]]]] = defaultdict(list)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tags[operation.get("tags", ["other"])[0]].append((method, path, operation))
    return tags


def _page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    return HTMLResponse(_pages.get_template(template).render(values), status, _HEADERS)
