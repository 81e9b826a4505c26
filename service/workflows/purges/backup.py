"""A backup: one archive of the database, the memories and whatever else the data folder keeps, with a manifest.

The archive is a tar file, compressed where its name says so. Its last member is `manifest.json`, which has the size and
SHA-256 of every other.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, cast

from service.errors import Unavailable, Unprocessable
from service.settings import Settings
from service.storage import Database, dictionaries, memories
from service.storage.database import DATABASE, LIVE_FILES
from service.storage.stamps import now

FORMAT = 1
MANIFEST = "manifest.json"
SECRETS = ("secrets", "bootstrap.key")
_LEFT_OUT = {"spool", "checkpoints", *LIVE_FILES}
_TRIES = 5  # a folder that a new version or a purge made needless may be gone before it is read
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup holds."""

    files: int
    bytes: int
    secrets: bool


@dataclass(slots=True)
class _Archive:
    """A tar file that records the size and hash of every member."""

    tar: tarfile.TarFile
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            hashed = _Hashed(file)
            self.tar.addfile(_member(name, size), cast("Any", hashed))
        self.files[name] = {"size": size, "sha256": hashed.digest.hexdigest()}

    def finish(self, *, secrets: bool) -> BackupSummary:
        made = {"format": FORMAT, "version": version("fact-store-pilot-kit"), "at": now().isoformat()}
        manifest = json.dumps({**made, "secrets": secrets, "files": self.files}, indent=1, sort_keys=True).encode()
        self.tar.addfile(_member(MANIFEST, len(manifest)), io.BytesIO(manifest))
        return BackupSummary(len(self.files), sum(each["size"] for each in self.files.values()), secrets)


class _Hashed:
    """A file that computes its hash while it is read."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def backup(db: Database, settings: Settings, to: Path, *, secrets: bool) -> BackupSummary:
    """Write the archive beside its place and rename it. The service may go on meanwhile: the archive holds one moment
    of it. Raises Unprocessable where `to` exists, Unavailable where the folders change faster than they are read.
    """
    if to.exists() or not to.parent.is_dir():
        raise Unprocessable(f"{to} exists, or its folder does not")
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".backup-") as folder:
            try:
                return _write_archive(db, settings, to, Path(folder), secrets=secrets)
            except FileNotFoundError:
                continue
    raise Unavailable("the data folder changes faster than it can be read: try again")


def _write_archive(db: Database, settings: Settings, to: Path, folder: Path, *, secrets: bool) -> BackupSummary:
    snapshot, draft = folder / DATABASE, folder / to.name
    db.snapshot(snapshot)
    _check_complete(snapshot, settings, secrets=secrets)
    with tarfile.open(draft, _mode(to), format=tarfile.PAX_FORMAT) as tar:
        archive = _Archive(tar)
        archive.add(DATABASE, snapshot)
        for path in _files(settings.data, secrets=secrets):
            archive.add(path.relative_to(settings.data).as_posix(), path)
        written = archive.finish(secrets=secrets)
    _check_complete(snapshot, settings, secrets=secrets)
    draft.chmod(0o600)
    draft.rename(to)
    return written


def _check_complete(snapshot: Path, settings: Settings, *, secrets: bool) -> None:
    """Raise FileNotFoundError where the data folder no longer has what this snapshot of the database needs."""
    db = Database.of_file(snapshot)
    try:
        with db.reading() as tx:
            needed = [settings.memories / memory for memory in memories.list_ids(tx)]
            needed += [settings.secrets / owner for owner in dictionaries.list_ids(tx)] if secrets else []
    finally:
        db.close()
    for path in needed:
        path.stat()


def _files(data: Path, *, secrets: bool) -> Iterator[Path]:
    """The files to back up, in order, without drafts, whose names have a leading dot."""
    left_out = _LEFT_OUT.union(() if secrets else SECRETS)
    for top in sorted(data.iterdir()):
        if top.name in left_out or top.name.startswith("."):
            continue
        found = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in found:
            drafts = any(part.startswith(".") for part in path.relative_to(data).parts)
            if not drafts and path.is_file() and not path.is_symlink():
                yield path


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(now().timestamp())
    return member


def _mode(to: Path) -> Literal["w:gz", "w"]:
    return "w:gz" if to.suffix in {".gz", ".tgz"} else "w"
