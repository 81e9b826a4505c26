"""The settings of the service: every field can be set by an environment variable with the prefix FACTSTORE_."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.keys import SHORTEST_KEY, Rate

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(BaseSettings):
    """The settings, read from the environment. Sizes are in bytes, times in seconds where no unit is named."""

    model_config = SettingsConfigDict(
        env_prefix="FACTSTORE_", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    data: Path = Path("data")
    database_url: str | None = Field(default=None, repr=False)
    bootstrap_key: SecretStr | None = Field(default=None, min_length=SHORTEST_KEY)
    device: Literal["auto", "cpu", "cuda"] = "auto"

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    public_url: str | None = None

    max_upload_bytes: int = Field(default=512 * 2**20, ge=1)
    max_body_bytes: int = Field(default=8 * 2**20, ge=1)
    uploads_at_once: int = Field(default=2, ge=1)
    uploads_waiting: int = Field(default=16, ge=0)
    lease_seconds: float = Field(default=30.0, gt=0)
    max_attempts: int = Field(default=5, ge=1)
    min_free_bytes: int = Field(default=256 * 2**20, ge=0)
    keep_memories: int = Field(default=100, ge=1)
    worker_rest_seconds: float = Field(default=60.0, ge=0)
    scrub_hours: float = Field(default=24.0, gt=0)
    review_max_error: float = Field(default=0.01, ge=0, le=1)
    review_min_sample: int = Field(default=100, ge=1)
    keep_unknowns: bool = False
    audit_recalls: Literal["off", "sampled", "all"] = "sampled"
    audit_keep_days: float | None = Field(default=None, gt=0)
    gate: Path | None = None

    rate: Rate = "unlimited"
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_jwks: str | None = None
    oidc_role_claim: str = "roles"
    oidc_roles: dict[str, str] = Field(default={})

    @field_validator("bootstrap_key", mode="before")
    @classmethod
    def _strip_key(cls, key: object) -> object:
        """A key that is read from a file often ends in a line break."""
        return key.strip() if isinstance(key, str) else key

    @field_validator("bootstrap_key")
    @classmethod
    def _check_key(cls, key: SecretStr | None) -> SecretStr | None:
        """Check that an Authorization header can carry the key."""
        if key is not None and not re.fullmatch("[!-~]+", key.get_secret_value()):
            raise ValueError("the key must be printable ASCII without white space, or no header could carry it")
        return key

    @model_validator(mode="after")
    def _check_provider(self) -> Self:
        """Check that an identity provider is described in full and its keys do not travel unencrypted."""
        pinned = (self.oidc_issuer, self.oidc_audience, self.oidc_jwks, self.oidc_roles)
        if any(pinned) and not all(pinned):
            raise ValueError("oidc_issuer, oidc_audience, oidc_jwks and oidc_roles must be set together or not at all")
        address = urlsplit(self.oidc_jwks or "")
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ValueError("oidc_jwks must be a file or an https address")
        return self

    @model_validator(mode="after")
    def _check_encryption(self) -> Self:
        """Check that API keys do not cross a network unencrypted."""
        encrypted = self.tls_cert is not None and self.tls_key is not None
        if self.host not in LOOPBACK and not encrypted and not self.behind_proxy:
            raise ValueError(f"host {self.host} is not loopback: give TLS files (tls_cert, tls_key) or --behind-proxy")
        return self

    @property
    def database(self) -> str:
        """The database's URL; an SQLite file under `data` where none is set."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'factstore.db'}"

    @property
    def memories(self) -> Path:
        return self.data / "memories"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def reports(self) -> Path:
        return self.data / "reports"

    @property
    def rates(self) -> Path:
        """The SQLite file that counts how much of their rates keys have used."""
        return self.data / "rates.db"

    @property
    def tombstones(self) -> Path:
        """The file of what was purged, named by commitments alone; a restore never overwrites it."""
        return self.data / "tombstones"

    @property
    def spool(self) -> Path:
        return self.data / "spool"

    @property
    def checkpoints(self) -> Path:
        """The folder of what jobs keep between their attempts."""
        return self.data / "checkpoints"

    def environment(self) -> dict[str, str]:
        """The settings as environment variables for a process that the service starts, without the bootstrap key."""
        values = self.model_dump(mode="json", exclude={"bootstrap_key"}, exclude_none=True)
        written = {name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in values.items()}
        return {f"FACTSTORE_{name.upper()}": value for name, value in written.items()}

    def make_folders(self) -> None:
        """Make `data` and its folders where they are missing, readable by their owner alone: those too that were there
        before, such as a volume, with the files in `data`.
        """
        for folder in (self.data, self.memories, self.secrets, self.reports, self.spool, self.checkpoints):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _close_to_others(folder, 0o700)
        for file in self.data.iterdir():
            if file.is_file() and not file.is_symlink():
                _close_to_others(file, 0o600)


def _close_to_others(path: Path, mode: int) -> None:
    """Take from everybody but the owner what they may do with it; of somebody else's, the owner decides."""
    with suppress(PermissionError, FileNotFoundError):
        if path.stat().st_mode & 0o077:
            path.chmod(mode)
