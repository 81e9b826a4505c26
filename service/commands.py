"""The commands beside `serve`: work, migrate, keys, audit, backup, restore."""

import csv
import secrets
import socket
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError

from schemas.audit import AuditHead
from schemas.base import Request
from schemas.grants import GrantPut
from schemas.keys import KeyCreate, Role
from service.command_line import Data, exit_on_error, leave, print_message, read_settings
from service.settings import Settings
from service.storage import Database
from service.storage.migrate import open_database
from service.worker import work as run_worker
from service.workflows.access import grants
from service.workflows.audit import Auditor, verify
from service.workflows.identity import check_identity
from service.workflows.purges.backup import backup
from service.workflows.purges.restore import open_to_serve, restore

app = typer.Typer()
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
_Shape = TypeVar("_Shape", bound=Request)

keys_app = typer.Typer(no_args_is_help=True)
audit_app = typer.Typer(no_args_is_help=True)
app.add_typer(keys_app, name="keys", help="API keys")
app.add_typer(audit_app, name="audit", help="the audit chain")


@app.command()
def work(
    data: Data = None,
    name: Annotated[str | None, typer.Option(help="of this worker; no other may have it")] = None,
    bell: Annotated[int | None, typer.Option(hidden=True, help="the pipe by which serve wakes it")] = None,
) -> None:
    """Run a worker alone, until SIGTERM or Ctrl-C."""
    settings = read_settings(data=data)
    with exit_on_error():
        open_to_serve(settings).close()
    run_worker(settings, name or f"{socket.gethostname()}:{secrets.token_hex(4)}", bell=bell)
    leave(0)


@app.command()
def migrate(data: Data = None) -> None:
    """Migrate the database to the newest schema. Every start does so by itself."""
    _open(read_settings(data=data)).close()


@app.command("backup")
def make_backup(
    to: Annotated[Path, typer.Option(help="a new archive: FILE.tar, or FILE.tar.gz to compress it")],
    data: Data = None,
    without_secrets: Annotated[bool, typer.Option(help="leave out the secrets and the bootstrap key")] = False,
) -> None:
    """Write database, memories, reports and tombstones to one archive; the service may keep running."""
    settings = read_settings(data=data)
    if not settings.data.is_dir():
        raise typer.BadParameter(f"{settings.data} is not a data folder")
    db = _open(settings)
    with exit_on_error():
        written = backup(db, settings, to, secrets=not without_secrets)
    db.close()
    print_message(f"{to}: {written.files} files, {written.bytes} bytes")
    if written.secrets:
        print_message("the archive holds the facts and the memories' secrets: keep it as you keep the data folder")
    else:
        print_message("the archive holds no secrets: without secrets/ of the data folder its memories cannot be read")


@app.command("restore")
def restore_backup(
    archive: Annotated[Path, typer.Option("--from", help="an archive that backup wrote")],
    data: Data = None,
    tombstones: Annotated[
        Path | None, typer.Option(help="a newer copy of the tombstones, besides the folder's")
    ] = None,
    force: Annotated[bool, typer.Option(help="replace what is in the folder")] = False,
) -> None:
    """Replace the data folder of a stopped service by a backup; what was purged since is purged again."""
    with exit_on_error():
        done = restore(archive, read_settings(data=data), tombstones=tombstones, force=force)
    print_message(f"{done.files} files restored, {done.purged} of {done.tombstones} purges done again")
    if not done.secrets:
        print_message("the archive held no secrets: put the secrets folder back before you start the service")
    if not done.tombstones:
        print_message("no tombstones were found: facts purged after the backup was taken are back (see --tombstones)")


@keys_app.command("create")
def create_key(  # noqa: PLR0917 - typer reads the options from the parameters
    role: Annotated[Role, typer.Option()],
    label: Annotated[str, typer.Option(help="at most 200 characters, to tell keys apart")] = "",
    scoped: Annotated[bool, typer.Option("--scoped", help="it reaches only what is granted to it")] = False,
    dictionary: Annotated[str | None, typer.Option(help="grant this dictionary to it (id or name)")] = None,
    relations: Annotated[str | None, typer.Option(metavar="A,B", help="of --dictionary: these and no others")] = None,
    denied: Annotated[str | None, typer.Option(metavar="A,B", help="of --dictionary: all but these")] = None,
    rate: Annotated[str | None, typer.Option(help="such as 1000/minute or 5/second;1000/hour")] = None,
    expires: Annotated[datetime | None, typer.Option(help="in UTC", formats=_MOMENTS)] = None,
    data: Data = None,
) -> None:
    """Make an API key, with a grant where a dictionary is named, and print it. It cannot be shown again."""
    if dictionary is None and (relations or denied) is not None:
        raise typer.BadParameter("--relations and --denied need --dictionary")
    wanted = _checked(KeyCreate, role=role, label=label, scoped=scoped, rate=rate, expires_at=expires)
    grant = _checked(GrantPut, relations=_split_names(relations), denied=_split_names(denied))
    settings = read_settings(data=data)
    db = _open(settings)
    with exit_on_error(), closing(db):
        made = grants.create_key(db, Auditor(db, settings), wanted, dictionary, grant, by="command line")
    print(made.key)  # noqa: T201


def _checked(shape: type[_Shape], **fields: object) -> _Shape:
    """What a caller of the API would send. Raises typer.BadParameter, which names the field and no value."""
    try:
        return shape(**{name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{' '.join(map(str, each['loc'][:1]))}: {each['msg']}" for each in error.errors())
        raise typer.BadParameter(problems) from None


def _split_names(option: str | None) -> list[str] | None:
    """The names of an option, parted by commas; in double quotes a name may contain one."""
    return None if option is None else next(csv.reader([option]), [])


@audit_app.command("verify")
def verify_audit(
    head: Annotated[str | None, typer.Option(help="a head that was exported earlier: a file, or its JSON")] = None,
    data: Data = None,
) -> None:
    """Verify the whole audit chain: exit code 0 if it holds, 1 if an entry was altered or is missing."""
    exported = None if head is None else _exported_head(head)
    settings = read_settings(data=data)
    db = _open(settings)
    chain = Auditor(db, settings).chain
    with db.reading() as tx:
        verdict = verify.verify(tx, chain, exported)
    db.close()
    print(verify.describe(verdict))  # noqa: T201
    raise typer.Exit(0 if verdict.valid else 1)


def _open(settings: Settings) -> Database:
    """The database of the data folder; exits with code 1 where it cannot be opened."""
    with exit_on_error():
        db = open_database(settings)
        check_identity(db, settings)
        return db


def _exported_head(head: str) -> AuditHead:
    """The head that `head` names a file of, or holds as JSON. Raises typer.BadParameter."""
    try:
        return AuditHead.model_validate_json(head if head.lstrip().startswith("{") else Path(head).read_text("utf-8"))
    except (OSError, ValueError):
        raise typer.BadParameter("--head is not an exported head of an audit chain: give a file, or its JSON") from None
