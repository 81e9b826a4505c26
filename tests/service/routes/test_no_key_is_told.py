"""An API key is part of no message: whatever is refused, and wherever a key was put by mistake."""

import json
import re
import secrets
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from pilot import cli
from pilot.options import LaboratoryOptions, RunOptions
from service import __main__ as command_line
from service.routes.routers import ROUTES
from service.settings import Settings
from tests.running import Running, fresh_dictionary, running_service

BOOTSTRAP = "an\"operator's\\key:" + secrets.token_urlsafe(32)  # keys are not all made by the service
MADE = "fsk_" + secrets.token_urlsafe(32)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_service(tmp_path_factory.mktemp("marked") / "data", BOOTSTRAP) as running:
        yield running


def check(where: object, *texts: str) -> None:
    for text in texts:
        for key in (BOOTSTRAP, MADE):
            assert key not in text, where
            assert json.dumps(key)[1:-1] not in text, where
            assert repr(key)[1:-1] not in text, where


def every_route() -> list[tuple[str, str]]:
    routes = [(method, route.path) for route in ROUTES if isinstance(route, APIRoute) for method in route.methods or ()]
    recalls = [("POST", f"/v1/dictionaries/{{dictionary}}/recall{end}") for end in ("", ":batch")]
    return sorted([*routes, *recalls])


def requests_with(key: str) -> Iterator[dict[str, Any]]:
    """Requests that hold the key in every place of a request."""
    yield {"params": {key: key}}
    yield {"params": dict.fromkeys(("cursor", "limit", "encoding", "header", "as_of", "state", "raw", "mode"), key)}
    yield {"json": {key: key}}
    yield {"json": key}
    yield {"json": [key]}
    names = ("subject", "relation", "memory", "name", "role", "rate", "reason", "expires_at", "kind", "recipe")
    yield {"json": dict.fromkeys(names, key)}
    yield {"json": {name: {key: key} for name in names}}
    yield {"json": {"upsert": [{"subject": key, key: key}], "queries": [{"subject": key, key: key}]}}
    yield {"content": key, "headers": {"content-type": "application/json"}}
    yield {"content": f"{key},{key}\n{key},{key}\n", "headers": {"content-type": "text/csv"}}
    for name in ("content-type", "accept", "if-match", "idempotency-key", "content-encoding", "x-key"):
        yield {"content": key, "headers": {name: key}}
    for scheme in ("Basic", "Bearer x", "Bearer  "):
        yield {"headers": {"authorization": f"{scheme}{key}"}}


def test_no_refusal_and_no_log_repeats_a_key(marked: Running) -> None:
    """Every route is asked with keys in its path, query, headers and body."""
    asked = list(requests_with(f"{MADE} {BOOTSTRAP}"))
    with marked.client() as api:
        dictionary, refused = fresh_dictionary(api), 0
        for method, path in every_route():
            named = re.sub("{.*?}", "none", path.replace("{dictionary}", dictionary))
            in_path = re.sub("{.*?}", quote(f"{MADE} {BOOTSTRAP}", safe=""), path)
            gone = method == "DELETE" and path.endswith("{dictionary}")
            for url, request in [(in_path, {}), *((named, each) for each in asked if not gone)]:
                reply = api.request(method, url, **request)
                if reply.is_error:
                    refused += 1
                    check((method, path, request), reply.text, str(reply.headers))
    assert refused > 500
    check("log", marked.data.with_suffix(".log").read_text())


def test_a_wrong_key_is_not_repeated(marked: Running) -> None:
    """Neither where it is not valid, nor where the form of the sign-in page or a cookie holds it."""
    with marked.client("") as nobody:
        for wrong in (f"{MADE}x", f"{BOOTSTRAP}x"):
            replies = [
                nobody.get("/v1/dictionaries", headers={"authorization": f"Bearer {wrong}"}),
                nobody.get("/v1/dictionaries", params={"key": wrong}),
                nobody.get("/docs", headers={"cookie": f"factstore_session={wrong}"}),
                nobody.post("/sign-in", data={"key": wrong}),
            ]
            assert [reply.status_code for reply in replies] == [401] * 4
            check(wrong, *(reply.text + str(reply.headers) for reply in replies))


