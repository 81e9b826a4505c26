"""A database and a data folder that belong together bear the same mark, so that neither is used with another.

A folder beside a database that does not know it would be emptied: what no row names is swept. The mark stands in the
database, in the data folder, and in its secrets, which are kept apart from backups.
"""

import os
from pathlib import Path

from service.errors import Unprocessable
from service.secret_files import flush_folder
from service.settings import Settings
from service.storage import Database, dictionaries, identity
from service.storage.stamps import new_id

FILE = "identity"
_ADVICE = (
    "set FACTSTORE_DATA and FACTSTORE_DATABASE_URL to what belongs together, or restore a backup; "
    "an installation from scratch takes an empty folder and an empty database"
)


def check_identity(db: Database, settings: Settings) -> None:
    """Mark a database and a folder that have no mark yet and hold nothing, or what the other one knows. Raises
    Unprocessable, which names both, where they do not belong together.
    """
    folders = (settings.data, settings.secrets)
    marks = {folder: mark for folder in folders if (mark := _read(folder)) is not None}
    with db.reading() as tx:
        own, known = identity.find(tx), set(dictionaries.list_ids(tx))
    if any(mark != own for mark in marks.values()):
        folder, mark = next((folder, mark) for folder, mark in marks.items() if mark != own)
        belongs = f"to the database marked {mark}, and {db.name} is {f'marked {own}' if own else 'new'}"
        raise Unprocessable(f"{folder} belongs {belongs}: {_ADVICE}")
    if len(marks) < len(folders):
        _check_contents(db, settings, known)
        if own is None:
            own = new_id("fst")
            with db.writing() as tx:
                identity.add(tx, own)
        for folder in folders:
            if folder not in marks:
                _write(folder, own)


def is_marked(db: Database, settings: Settings) -> bool:
    """Whether the database and the folder bear the same mark."""
    with db.reading() as tx:
        own = identity.find(tx)
    return own is not None and own == _read(settings.data)


def _check_contents(db: Database, settings: Settings, known: set[str]) -> None:
    """Compare what a folder without a mark holds with what the database knows. Raises Unprocessable where they share
    nothing. What a kill left behind is unknown as well, and no reason.
    """
    held = {file.name for file in settings.secrets.glob("dic_*") if not file.suffix}
    if held and not held & known:
        what = f"holds {len(held)} dictionaries of which {db.name} knows none"
    elif known and not held and not any(settings.memories.iterdir()):
        what = f"is empty, and {db.name} holds {len(known)} dictionaries of another folder"
    else:
        return
    raise Unprocessable(f"{settings.data} {what}: {_ADVICE}")


def _read(folder: Path) -> str | None:
    try:
        return (folder / FILE).read_text("utf-8").strip()
    except FileNotFoundError:
        return None


def _write(folder: Path, mark: str) -> None:
    draft = folder / f".{FILE}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{mark}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / FILE)
    flush_folder(folder)
