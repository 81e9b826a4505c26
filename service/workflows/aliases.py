"""Aliases: moved by hand, with the reason kept; a training moves its own."""

from schemas.memories import Alias, AliasEvent, AliasHistory, AliasList, AliasPut
from service.errors import NotFound, PreconditionFailed
from service.storage import Database, aliases
from service.workflows.dictionaries import found
from service.workflows.memories import check_alias, find_in


def find(db: Database, ref: str, alias: str) -> Alias:
    with db.reading() as tx:
        kept = aliases.find(tx, found(tx, ref).number, alias)
    if kept is None:
        raise NotFound("no such alias")
    return kept


def listed(db: Database, ref: str) -> AliasList:
    with db.reading() as tx:
        return AliasList(aliases=aliases.of_dictionary(tx, found(tx, ref).number))


def put(db: Database, ref: str, alias: str, wanted: AliasPut, *, by: str, if_match: str | None) -> Alias:
    """Point the alias at a memory of the same dictionary. With `if_match` (its ETag, or `*`) only if nobody moved it
    meanwhile: PreconditionFailed.
    """
    check_alias(alias)
    with db.writing() as tx:
        row = found(tx, ref)
        if find_in(tx, wanted.memory).dictionary != row.id:
            raise NotFound("no such memory in this dictionary")
        before = aliases.find(tx, row.number, alias)
        if if_match is not None and not _matches(if_match, before):
            raise PreconditionFailed("the alias is not at the version that If-Match names")
        return aliases.switch(tx, row.number, aliases.Switch(alias, wanted.memory, by, wanted.reason))


def history(db: Database, ref: str, alias: str) -> AliasHistory:
    with db.reading() as tx:
        events = aliases.history(tx, found(tx, ref).number, alias)
    if not events:
        raise NotFound("no such alias")
    return AliasHistory(events=events)


def etag(alias: Alias | AliasEvent) -> str:
    return f'"{alias.version}"'


def _matches(if_match: str, before: Alias | None) -> bool:
    """A version counts with and without its quotes."""
    if before is None:
        return False
    return if_match.strip() == "*" or str(before.version) in {tag.strip().strip('"') for tag in if_match.split(",")}
