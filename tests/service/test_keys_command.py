"""`python -m service keys create`: keys with the same limits, and by the same checks, as those made over HTTP."""

import csv
import io
import sys
from collections.abc import Callable

import httpx
import pytest

from service import __main__ as command_line
from tests.journey.test_access import wait_until_known
from tests.running import Running, fresh_dictionary

Create = Callable[..., tuple[object, str, str]]
FACTS = 'subject,relation,answer\na,lead time,4 days\na,"width, in mm",24\na,e-mail,x@y.example\n'


@pytest.fixture
def create(service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Create:
    """Run the command on the data folder of the running service: its exit code and what it printed."""

    def run(*options: str) -> tuple[object, str, str]:
        line = ["service", "keys", "create", "--data", str(service.data), *options]
        monkeypatch.setattr(sys, "argv", line)
        monkeypatch.setattr(
            "service.command_line._log_as_json", lambda: None
        )  # it would keep this test's stderr for good
        with pytest.raises(SystemExit) as left:
            command_line.main()
        printed = capsys.readouterr()
        return left.value.code, printed.out.strip(), printed.err

    return run


def relations(caller: httpx.Client, dictionary: str) -> set[str]:
    text = caller.get(f"/v1/dictionaries/{dictionary}/export").text
    return {row[1] for row in csv.reader(io.StringIO(text, newline=""))} - {"relation"}


def test_a_key_is_made_with_its_limits(service: Running, api: httpx.Client, create: Create) -> None:
    """Rate, end and label are what the options say."""
    code, key, _ = create(
        "--role", "query", "--label", "till 3", "--rate", "5/second;60/hour", "--expires", "2099-01-02"
    )
    assert code == 0
    made = next(each for each in api.get("/v1/keys").json()["keys"] if key.startswith(each["prefix"]))
    assert (made["role"], made["label"], made["rate"], made["scoped"]) == ("query", "till 3", "5/second;60/hour", False)
    assert made["expires_at"] == "2099-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ([], {"lead time", "width, in mm", "e-mail"}),
        (["--relations", 'lead time,"width, in mm"'], {"lead time", "width, in mm"}),
        (["--denied", "e-mail"], {"lead time", "width, in mm"}),
    ],
)
def test_a_key_reaches_what_is_granted_to_it(
    service: Running, api: httpx.Client, create: Create, options: list[str], seen: set[str]
) -> None:
    """With --dictionary it reaches that one, with the relations named; with --scoped alone nothing until a grant."""
    dictionary, other = fresh_dictionary(api, FACTS), fresh_dictionary(api, FACTS)
    _, key, _ = create("--role", "ingest", "--dictionary", dictionary, *options)
    with service.client(key) as caller:
        wait_until_known(caller, dictionary)
        assert relations(caller, dictionary) == seen
        assert caller.get(f"/v1/dictionaries/{other}").status_code == 404
    _, scoped, _ = create("--role", "ingest", "--scoped")
    with service.client(scoped) as caller:
        wait_until_known(caller)
        assert caller.get("/v1/dictionaries").json()["dictionaries"] == []


@pytest.mark.parametrize(
    "options",
    [
        ["--rate", "0/minute"],
        ["--rate", "often"],
        ["--expires", "2020-01-01"],
        ["--expires", "tomorrow"],
        ["--label", "x" * 201],
        ["--relations", "a"],
        ["--dictionary", "no such"],
        ["--dictionary", "no such", "--relations", "a", "--denied", "b"],
        ["--dictionary", "no such", "--relations", ","],
    ],
)
def test_what_the_api_refuses_is_refused(api: httpx.Client, create: Create, options: list[str]) -> None:
    """The exit code is not 0, no key is printed, and none is made."""
    before = len(api.get("/v1/keys").json()["keys"])
    code, key, reason = create("--role", "query", *options)
    assert (code in {1, 2}, key) == (True, "")
    assert "Traceback" not in reason
    assert len(api.get("/v1/keys").json()["keys"]) == before
