"""Settings are checked, and handed on to processes that the service starts."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings
from tests.running import fresh_dictionary, running_service, train


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_keys_never_cross_a_network_in_the_clear(host: str) -> None:
    """A host that is not loopback needs TLS files or a proxy in front."""
    with pytest.raises(ValidationError, match="behind-proxy"):
        Settings(host=host)
    assert Settings(host=host, behind_proxy=True).host == host


def test_a_short_bootstrap_key_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bootstrap key of fewer than 32 characters is refused; the error does not repeat the key."""
    monkeypatch.setenv("FACTSTORE_BOOTSTRAP_KEY", "short-secret")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "short-secret" not in str(refused.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\t\u3000"])
def test_a_bootstrap_key_is_read_without_white_space(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """A key that was read from a file, line break and all, is the key."""
    monkeypatch.setenv("FACTSTORE_BOOTSTRAP_KEY", f"{'k' * 32}{end}")
    key = Settings().bootstrap_key
    assert key is not None
    assert key.get_secret_value() == "k" * 32


@pytest.mark.parametrize("inside", ["\n", " ", "é", "鍵", "\x7f"])
def test_a_key_that_no_header_carries_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    """The service would start and could never be asked; the error does not repeat the key."""
    monkeypatch.setenv("FACTSTORE_BOOTSTRAP_KEY", f"{'k' * 32}{inside}{'m' * 32}")
    with pytest.raises(ValidationError, match="printable ASCII") as refused:
        Settings()
    assert "mmm" not in str(refused.value)


def test_a_process_of_our_own_finds_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of `environment` give the same settings, except for the bootstrap key, which is not handed on."""
    settings = Settings(bootstrap_key="k" * 32, lease_seconds=7, device="cpu", public_url="http://127.0.0.1:1")  # type: ignore[arg-type]
    environment = settings.environment()
    assert not any("k" * 32 in value for value in environment.values())
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings.model_copy(update={"bootstrap_key": None})


def test_nobody_else_reads_a_folder_that_was_there_before(tmp_path: Path) -> None:
    """A volume, or files of an earlier version: modes are set whatever they were and whatever the umask is."""
    data = tmp_path / "volume"
    data.mkdir(mode=0o755)
    (data / "secrets").mkdir(mode=0o777)
    before = os.umask(0)
    try:
        for name in ("factstore.db", "factstore.db-wal", "rates.db"):
            (data / name).touch(0o666)
        Settings(data=data).make_folders()
    finally:
        os.umask(before)
    assert [path for path in (data, *data.rglob("*")) if path.stat().st_mode & 0o077] == []


def test_a_service_makes_no_file_that_others_may_read(tmp_path: Path) -> None:
    """Under the umask of most shells."""
    before = os.umask(0o022)
    try:
        with running_service(tmp_path / "data") as running, running.client() as api:
            train(api, fresh_dictionary(api, "subject,relation,answer\na,r,1\n"))
            open_to_all = [path for path in (tmp_path / "data").rglob("*") if path.stat().st_mode & 0o077]
    finally:
        os.umask(before)
    assert open_to_all == []