@pytest.mark.parametrize("key", [MADE, BOOTSTRAP], ids=["made", "chosen"])
def test_no_option_of_the_pilot_repeats_a_key(
    key: str, marked: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key in any option, and any kind of key that does not work as one: exit code 2 or 3 and no word of it."""
    facts = tmp_path / "facts.csv"
    facts.write_text("subject,relation,answer\na,r,1\n")
    named = [f"--{each.name.replace('_', '-')}" for kind in (RunOptions, LaboratoryOptions) for each in fields(kind)]
    usual = ["run", str(facts), "--out", str(tmp_path / "out")]
    lines = [[*usual, "--api-key", key, option, key] for option in named if option != "--api-key"]
    lines += [[*usual, "--api-key", key, f"{option}={key}"] for option in named if option != "--api-key"]
    lines += [[*usual, "--api-key", key, "--url", f"http://user:{key}@127.0.0.1:9"], [key], [*usual, f"--{key}"]]
    lines += [[*usual, "--url", "http://127.0.0.1:9", "--api-key", wrong] for wrong in (key, f"{key}\n x", f"é{key}")]
    lines += [[*usual, "--url", marked.url, "--api-key", f"x{key}"], [*usual, f"--api-key={key}", "--mode", "no"]]
    monkeypatch.setenv("FACTSTORE_API_KEY", key)
    for line in lines:
        monkeypatch.setattr(sys, "argv", ["pilot", *line])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert left.value.code in {2, 3}, line
        printed = capsys.readouterr()
        check(line, "".join((printed.out + printed.err).split()).replace("│", ""))


def test_no_report_repeats_a_key(
    marked: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever way the key is given, the report and its command line do without it."""
    facts = tmp_path / "facts.csv"
    facts.write_text("subject,relation,answer\n" + "".join(f"s{number},r,{number}\n" for number in range(9)))
    out, ways = tmp_path / "out", ["--api-key", BOOTSTRAP, f"--api-key={BOOTSTRAP}"]
    line = ["run", str(facts), "--url", marked.url, *ways, "--dictionary", "reported", "--probes", "5", "--no-changes"]
    line += ["--timed", "20"]
    monkeypatch.setattr(sys, "argv", ["pilot", *line, "--out", str(out)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code in {0, 1}
    printed = capsys.readouterr()
    check("report", printed.out, printed.err, *(path.read_text("utf-8") for path in out.iterdir()))


@pytest.mark.parametrize("key", [MADE, BOOTSTRAP], ids=["made", "chosen"])
def test_no_command_of_the_service_repeats_a_key(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key in an option of a command or in a setting that is not made for one is refused, unread."""
    monkeypatch.setenv("FACTSTORE_BOOTSTRAP_KEY", key)
    monkeypatch.setenv("FACTSTORE_DATA", str(tmp_path))
    lines = [
        ["serve", "--host", key], ["serve", "--port", key], ["serve", f"--data={key}"], ["serve", "--tls-cert", key],
        ["keys", "create", "--role", key], ["keys", "create", "--role", "query", "--label", key],
        ["audit", "verify", "--head", key], ["backup", "--to", key], ["restore", "--from", key], [key],
    ]  # fmt: skip
    for line in lines:
        refuse(line, monkeypatch, capsys)
    shown = [name for name in Settings.model_fields if name not in {"bootstrap_key", "database_url"}]
    for name in shown:
        with monkeypatch.context() as changed:
            changed.setenv(f"FACTSTORE_{name.upper()}", key)
            refuse(["serve"], changed, capsys)


@pytest.mark.parametrize("url", ["postgresql://u:hush@hush@h:x/d", "postgresql://u:x@h:hush/d", "hush hush", "://hush"])
def test_no_message_repeats_the_password_of_the_database(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FACTSTORE_DATABASE_URL", url)
    monkeypatch.setenv("FACTSTORE_DATA", str(tmp_path))
    assert "hush" not in refuse(["migrate"], monkeypatch, capsys)
    assert "hush" not in repr(Settings())


def refuse(line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail; returns what it printed."""
    monkeypatch.setattr(sys, "argv", ["service", *line])
    monkeypatch.setattr("service.command_line._log_as_json", lambda: None)  # it would keep this test's stderr for good
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert left.value.code, line
    printed = capsys.readouterr()
    check(line, printed.out, printed.err)
    return printed.out + printed.err
