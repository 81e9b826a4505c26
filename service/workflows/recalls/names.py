"""The other names of a dictionary: set, read, deleted, and applied where its memories are served."""

from collections.abc import Iterable, Sequence

from schemas.names import NameAlias, Names, NamesPut
from schemas.problems import Code
from service.errors import Conflict, Unprocessable
from service.facts import fold, is_blank
from service.settings import Settings
from service.storage import Database, Transaction, dictionaries, lookup, names, policies
from service.storage.dictionaries import get_dictionary
from service.workflows import etags
from service.workflows.active_policies import get_active
from service.workflows.audit import Act, Auditor, Event
from service.workflows.recalls.naming import Naming, Template


def find(db: Database, ref: str) -> Names:
    with db.reading() as tx:
        return names.read_current(tx, get_dictionary(tx, ref).number)


def put(db: Database, auditor: Auditor, ref: str, wanted: NamesPut, *, by: str, if_match: str | None) -> Names:
    """Set all other names of the dictionary. Raises Unprocessable, with the place of the alias that cannot be one."""
    for template in wanted.templates:
        Template.of(template)
    with db.writing() as tx:
        row = dictionaries.lock(tx, get_dictionary(tx, ref).number) or get_dictionary(tx, ref)
        etags.check(if_match, names.read_version(tx, row.number), "the set of names")
        _refuse_subjects_in_clear(tx, row.number, wanted.aliases)
        _refuse_unclear(wanted.aliases, *lookup.list_names(tx, row.number, row.ledger_version, None))
        return _replace(tx, auditor, row, wanted, by)


def remove(db: Database, auditor: Auditor, ref: str, *, by: str) -> None:
    with db.writing() as tx:
        _replace(tx, auditor, get_dictionary(tx, ref), NamesPut(), by)
    db.forget()


def _replace(tx: Transaction, auditor: Auditor, row: dictionaries.Row, wanted: NamesPut, by: str) -> Names:
    """Replace all earlier ones. They change what is answered, so an audit entry is written."""
    names.put(tx, row.number, wanted, by)
    current = names.read_current(tx, row.number)
    details = {"version": current.version, "aliases": len(wanted.aliases), "templates": len(wanted.templates)}
    auditor.record(tx, Event(Act.NAMES, by, row.id, details=details))
    return current


def read_versions(db: Database, dictionary: str) -> tuple[int, int]:
    """The versions of the names and of the policies; what depends on them is made anew when one of them changes."""
    with db.reading() as tx:
        row = dictionaries.find(tx, dictionary)
        return (0, 0) if row is None else (names.read_version(tx, row.number), policies.read_version(tx, row.number))


def get_naming(db: Database, settings: Settings, dictionary: str) -> Naming | None:
    """How the memories of this dictionary (its id) are asked; None where they are asked as they are taught."""
    with db.reading() as tx:
        return read_naming(tx, settings, get_dictionary(tx, dictionary))


def read_naming(tx: Transaction, settings: Settings, row: dictionaries.Row) -> Naming | None:
    current = get_active(tx, settings.secrets, row)
    pseudonym = current.rules.subject if current.rules is not None and current.rules.subjects else None
    return Naming.of(names.read_current(tx, row.number), pseudonym, current.version)


def _refuse_subjects_in_clear(tx: Transaction, dictionary: int, aliases: Sequence[NameAlias]) -> None:
    hidden = policies.read_current(tx, dictionary).subjects == "pseudonymise"
    if hidden and any(alias.kind == "subject" for alias in aliases):
        raise Conflict("subjects are pseudonymised here: an alias would keep a name", code=Code.NAMES_IN_CLEAR)


def _refuse_unclear(aliases: Sequence[NameAlias], subjects: Sequence[str], relations: Sequence[str]) -> None:
    """Check that each alias, in every spelling, leads to one name and is not a taught name itself."""
    taught = {"subject": _fold_all(subjects), "relation": _fold_all(relations)}
    taken: set[tuple[str, str]] = set()
    for index, alias in enumerate(aliases):
        folded = fold(alias.alias)
        if not folded or is_blank(alias.name) or "\0" in alias.alias + alias.name:
            raise Unprocessable(f"aliases[{index}]: the alias or the name is blank or contains NUL", index=index)
        if folded in taught[alias.kind]:
            raise Unprocessable(f"aliases[{index}]: a taught {alias.kind} is spelled like this alias", index=index)
        if (alias.kind, folded) in taken:
            raise Unprocessable(f"aliases[{index}]: another alias is spelled like this one", index=index)
        taken.add((alias.kind, folded))


def _fold_all(taught: Iterable[str]) -> set[str]:
    return set(map(fold, taught))
