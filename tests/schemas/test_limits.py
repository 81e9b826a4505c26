"""The document allows exactly what the service takes: every body, at and beyond every limit that the document names."""

import copy
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.running import fresh_dictionary, train
from tests.schemas.write_openapi import GOLDEN

DOCUMENT = json.loads(GOLDEN.read_text("utf-8"))
LONGEST = 20_000  # items of a list that are tried; a longer list would not fit a body
KINDS = {"string": str, "boolean": bool, "array": list, "object": dict, "null": type(None)}
ANYTHING = [None, True, "true", "1", 0, 1.5, "", " ", "a\0b", "x" * 200_001, [], [1], {}, {"a": 1}]


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what it refers to in its place."""
    while "$ref" in schema:
        named = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        schema = named | {key: value for key, value in schema.items() if key != "$ref"}
    return schema


def allows(schema: Any, value: Any) -> bool:
    """Whether the document allows this value: the part of JSON Schema that it is written in."""
    schema = resolve(schema)
    if "enum" in schema and not any(value == each and type(value) is type(each) for each in schema["enum"]):
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "type" in schema and not is_of_kind(value, schema["type"]):
        return False
    if not all(allows(each, value) for each in schema.get("allOf", ())):
        return False
    if "anyOf" in schema and not any(allows(each, value) for each in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(allows(each, value) for each in schema["oneOf"]) != 1:
        return False
    if "not" in schema and allows(schema["not"], value):
        return False
    if isinstance(value, str):
        pattern = schema.get("pattern", "")
        return within(len(value), schema, "Length") and re.search(pattern, value) is not None
    if isinstance(value, int | float) and not isinstance(value, bool):
        above = value > schema.get("exclusiveMinimum", float("-inf")) and value >= schema.get("minimum", float("-inf"))
        below = value < schema.get("exclusiveMaximum", float("inf")) and value <= schema.get("maximum", float("inf"))
        return bool(above and below and value % schema.get("multipleOf", value or 1) == 0)
    if isinstance(value, list):
        return within(len(value), schema, "Items") and all(allows(schema.get("items", {}), each) for each in value)
    if isinstance(value, dict):
        return within(len(value), schema, "Properties") and allows_object(schema, value)
    return True


def is_of_kind(value: Any, kind: str) -> bool:
    if kind in {"integer", "number"}:
        return isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])


def within(size: int, schema: dict[str, Any], what: str) -> bool:
    return bool(schema.get(f"min{what}", 0) <= size <= schema.get(f"max{what}", size))


def allows_object(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    named, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    if not set(schema.get("required", ())) <= value.keys():
        return False
    names = schema.get("propertyNames", {})
    for name, each in value.items():
        if not allows(names, name):
            return False
        if name not in named and others is False:
            return False
        if not allows(named.get(name, others if isinstance(others, dict) else {}), each):
            return False
    return True


def candidates(schema: dict[str, Any], example: Any) -> Iterator[Any]:
    """Values at and beyond the limits of a schema, and values of every kind."""
    schema = resolve(schema)
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from candidates(branch, example)
    yield from schema.get("enum", ())
    for limit in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if limit in schema:
            yield from (schema[limit] - 1, schema[limit], schema[limit] + 1)
    for limit in ("minLength", "maxLength"):
        if limit in schema:
            yield from ("x" * max(schema[limit] + step, 0) for step in (-1, 0, 1))
    if "items" in schema and isinstance(example, list) and example:
        for limit, beyond in (("minItems", -1), ("maxItems", 1)):
            if schema.get(limit, LONGEST) < LONGEST:
                yield from ([make_item(example[0], at) for at in range(schema[limit] + step)] for step in (0, beyond))


def make_item(example: Any, at: int) -> Any:
    """An item like this one, and unlike those at other places."""
    if isinstance(example, str):
        return f"{example}{at}"
    if isinstance(example, dict):
        return {name: make_item(each, at) if name in {"subject", "alias"} else each for name, each in example.items()}
    return example


def variations(schema: dict[str, Any], example: Any) -> Iterator[Any]:
    """The example with one place in it changed."""
    yield from candidates(schema, example)
    yield from ANYTHING
    schema = resolve(schema)
    if isinstance(example, dict):
        yield example | {"no_such_field": 1}
        for name in example:
            yield {each: example[each] for each in example if each != name}
        for branch in (schema, *map(resolve, schema.get("anyOf", ())), *map(resolve, schema.get("oneOf", ()))):
            for name, part in branch.get("properties", {}).items():
                if name in OPAQUE:
                    continue
                known = example.get(name, next(iter(list_examples(part)), None))
                yield from (example | {name: each} for each in variations(part, known))
    if isinstance(example, list) and example:
        for branch in (schema, *map(resolve, schema.get("anyOf", ()))):
            for each in variations(branch.get("items", {}), example[0]) if "items" in branch else ():
                yield [each, *example[1:]]


def list_examples(schema: dict[str, Any]) -> list[Any]:
    schema = resolve(schema)
    return [each for branch in (schema, *map(resolve, schema.get("anyOf", ()))) for each in branch.get("examples", ())]


def bodies() -> Iterator[tuple[str, str]]:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                yield method, path


@pytest.fixture(scope="module")
def names(api: httpx.Client) -> dict[str, str]:
    """What the ids in paths and examples stand for."""
    dictionary = fresh_dictionary(api, "subject,relation,answer\nPART-1,lead time,4 days\nPART-1,maker,Akita\n")
    memory = train(api, dictionary)["memory"]
    key = api.post("/v1/keys", json={"role": "query"}).json()["info"]["id"]
    review = api.post(f"/v1/dictionaries/{dictionary}/reviews", json={"subject": "PART-1", "relation": "maker"}).json()
    return {"dictionary": dictionary, "memory": memory, "key": key, "alias": "beta", "review": review["id"]}


OPAQUE = {"cursor", "head"}  # what earlier replies gave
UNWRITTEN = re.compile(  # refusals for which the document has sentences, and JSON Schema no words
    "named twice|one of each a pair|about one relation|another alias|taught .* is spelled|1 to 10,000 items"
)
REFUSED = {"invalid_request", "recipe_invalid", "alias_and_memory"}


@pytest.mark.parametrize(("method", "path"), list(bodies()))
def test_the_document_allows_what_the_service_takes(
    api: httpx.Client, names: dict[str, str], method: str, path: str
) -> None:
    body = DOCUMENT["paths"][path][method]["requestBody"]["content"]["application/json"]
    examples = [each["value"] for each in body.get("examples", {}).values()] or list_examples(body["schema"])
    assert examples, "the body has no example"
    url = path.format(**names).replace("/beta/", "/champion/")
    allowed = refused = 0
    wrong = list[tuple[str, bool, int, str]]()
    for example in examples:
        tried = [example, *variations(body["schema"], example)]
        for value in {json.dumps(each): each for each in tried}.values():
            sent = put_ids(copy.deepcopy(value), names)
            reply = api.request(method, url, json=sent)
            assert reply.status_code < 500, (value, reply.text)
            check_headers(DOCUMENT["paths"][path][method]["responses"], reply)
            if reply.status_code == 413 or UNWRITTEN.search(reply.text):
                continue
            taken = not (reply.status_code in {400, 422} and reply.json()["code"] in REFUSED)
            permitted = allows(body["schema"], value)
            if taken != permitted:
                wrong.append((str(value)[:200], permitted, reply.status_code, reply.json().get("detail", "")))
            allowed, refused = allowed + permitted, refused + (not permitted)
            if location := reply.headers.get("location"):
                api.delete(location)
    assert not wrong, "\n".join(map(str, wrong))
    assert allowed
    assert refused


WRITTEN = ["", " ", "x", "null", "a\0b", "x" * 30_000, "true", "True", "on", "yes"]
WRITTEN += ["1", "0", "+1", "1.0", "1_0", " 1", "-1", "1e3", "9" * 19, "9" * 40, "1700000000"]
WRITTEN += ["2027-01-31", "2027-01-31T12:00:00Z", "2027-01-31T12:00:00-14:00", "9999-12-31T23:59:59-14:00"]


def parameters() -> Iterator[tuple[str, str, str]]:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            for each in operation.get("parameters", ()):
                if each["in"] == "query" and each["name"] not in OPAQUE:
                    yield method, path, each["name"]


@pytest.mark.parametrize(("method", "path", "name"), list(parameters()))
def test_the_document_allows_the_queries_that_are_taken(
    api: httpx.Client, names: dict[str, str], method: str, path: str, name: str
) -> None:
    """A parameter is text that the document reads by its schema; whether its words lead anywhere is not asked here."""
    [schema] = [each["schema"] for each in DOCUMENT["paths"][path][method]["parameters"] if each["name"] == name]
    url = re.sub(r"{upload}", "none", path).format(**names)
    wrong = list[tuple[str, bool, int, str]]()
    for text in {*WRITTEN, *map(str, candidates(schema, None))}:
        reply = api.request(method, url, params={name: text}, content=b"" if method == "post" else None)
        assert reply.status_code < 500, (text, reply.text)
        detail = reply.json()["detail"] if reply.is_error else ""
        refused = reply.status_code == 422 and re.match(f"query[.:]{name}\\b", detail) is not None
        if refused == allows_text(schema, text):
            wrong.append((text[:80], not refused, reply.status_code, detail[:200]))
    assert not wrong, "\n".join(map(str, wrong))


def allows_text(schema: dict[str, Any], text: str) -> bool:
    """Whether the document allows this text of a query, as a text or as the number or truth value that it spells."""
    read = {"true": True, "false": False}.get(text, int(text) if re.fullmatch("-?[0-9]{1,20}", text) else text)
    return allows(schema, text) or allows(schema, read)


HEADERS = {"location", "etag", "csv-form", "link", "content-disposition", "retry-after", "allow", "www-authenticate"}


def check_headers(documented: dict[str, Any], reply: httpx.Response) -> None:
    """A reply has the headers that the document promises for its status, and no other of those that mean something."""
    promised = documented.get(str(reply.status_code), documented["default"]).get("headers", {})
    named = {name.lower() for name in promised}
    sent = HEADERS & set(reply.headers)
    assert sent <= named, (reply.request.url, sent - named)
    assert sent == named or reply.is_error or "link" in named, (reply.request.url, named - sent)


def test_what_is_read_has_its_headers(api: httpx.Client, names: dict[str, str]) -> None:
    """The same for every GET, and for a method that a path does not have."""
    for path, operations in DOCUMENT["paths"].items():
        if "get" in operations:
            check_headers(operations["get"]["responses"], api.get(re.sub("{.*?}", "none", path).format(**names)))
            check_headers(
                operations["get"]["responses"],
                api.get(re.sub(r"{upload}|{job}|{report_id}", "none", path).format(**names)),
            )
    missing = api.patch("/v1/dictionaries")
    assert missing.headers["allow"] == "GET, HEAD, POST"
    check_headers(DOCUMENT["paths"]["/v1/dictionaries"]["get"]["responses"], missing)


def put_ids(value: Any, names: dict[str, str]) -> Any:
    """The value with ids of this service in place of those of the examples, and names that are still free."""
    if isinstance(value, dict):
        return {name: put_ids(each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [put_ids(each, names) for each in value]
    if value == "parts":
        return secrets.token_hex(6)
    known = {"mem_2f6c0a8d41b7e935": names["memory"], "dic_5d1e9b3a7c2f4608": names["dictionary"]}
    return known.get(value, value) if isinstance(value, str) else value
