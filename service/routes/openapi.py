"""The OpenAPI document: what FastAPI knows of its routes, and the recall routes, which do not pass through it."""

from collections.abc import Callable
from inspect import cleandoc
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from schemas.base import not_both, only_forms
from schemas.problems import Code, Problem
from schemas.recall import BatchQuery, BatchResult, ColumnsResult, Query, Result
from service.routes.replies import MISSING, refusals
from service.workflows.recalls.queries import MAX_HOPS, MAX_QUESTION

DESCRIPTION = "Facts in, a verified memory out, recalled over HTTP. Every request needs an API key."
_REF = "#/components/schemas/{name}"
_PAIR = {"subject": "PART-1", "relation": "lead time"}
_QUERIES: dict[str, Any] = {
    "pair": _PAIR | {"compare": True},
    "question": {"question": "lead time of PART-1"},
    "chain": {"subject": "PART-1", "relations": ["maker", "city"], "alias": "champion"},
    "subject": {"subject": "PART-1"},
}
_FORMS = [("subject", "relation"), ("question",), ("subject", "relations"), ("subject",)]
_BATCHES: dict[str, Any] = {
    "rows": {"queries": [_PAIR, {"question": "lead time of PART-1"}], "compare": True},
    "columns": {"subjects": ["PART-1", "PART-2"], "relations": ["lead time", "lead time"]},
}
_RULES: dict[str, dict[str, Any]] = {
    "Query": only_forms("subject", "relation", "relations", "question", forms=_FORMS) | not_both(("alias", "memory")),
    "BatchQuery": {
        "oneOf": [
            *only_forms("queries", "subjects", "relations", forms=[("queries",)])["oneOf"],
            *only_forms("queries", "subjects", "relations", forms=[("subjects", "relations")], compare=False)["oneOf"],
        ]
    }
    | not_both(("alias", "memory")),
}
_TYPES = [Query, BatchQuery, Result, BatchResult, ColumnsResult]


def document(api: FastAPI) -> dict[str, Any]:
    """Built once, kept by `api`."""
    if api.openapi_schema is None:
        built = get_openapi(title=api.title, version=api.version, description=DESCRIPTION, routes=api.routes)
        _add_recall(built)
        _add_reuse(built)
        _add_problems(built)
        _add_headers(built)
        _add_security(built)
        _outdent(built)
        api.openapi_schema = built
    return api.openapi_schema


def _add_recall(built: dict[str, Any]) -> None:
    (query, batch, result, rows, columns), components = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    for name, rules in _RULES.items():
        components[name].update(rules)
    components["Query"]["properties"]["question"] |= {"maxLength": MAX_QUESTION}
    components["Query"]["properties"]["relations"] |= {"minItems": 1, "maxItems": MAX_HOPS}
    built["components"]["schemas"].update(components)
    base = "/v1/dictionaries/{dictionary}/recall"
    one_of = {"oneOf": [rows, columns]}
    built["paths"][base] = {"post": _operation("recall", "One query, one result.", query, result, _QUERIES)}
    many = "Rows or columns: 10,000 queries or more. Also as JSON lines and Arrow."
    built["paths"][f"{base}:batch"] = {"post": _operation("recall_batch", many, batch, one_of, _BATCHES)}


def _operation(
    name: str, description: str, body: dict[str, Any], reply: dict[str, Any], examples: dict[str, Any]
) -> dict[str, Any]:
    shown = {key: {"value": value} for key, value in examples.items()}
    dictionary = {"name": "dictionary", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "tags": ["recall"],
        "summary": name.replace("_", " ").capitalize(),
        "description": description,
        "operationId": name,
        "parameters": [dictionary],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body, "examples": shown}}},
        "responses": {
            "200": {"description": "Answered", "content": {"application/json": {"schema": reply}}},
            **{str(status): each for status, each in refusals({404: MISSING, 409: [Code.NO_MEMORY]}).items()},
        },
    }


def _add_problems(built: dict[str, Any]) -> None:
    """Every error is a problem, whatever FastAPI believes of its validation errors."""
    schemas = built["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template=_REF.replace("{name}", "{model}"))
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    content = {"content": {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}}
    for operation in _list_operations(built):
        replies = operation["responses"]
        replies.pop("422", None)
        replies.update({status: replies[status] | content for status in replies if status.startswith("4")})
        replies["default"] = {"description": "A problem", **content}


def _add_reuse(built: dict[str, Any]) -> None:
    """Every operation that takes an Idempotency-Key refuses one that came with another request."""
    for operation in _list_operations(built):
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ())):
            conflict = operation["responses"].setdefault("409", {"description": ""})
            named = [conflict["description"]] if conflict["description"] else []
            conflict["description"] = ", ".join([*named, Code.IDEMPOTENCY_KEY_REUSED])


def _list_operations(built: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for operations in built["paths"].values() for operation in operations.values()]


def _add_headers(built: dict[str, Any]) -> None:
    """The headers of replies: where a job is, the version for If-Match, the form of a CSV, what an error asks for."""
    for operation in _list_operations(built):
        for status, reply in operation["responses"].items():
            named = [name for name, applies in _SENT.items() if applies(status, reply)]
            if named:
                reply["headers"] = {
                    name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in named
                }


def _is_versioned(status: str, reply: dict[str, Any]) -> bool:
    """Whether a reply has a version; `_VERSIONED` are the shapes that do."""
    schema = reply.get("content", {}).get("application/json", {}).get("schema", {})
    named = {each.get("$ref", "").rpartition("/")[2] for each in (schema, *schema.get("anyOf", ()))}
    return status.startswith("2") and bool(named & _VERSIONED)


def _is_csv(_: str, reply: dict[str, Any]) -> bool:
    return "text/csv" in reply.get("content", {})


_VERSIONED = {"Alias", "AliasHistory", "EditAccepted", "EditReply", "Names", "Policies", "PoliciesSet", "Review"}
_HEADERS = {
    "Location": "The path of the job, to be followed by GET.",
    "ETag": "The version of what was replied, to be sent back as If-Match.",
    "Content-Disposition": "A name for the file.",
    "Csv-Form": "`exact`, or `spreadsheet` where a `'` keeps cells from running as formulas.",
    "Link": "Where the exact form is (rel=canonical); with the form `spreadsheet` only.",
    "Retry-After": "With 429 `rate_limited`: after how many seconds to send the request again.",
    "Allow": "With 405 `method_not_allowed`: the methods that the path has.",
    "WWW-Authenticate": "With 401 `unauthorized`: `Bearer`.",
}
_SENT: dict[str, Callable[[str, dict[str, Any]], bool]] = {
    "Location": lambda status, _: status == "202",
    "ETag": _is_versioned,
    **dict.fromkeys(("Content-Disposition", "Csv-Form", "Link"), _is_csv),
    **dict.fromkeys(("Retry-After", "Allow", "WWW-Authenticate"), lambda status, _: status == "default"),
}


def _add_security(built: dict[str, Any]) -> None:
    built["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    built["security"] = [{"key": []}]
    for path in ("/livez", "/readyz"):
        built["paths"][path]["get"]["security"] = []


def _outdent(part: Any) -> None:
    """Take the indent of docstrings from descriptions in place, as Python does by itself from 3.13 on: the document is
    the same on every version.
    """
    if isinstance(part, dict):
        if isinstance(described := part.get("description"), str):
            part["description"] = cleandoc(described)
        for each in part.values():
            _outdent(each)
    elif isinstance(part, list):
        for each in part:
            _outdent(each)
