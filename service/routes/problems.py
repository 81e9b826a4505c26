"""An error as RFC 9457 problem+json: one shape, whichever way the request came in."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from schemas.problems import Code
from service.errors import UNFORESEEN, FactStoreError, MethodNotAllowed, NotFound, RequestError, Unprocessable
from service.resources import find_gone, find_lack

MEDIA_TYPE = "application/problem+json"
NO_OBJECT = "a JSON object is wanted, sent with Content-Type: application/json"


def problem_body(error: FactStoreError) -> bytes:
    return error.problem().model_dump_json().encode()


def describe(error: Exception) -> FactStoreError:
    """The error as a caller meets it. What no code foresees says nothing of itself, for its message may hold names."""
    if isinstance(error, FactStoreError):
        return error
    return find_lack(error) or find_gone(error) or FactStoreError(UNFORESEEN)


def handle_errors(api: FastAPI, routes: Sequence[Any]) -> None:
    """Every error of `api` becomes a problem; `routes` are its routes."""

    async def reply_to_http(request: Request, error: Exception) -> Response:
        return _reply(_from_http(error, _allowed_methods(routes, request.url.path)))

    api.add_exception_handler(FactStoreError, _reply_to_error)
    api.add_exception_handler(RequestValidationError, _reply_to_invalid)
    api.add_exception_handler(HTTPException, reply_to_http)
    api.add_exception_handler(Exception, _reply_to_error)  # raised again afterwards: `Measured` logs its kind


def _reply(error: FactStoreError) -> Response:
    """The one place where an error becomes a reply."""
    return Response(problem_body(error), error.status, dict(error.headers), MEDIA_TYPE)


async def _reply_to_error(_: Request, error: Exception) -> Response:
    return _reply(describe(error))


async def _reply_to_invalid(_: Request, error: Exception) -> Response:
    """Where and what, never the value: it may be a name. `detail` tells the first, `errors` all."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [{"at": list(each["loc"]), "message": _message(each)} for each in found]
    in_recipe = any(each["at"][:2] == ["body", "recipe"] for each in errors)
    code = Code.RECIPE_INVALID if in_recipe else Code.INVALID_REQUEST
    first = next((f"{_place(each['at'])}: {each['message']}" for each in errors), "the request cannot be read")
    return _reply(Unprocessable(first, code=code, errors=errors))


def _message(error: Mapping[str, Any]) -> str:
    """Pydantic's own, but for a body that was not even read as JSON."""
    return NO_OBJECT if error["loc"] == ("body",) and error["type"] == "model_attributes_type" else str(error["msg"])


def _place(at: Sequence[str | int]) -> str:
    """As a program writes it: body.upsert[0].answer."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".")


def _from_http(error: Exception, allowed: Sequence[str]) -> FactStoreError:
    """What Starlette and FastAPI raise themselves, as an error of ours."""
    if isinstance(error.__cause__, FactStoreError):
        return error.__cause__
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return NotFound("no such route")
    if status == 405:
        return MethodNotAllowed(allowed)
    return RequestError("the request cannot be read")


def _allowed_methods(routes: Sequence[Any], path: str) -> list[str]:
    """The methods of all routes with this path: FastAPI has a route for each."""
    here = [route for route in routes if isinstance(route, APIRoute) and route.path_regex.match(path)]
    methods = {method for route in here for method in route.methods or ()}
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
