"""Dictionaries: made with a secret of their own, deleted with everything that was made of them."""

import shutil

from schemas.dictionaries import Dictionary, DictionaryList
from service.errors import NotFound, Unprocessable
from service.settings import Settings
from service.storage import Database, Transaction, aliases, dictionaries, jobs, memories
from service.workflows import memory_secrets

CHAMPION = "champion"


def create(db: Database, settings: Settings, name: str) -> Dictionary:
    """Raises Conflict (name_taken)."""
    if name != name.strip() or not name.isprintable():
        raise Unprocessable("a dictionary's name has no control characters and no white space at its ends")
    with db.writing() as tx:
        row = dictionaries.add(tx, name)
        memory_secrets.make(settings.secrets, row.id)
    return dictionaries.shown(row, champion=None)


def listed(db: Database) -> DictionaryList:
    with db.reading() as tx:
        return DictionaryList(dictionaries=dictionaries.listed(tx))


def find(db: Database, ref: str) -> Dictionary:
    with db.reading() as tx:
        row = found(tx, ref)
        champion = aliases.find(tx, row.number, CHAMPION)
        return dictionaries.shown(row, champion.memory if champion else None)


def delete(db: Database, settings: Settings, ref: str) -> None:
    """Facts, uploads, memories, jobs, reports, secret: without the secret no memory can be read again."""
    with db.writing() as tx:
        row = found(tx, ref)
        gone = [settings.memories / memory for memory in memories.ids(tx, row.number)]
        gone += [settings.reports / job.id for job in jobs.of_dictionary(tx, row.number)]
        dictionaries.remove(tx, row.number)
        memory_secrets.shred(settings.secrets, row.id)
    db.forget()
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)


def found(tx: Transaction, ref: str) -> dictionaries.Row:
    """The dictionary of this id or exact name; raises NotFound."""
    row = dictionaries.find(tx, ref) if "\0" not in ref else None
    if row is None:
        raise NotFound("no such dictionary")
    return row
