"""Memories on a shelf: the exact table behind everything that recall serving needs of a database and of a memory."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

import numpy as np

from schemas.keys import Role
from service.errors import Unauthorized
from service.facts import Pair
from service.memory import ExactTable, Facts, Recalled
from service.storage.lookup import Source
from service.storage.memories import Record
from service.workflows.access.authenticator import Authenticator, Caller, Right
from service.workflows.access.relations import Relations
from service.workflows.recalls.naming import Naming
from service.workflows.recalls.queries import Ledger

KEY = b"Bearer a-key-that-may-recall"
PART_KEY = b"Bearer a-key-for-one-relation"
OTHER_KEY = b"Bearer a-key-of-another-role"
Fact = tuple[str, str, str]


class Table(ExactTable):
    """The exact table with what sentences and listings need. `asked` keeps the size of each recall; `folded` are pairs
    to be called ambiguous.
    """

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.taught = facts
        subjects, relations, answers = zip(*facts, strict=True) if facts else ((), (), ())
        super().__init__(Facts(subjects, relations, answers))
        self.subjects = sorted(set(subjects))
        self.relations = sorted(set(relations))
        self.folded: set[Pair] = set()
        self.asked: list[int] = []

    def recall(self, subjects: Sequence[str], relations: Sequence[str]) -> Recalled:
        self.asked.append(len(subjects))
        exact = super().recall(subjects, relations)
        folded = [pair in self.folded for pair in zip(subjects, relations, strict=True)]
        return Recalled(exact.answers, exact.margins, exact.known, np.array(folded, dtype=np.bool_))

    def within(self, relations: Container[str]) -> "Table":
        """A table that was never given another relation."""
        return Table([fact for fact in self.taught if fact[1] in relations])

    def candidates(self, question: str) -> list[Pair]:
        subjects = [subject for subject in self.subjects for _ in range(question.count(subject))]
        relations = [relation for relation in self.relations if relation in question]
        return [(subject, relation) for subject in subjects for relation in relations]


@dataclass
class Shelf:
    """A catalogue in memory. `dictionaries` maps names to ids; `changes` moves as the database's counter does."""

    dictionaries: dict[str, str]
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    held: dict[Pair, Source] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)
    namings: dict[str, Naming] = field(default_factory=dict)
    counter: int = 0

    def put(self, memory: str, facts: Sequence[Fact], dictionary: str = "dic_1", alias: str = "champion") -> None:
        """Train, verify and publish in one step."""
        self.records[memory] = Record(memory, dictionary, 1, memory, 0, retained=True, digest="")
        self.tables[memory] = Table(facts)
        self.switch(memory, dictionary, alias)

    def switch(self, memory: str, dictionary: str = "dic_1", alias: str = "champion") -> None:
        self.aliases[dictionary, alias] = memory
        self.counter += 1

    def changes(self) -> int:
        return self.counter

    def dictionary(self, name: str) -> str | None:
        return name if name in self.dictionaries.values() else self.dictionaries.get(name)

    def alias(self, dictionary: str, alias: str) -> str | None:
        return self.aliases.get((dictionary, alias))

    def memory(self, memory: str) -> Record | None:
        return self.records.get(memory)

    def kept(self, loaded: list[str]) -> set[str]:
        return self.records.keys() & set(loaded)

    def load(self, record: Record) -> Table:
        self.loads.append(record.id)
        return self.tables[record.id]

    def ledger(self, _dictionary: str, _version: int, pairs: list[Pair]) -> Ledger:
        return {pair: self.held[pair] for pair in pairs if pair in self.held}

    def ledger_respelled(self, _dictionary: str, _version: int, _pairs: list[Pair], _seen: Relations | None) -> Ledger:
        """An exact table answers no other spelling."""
        return {}

    def naming(self, dictionary: str) -> Naming | None:
        return self.namings.get(dictionary)

    def champions(self) -> list[Record]:
        return [self.records[memory] for (_, alias), memory in self.aliases.items() if alias == "champion"]


class Door(Authenticator):
    """One key that may recall, one that may not, one that may recall one relation alone."""

    def __init__(self) -> None:
        """Without a database: the keys are these three."""
        part = Right(Role.QUERY, Relations(only=frozenset({"maker"})))
        self._callers = {
            KEY: Caller("key_1", Role.QUERY),
            OTHER_KEY: Caller("key_1", Role.AUDIT),
            PART_KEY: Caller("key_1", Role.QUERY, rights={"dic_1": part}),
        }

    async def identify(self, header: bytes | None) -> Caller:
        if header not in self._callers:
            raise Unauthorized("send a valid API key as Authorization: Bearer KEY")
        return self._callers[header]

    async def charge(self, key: str, rate: str | None) -> None:
        """None of them has a rate."""

    async def charge_more(self, key: str, rate: str | None, requests: int) -> None:
        """None of them has a rate."""
