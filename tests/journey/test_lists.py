"""Every list that grows comes in pages, each item once, in the order of the whole list."""

from itertools import pairwise

import httpx
import pytest

from tests.running import fresh_dictionary, train, upload

FACTS = "subject,relation,answer\r\nP,unit,kg\r\nQ,unit,m\r\n"
# what a person sets as a whole, or makes by hand; of disagreements the newest thousand are kept
BOUNDED = {"aliases", "disagreements", "grants", "pairs", "policies"}


@pytest.fixture(scope="module")
def lists(api: httpx.Client) -> dict[str, str]:
    """Lists of at least five items each: the path, and the field of the reply."""
    dictionary = fresh_dictionary(api, FACTS)
    owner = f"/v1/dictionaries/{dictionary}"
    train(api, dictionary)
    for turn in range(5):
        api.post("/v1/keys", json={"role": "query", "label": f"till {turn}"})
        api.post("/v1/dictionaries", json={"name": f"lists-{dictionary[-6:]}-{turn}"})
        upload(api, dictionary, f"P,unit,{turn}\r\n", header="none")
    for _ in range(5):
        ordered = api.post(f"{owner}/experiments", json={"kind": "precision", "seconds": 5})
        api.delete(f"/v1/jobs/{ordered.json()['id']}")
    return {
        "/v1/keys": "keys",
        "/v1/dictionaries": "dictionaries",
        f"{owner}/uploads": "uploads",
        f"{owner}/jobs": "jobs",
        f"{owner}/experiments": "experiments",
        f"{owner}/memories": "memories",
    }


def test_pages_make_up_the_list(api: httpx.Client, lists: dict[str, str]) -> None:
    """Pages of two, followed by their cursors, are the list; no page is empty, and the last one has no cursor."""
    for path, field in lists.items():
        whole = api.get(path).json()
        assert len(whole[field]) >= 5
        assert whole["cursor"] is None
        pages = [api.get(path, params={"limit": 2}).json()]
        while cursor := pages[-1]["cursor"]:
            pages.append(api.get(path, params={"limit": 2, "cursor": cursor}).json())
        assert all(len(page[field]) == 2 for page in pages[:-1])
        assert pages[-1][field]
        assert [item for page in pages for item in page[field]] == whole[field]


def test_a_page_goes_on_where_the_last_one_ended(api: httpx.Client, lists: dict[str, str]) -> None:
    """What arrives between two pages moves nothing: newest first, it belongs before them."""
    [uploads] = [path for path, field in lists.items() if field == "uploads"]
    first = api.get(uploads, params={"limit": 2}).json()
    before = api.get(uploads).json()["uploads"]
    upload(api, uploads.split("/")[3], "P,unit,late\r\n", header="none")
    then = api.get(uploads, params={"limit": 2, "cursor": first["cursor"]}).json()
    assert first["uploads"] + then["uploads"] == before[:4]


def test_a_cursor_fits_its_own_list_alone(api: httpx.Client, lists: dict[str, str]) -> None:
    """Nor does one that was made up, whatever stands in it."""
    cursors = {path: api.get(path, params={"limit": 1}).json()["cursor"] for path in lists}
    for path, next_path in pairwise([*lists, "/v1/keys"]):
        for cursor in (cursors[path], "1", "x~0123456789abcdef", "9" * 30, "~", ""):
            assert api.get(next_path, params={"cursor": cursor}).status_code == 422
    for limit in ("0", "1001", "-1", "x", "9223372036854775808"):
        assert api.get("/v1/keys", params={"limit": limit}).status_code == 422


def test_no_list_is_without_pages(api: httpx.Client) -> None:
    """A reply whose first field is a list has a cursor beside it, in the document of the API."""
    document = api.get("/openapi.json").json()
    unpaged = set[str]()
    for operations in document["paths"].values():
        reply = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        name = reply.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        fields = document["components"]["schemas"].get(name, {}).get("properties", {})
        first = next(iter(fields), "")
        if fields.get(first, {}).get("type") == "array" and "cursor" not in fields:
            unpaged.add(first)
    assert unpaged == BOUNDED
