"""Live use: what is really asked, and how much of it is answered."""

from schemas.base import Reply


class RelationUse(Reply):
    """asked = answered + unknown + ambiguous. `relation` is null for names that the memory was not taught. `subjects`
    of the table's subjects have the relation.
    """

    relation: str | None
    asked: int
    answered: int
    unknown: int
    ambiguous: int
    subjects: int


class Use(Reply):
    """Coverage of real operation (answered of asked) beside that of the table (pairs of the cells it could have)."""

    since: str | None
    asked: int
    answered: int
    unknown: int
    ambiguous: int
    coverage: float | None
    table_subjects: int
    table_relations: int
    table_pairs: int
    table_cells: int
    table_coverage: float | None
    relations: list[RelationUse]


class Unknown(Reply):
    """Asked at least `asked` times, and at most `uncounted` (of the list) times more."""

    subject: str
    relation: str
    asked: int


class Unknowns(Reply):
    """`kept` says whether the service keeps the names of unknowns at all (a setting)."""

    kept: bool
    uncounted: int
    unknowns: list[Unknown]
