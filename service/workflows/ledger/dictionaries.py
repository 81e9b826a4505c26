"""Dictionaries: made with a secret of their own, and deleted with everything that was made from them."""

import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from schemas.dictionaries import Dictionary, DictionaryList
from schemas.grants import GrantPut
from service import secret_files
from service.errors import Unauthorized
from service.settings import Settings
from service.storage import (
    Database,
    Transaction,
    dictionaries,
    grants,
    idempotency,
    jobs,
    keys,
    lookup,
    memories,
)
from service.storage.dictionaries import get_dictionary
from service.workflows.access.relations import Sight, seen_names
from service.workflows.audit import Act, Auditor, Event
from service.workflows.cursors import Asked, read_page
from service.workflows.jobs import checkpoints
from service.workflows.url_names import check_url_name


def create(  # noqa: PLR0917 - what it works with, and what is wanted
    db: Database,
    settings: Settings,
    auditor: Auditor,
    name: str,
    by: str,
    idempotency_key: str | None = None,
    made_by: str | None = None,
) -> Dictionary:
    """Make a dictionary and its memory secret. made_by: the attempt of a job for which the key `by` was made; the
    dictionary is granted to that key, and goes when the attempt ends. Raises Unprocessable, Conflict (name_taken,
    idempotency_key_reused), Unauthorized where the attempt has ended.
    """
    check_url_name(name, "a dictionary")
    request = idempotency.Request.of(by, idempotency_key, f"dictionaries {name}")
    with db.writing() as tx:
        if earlier := idempotency.earlier_reply(tx, None, request):
            return Dictionary.model_validate(earlier)
        row = dictionaries.add(tx, name, made_by)
        if made_by is not None:
            key = keys.find(tx, by)
            if key is None or key.revoked_at is not None:
                raise Unauthorized("the API key is not valid")
            grants.put(tx, row.number, by, GrantPut(), by)
        secret_files.make(settings.secrets, row.id)
        made = dictionaries.to_schema(row, champion=None, holds=None)
        idempotency.keep(tx, None, request, made.model_dump(mode="json"))
        auditor.record(tx, Event(Act.DICTIONARY, by, row.id, details={"created": True}))
    return made


def list_dictionaries(db: Database, sight: Sight, asked: Asked) -> DictionaryList:
    """The dictionaries that the caller sees."""
    with db.reading() as tx:

        def read(after: int | None, limit: int) -> Iterable[tuple[int, Dictionary]]:
            return islice((each for each in dictionaries.list_all(tx, after) if sight.sees(each[1].id)), limit)

        seen, cursor = read_page(asked, ["dictionaries"], read)
        return DictionaryList(dictionaries=[_restrict(tx, each, sight) for each in seen], cursor=cursor)


def find(db: Database, ref: str, sight: Sight) -> Dictionary:
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        champion = memories.find_champion(tx, row.id)
        champion_id, holds = (champion.id, champion.ledger_version) if champion else (None, None)
        return _restrict(tx, dictionaries.to_schema(row, champion_id, holds), sight)


def delete(db: Database, settings: Settings, auditor: Auditor, ref: str, by: str) -> None:
    """Delete facts, uploads, memories, jobs, reports and the secret, without which no memory can ever be read."""
    with db.writing() as tx:
        gone = _remove(tx, settings, auditor, get_dictionary(tx, ref), by)
    discard(db, settings, gone)


@dataclass(slots=True)
class Leavings:
    """What dictionaries have beside the database and goes once they have left it: folders, and the secrets of these
    dictionaries. Before the commit nothing may go: it may fail, and a dictionary without its secret is lost.
    """

    folders: list[Path] = field(default_factory=list)
    dictionaries: list[str] = field(default_factory=list)

    def add(self, others: "Leavings") -> None:
        self.folders += others.folders
        self.dictionaries += others.dictionaries


def remove_leavings(tx: Transaction, settings: Settings, auditor: Auditor, makers: Collection[str]) -> Leavings:
    """Revoke the keys and delete the dictionaries that these attempts, or any attempt of these jobs, made for
    themselves. Returns what to `discard` after the commit.
    """
    keys.revoke_made_by(tx, makers)
    gone = Leavings()
    for row in dictionaries.list_made_by(tx, makers):
        gone.add(_remove(tx, settings, auditor, row, row.made_by or ""))
    return gone


def clear_leavings(db: Database, settings: Settings, auditor: Auditor, makers: Collection[str]) -> None:
    """The same in a commit of its own, with the folders."""
    if makers:
        with db.writing() as tx:
            gone = remove_leavings(tx, settings, auditor, makers)
        discard(db, settings, gone)


def discard(db: Database, settings: Settings, gone: Leavings) -> None:
    """Delete what belonged to dictionaries that have left the database, whose journal still repeats them until it is
    emptied here.
    """
    if gone.dictionaries:
        secret_files.shred(settings.secrets, gone.dictionaries)
        db.forget()
    for folder in gone.folders:
        shutil.rmtree(folder, ignore_errors=True)


def _remove(tx: Transaction, settings: Settings, auditor: Auditor, row: dictionaries.Row, by: str) -> Leavings:
    """Remove all that the database has of a dictionary; returns what else it has."""
    ordered = jobs.list_ids(tx, row.number)
    gone = remove_leavings(tx, settings, auditor, ordered)
    gone.dictionaries.append(row.id)
    gone.folders += [settings.memories / memory for memory in memories.list_ids(tx, row.number)]
    gone.folders += [settings.reports / job for job in ordered]
    gone.folders += [checkpoints.folder_of(settings, job) for job in ordered]
    dictionaries.remove(tx, row.number)
    auditor.drop_all_salts(tx, row.id)
    auditor.record(tx, Event(Act.DICTIONARY, by, row.id, details={"deleted": True}))
    return gone


def _restrict(tx: Transaction, dictionary: Dictionary, sight: Sight) -> Dictionary:
    """The dictionary with the sizes of the part that the caller sees."""
    relations = sight.relations(dictionary.id)
    if relations is None:
        return dictionary
    number = get_dictionary(tx, dictionary.id).number
    names = seen_names(tx, number, relations)
    pairs, facts = lookup.count_sizes(tx, number, dictionary.ledger_version, names)
    return dictionary.model_copy(update={"pairs": pairs, "facts": facts})
