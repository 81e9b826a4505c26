"""A restore: an archive is unpacked beside what is there, checked, migrated and purged again, and only then put in
place. What was purged after the backup was taken stays purged: tombstones are never overwritten.

A data folder in use is not replaced: every service process holds a shared lock on it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from service.errors import Unprocessable
from service.settings import Settings
from service.storage import Database
from service.storage.database import DATABASE
from service.storage.migrate import open_database, upgrade
from service.workflows.identity import check_identity
from service.workflows.purges import tombstone_file
from service.workflows.purges.backup import FORMAT, MANIFEST, SECRETS
from service.workflows.purges.replay import replay, replay_all
from service.workflows.purges.tombstone_file import Tombstone, merge

STAGING = ".restoring"  # within the data folder; while it is there, no service starts
_TOMBSTONES = "tombstones"
_CHUNK = 1 << 20
_NO_FILE = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)  # names that exclude each other


@dataclass(frozen=True, slots=True)
class RestoreSummary:
    """`purged` counts the purges that were done again; `waiting` those that wait for secrets to be brought back."""

    files: int
    secrets: bool
    tombstones: int
    purged: int
    waiting: int


def restore(archive: Path, settings: Settings, *, tombstones: Path | None, force: bool) -> RestoreSummary:
    """Put the archive in place of the data folder. Raises Unprocessable for a folder whose service is running, or that
    is not empty, unless `force`, and for an archive that is not whole; until it is known to be, nothing is replaced.
    """
    if settings.database_url is not None:
        raise Unprocessable("a backup is restored to a data folder: unset FACTSTORE_DATABASE_URL")
    if not force and any(_list_replaced(settings.data)):
        raise Unprocessable(f"{settings.data} is not empty: use --force to replace it")
    buried = merge(*_read_tombstones(settings, tombstones))
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclude_services(settings.data):
        return _restore(archive, settings, buried)


def _restore(archive: Path, settings: Settings, buried: list[Tombstone]) -> RestoreSummary:
    staging = settings.data / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    try:
        manifest = _check_archive(staging, _unpack(archive, staging))
        buried = merge(buried, tombstone_file.read(staging / _TOMBSTONES))
        purged, waiting = _bring_up(settings, staging, buried, secrets=manifest["secrets"])
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    _put_in_place(settings.data, staging, secrets=manifest["secrets"])
    return RestoreSummary(len(manifest["files"]), manifest["secrets"], len(buried), purged, waiting)


def _list_replaced(data: Path, *, secrets: bool = True) -> Iterator[Path]:
    """What a restore replaces: all that is or contains a file, except tombstones, and secrets where it has none."""
    kept = {_TOMBSTONES, STAGING, *(() if secrets else SECRETS)}
    for path in sorted(data.iterdir()) if data.exists() else ():
        if path.name not in kept and (path.is_file() or any(each.is_file() for each in path.rglob("*"))):
            yield path


def _read_tombstones(settings: Settings, tombstones: Path | None) -> Iterator[list[Tombstone]]:
    yield tombstone_file.read(settings.tombstones)
    if tombstones is not None:
        if not tombstones.exists():
            raise Unprocessable(f"{tombstones} does not exist")
        yield tombstone_file.read(tombstones)


def _unpack(archive: Path, staging: Path) -> dict[str, str]:
    """Write every member to `staging` and return the SHA-256 of each. Raises Unprocessable unless all members are files
    with plain relative names.
    """
    hashes: dict[str, str] = {}
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                name = _safe(member)
                if name in hashes:
                    raise Unprocessable("the archive has two files of one name")
                hashes[name] = _write(tar, member, staging / name)
    except (tarfile.TarError, EOFError, zlib.error, *_NO_FILE) as error:
        raise Unprocessable("the archive cannot be read") from error
    return hashes


def _safe(member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    plain = all(part and not part.startswith(".") and "\\" not in part and "\0" not in part for part in path.parts)
    if not member.isreg() or path.is_absolute() or not path.parts or not plain or str(path) != member.name:
        raise Unprocessable("the archive has a member that is not a plain file of a backup")
    return member.name


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, to: Path) -> str:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, source = hashlib.sha256(), tar.extractfile(member)
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        while source is not None and (chunk := source.read(_CHUNK)):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _check_archive(staging: Path, hashes: dict[str, str]) -> dict[str, Any]:
    """The manifest, which names every other file with its hash. Raises Unprocessable."""
    hashes.pop(MANIFEST, None)
    try:
        manifest: dict[str, Any] = json.loads((staging / MANIFEST).read_bytes())
        expected = {name: file["sha256"] for name, file in manifest["files"].items()}
        known = manifest["format"] == FORMAT and isinstance(manifest["secrets"], bool)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unprocessable("the archive has no readable manifest") from error
    if not known:
        raise Unprocessable(f"this version restores backups of format {FORMAT}")
    if hashes != expected or DATABASE not in expected:
        raise Unprocessable("the archive's files are not those of its manifest")
    (staging / MANIFEST).unlink()
    return manifest


def _bring_up(settings: Settings, staging: Path, buried: list[Tombstone], *, secrets: bool) -> tuple[int, int]:
    """Migrate the database and repeat purges; a backup without secrets is tried with those of the data folder."""
    if not secrets and settings.secrets.exists():
        shutil.copytree(settings.secrets, staging / "secrets")
    tombstone_file.write(staging / _TOMBSTONES, buried)
    staged = settings.model_copy(update={"data": staging})
    staged.make_folders()
    db = Database(staged.database)
    try:
        upgrade(db)
        return replay(db, staged)
    finally:
        db.close()


def _put_in_place(data: Path, staging: Path, *, secrets: bool) -> None:
    """Move the files into place: tombstones first, so that a kill loses none, and the staging folder last."""
    (staging / _TOMBSTONES).replace(data / _TOMBSTONES)
    for path in _list_replaced(data, secrets=secrets):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in sorted(staging.iterdir()):
        if secrets or path.name not in SECRETS:
            if (data / path.name).is_dir():
                shutil.rmtree(data / path.name)
            path.replace(data / path.name)
    shutil.rmtree(staging)


def open_to_serve(settings: Settings) -> Database:
    """Open the database of a data folder for a service or a worker, which holds the folder for as long as it lives.

    What was purged after the database was backed up is purged again first. Raises Unprocessable where a restore is
    under way or was interrupted, or the database is that of another folder, and Unavailable where a purge has to wait
    for the secret of its dictionary.
    """
    settings.make_folders()
    occupy(settings.data)
    check_complete(settings)
    db = open_database(settings)
    check_identity(db, settings)
    replay_all(db, settings)
    return db


def check_complete(settings: Settings) -> None:
    """Raise Unprocessable where a restore was interrupted."""
    if (settings.data / STAGING).exists():
        raise Unprocessable("a restore into this data folder was interrupted: run it again with --force")


def occupy(data: Path) -> None:
    """Hold the folder for as long as this process lives. Raises Unprocessable while a restore replaces it."""
    _lock(data, fcntl.LOCK_SH, "a restore into this data folder is under way")


@contextmanager
def exclude_services(data: Path) -> Iterator[None]:
    """Keep services from using the folder inside the block. Raises Unprocessable where one runs."""
    handle = _lock(data, fcntl.LOCK_EX, f"a service is running on {data}: stop it first")
    try:
        yield
    finally:
        os.close(handle)


def _lock(data: Path, kind: int, refusal: str) -> int:
    handle = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Unprocessable(refusal) from None
    return handle
