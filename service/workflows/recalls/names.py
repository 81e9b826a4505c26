"""The other names of a dictionary: set, looked at, taken away, and handed to whoever serves its memories."""

from collections.abc import Iterable, Sequence

from schemas.names import NameAlias, Names, NamesPut
from schemas.problems import Code
from service.errors import Conflict, Unprocessable
from service.facts import fold, is_blank
from service.settings import Settings
from service.storage import Database, Transaction, dictionaries, lookup, names, policies
from service.storage.dictionaries import found
from service.workflows import etags
from service.workflows.active_policies import active
from service.workflows.audit import Act, Auditor, Event
from service.workflows.recalls.naming import Naming
from service.workflows.recalls.templates import Template


def find(db: Database, ref: str) -> Names:
    with db.reading() as tx:
        return names.current(tx, found(tx, ref).number)


def put(db: Database, auditor: Auditor, ref: str, wanted: NamesPut, *, by: str, if_match: str | None) -> Names:
    """Set all other names of the dictionary. Raises Unprocessable, with the place of the alias that cannot be one."""
    for template in wanted.templates:
        Template.of(template)
    with db.writing() as tx:
        row = dictionaries.locked(tx, found(tx, ref).number) or found(tx, ref)
        etags.check(if_match, names.version(tx, row.number), "the set of names")
        _refuse_subjects_in_clear(tx, row.number, wanted.aliases)
        _refuse_unclear(wanted.aliases, *lookup.names(tx, row.number, row.ledger_version, None))
        return _replace(tx, auditor, row, wanted, by)


def remove(db: Database, auditor: Auditor, ref: str, *, by: str) -> None:
    with db.writing() as tx:
        _replace(tx, auditor, found(tx, ref), NamesPut(), by)
    db.forget()


def _replace(tx: Transaction, auditor: Auditor, row: dictionaries.Row, wanted: NamesPut, by: str) -> Names:
    """Put them in place of all earlier ones. They change what is answered, so the audit has an entry of it."""
    names.put(tx, row.number, wanted, by)
    current = names.current(tx, row.number)
    details = {"version": current.version, "aliases": len(wanted.aliases), "templates": len(wanted.templates)}
    auditor.record(tx, Event(Act.NAMES, by, row.id, details=details))
    return current


def versions(db: Database, dictionary: str) -> tuple[int, int]:
    """Of the names and of the policies: what is served by them is made anew when one of them moves."""
    with db.reading() as tx:
        row = dictionaries.find(tx, dictionary)
        return (0, 0) if row is None else (names.version(tx, row.number), policies.version(tx, row.number))


def naming(db: Database, settings: Settings, dictionary: str) -> Naming | None:
    """How the memories of this dictionary (its id) are asked; None where they are asked as they are taught."""
    with db.reading() as tx:
        return naming_of(tx, settings, found(tx, dictionary))


def naming_of(tx: Transaction, settings: Settings, row: dictionaries.Row) -> Naming | None:
    current = active(tx, settings.secrets, row)
    pseudonym = current.rules.subject if current.rules is not None and current.rules.subjects else None
    return Naming.of(names.current(tx, row.number), pseudonym, current.version)


def _refuse_subjects_in_clear(tx: Transaction, dictionary: int, aliases: Sequence[NameAlias]) -> None:
    hidden = policies.current(tx, dictionary).subjects == "pseudonymise"
    if hidden and any(alias.kind == "subject" for alias in aliases):
        raise Conflict("subjects are pseudonymised here: an alias would keep a name", code=Code.NAMES_IN_CLEAR)


def _refuse_unclear(aliases: Sequence[NameAlias], subjects: Sequence[str], relations: Sequence[str]) -> None:
    """An alias leads to one name, whichever way it is spelled, and is no taught name itself."""
    taught = {"subject": _folded(subjects), "relation": _folded(relations)}
    taken: set[tuple[str, str]] = set()
    for index, alias in enumerate(aliases):
        folded = fold(alias.alias)
        if not folded or is_blank(alias.name):
            raise Unprocessable(f"aliases[{index}]: the alias or the name is blank", index=index)
        if folded in taught[alias.kind]:
            raise Unprocessable(f"aliases[{index}]: a taught {alias.kind} is spelled like this alias", index=index)
        if (alias.kind, folded) in taken:
            raise Unprocessable(f"aliases[{index}]: another alias is spelled like this one", index=index)
        taken.add((alias.kind, folded))


def _folded(taught: Iterable[str]) -> set[str]:
    return set(map(fold, taught))
