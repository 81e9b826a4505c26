"""The editors of a process: one for each recently edited dictionary, at the newest version of its champion.

An editor knows every fact its memory holds, so that an edit costs what it touches. Where another process has edited, it
follows; where none is at hand, one is made of the ledger as it was at that version.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from service.errors import MemoryOutdated, Outgrown
from service.memory import Changes, Editor, Facts, Staged
from service.memory.recall import Servable
from service.storage import Transaction, facts, lookup, memories, purge, revisions
from service.workflows.versions.loaded import LoadedVersions

MOST_CHANGES = 20_000  # facts that began or ended; beyond them a training is the shorter way
KEPT = 4  # editors a process

Adopt = Callable[[memories.Record, Servable], None]


@dataclass(slots=True)
class _Standing:
    """An editor, the version its memory is, and how often the ledger had been purged when its facts were read."""

    editor: Editor
    version: memories.Record
    purges: int


class Editors:
    """`adopt` is called with every version that an edit of this process made, once it is committed."""

    def __init__(self, versions: LoadedVersions, adopt: Adopt | None = None) -> None:
        self.versions = versions
        self._adopt = adopt
        self._standing: OrderedDict[str, _Standing] = OrderedDict()
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._guard = Lock()

    def turn(self, dictionary: str) -> Lock:
        """The lock that is held while this process edits the dictionary; it is taken before the transaction begins."""
        with self._guard:
            return self._locks[dictionary]

    def stands_in(self, champion: memories.Record) -> bool:
        """Whether there is an editor at a version of the champion's lineage, from which it can catch up."""
        standing = self._standing.get(champion.dictionary)
        return standing is not None and standing.version.lineage == champion.lineage

    def at(self, tx: Transaction, dictionary: int, tip: memories.Record) -> Editor:
        """The editor whose memory is `tip`. The caller holds the lock that `turn` gives. Raises Outgrown where the
        memory has to be trained anew.
        """
        standing = self._standing.get(tip.dictionary)
        if standing is None or not self._follow(tx, dictionary, standing, tip):
            try:
                made = self._made(tx, dictionary, tip)
            except MemoryOutdated as outdated:
                raise Outgrown("the memory was written by an earlier version") from outdated
            standing = _Standing(made, tip, purge.count(tx, dictionary))
        with self._guard:
            self._standing[tip.dictionary] = standing
            self._standing.move_to_end(tip.dictionary)
            if len(self._standing) > KEPT:
                self._standing.popitem(last=False)
        return standing.editor

    def accept(self, version: memories.Record, staged: Staged) -> None:
        """Move the editor to the version that `staged` made, which is committed now, and serve it."""
        standing = self._standing.get(version.dictionary)
        if standing is not None:
            standing.editor.accept(staged)
            standing.version = version
        self.versions.keep(version.lineage, version.seq, staged.memory)
        if self._adopt is not None:
            self._adopt(version, staged.memory)

    def forget(self, dictionary: str) -> None:
        """Drop the dictionary's editor, which holds its facts."""
        with self._guard:
            self._standing.pop(dictionary, None)

    def _follow(self, tx: Transaction, dictionary: int, standing: _Standing, tip: memories.Record) -> bool:
        """Bring the editor to `tip` from its version; returns whether that was possible."""
        at = standing.version
        if at.id == tip.id:
            return True
        if at.lineage != tip.lineage or at.seq > tip.seq:
            return False
        if standing.purges != purge.count(tx, dictionary):  # the ledger no longer says what was deleted since
            return False
        try:
            between = changes_between(tx, dictionary, after=at.ledger_version, upto=tip.ledger_version)
            standing.editor.follow(between, self.versions.load(tx, tip))
        except Outgrown:
            return False
        standing.version = tip
        return True

    def _made(self, tx: Transaction, dictionary: int, tip: memories.Record) -> Editor:
        memory = self.versions.load(tx, tip)
        held = facts.read_facts(tx, dictionary, tip.ledger_version)
        return Editor.of(memory, Facts(held.subjects, held.relations, held.answers))


def changes_between(tx: Transaction, dictionary: int, *, after: int, upto: int) -> Changes:
    """The changes that lead from one ledger version to another. Raises Outgrown where they are too many for an edit."""
    pairs = revisions.find_changed(tx, dictionary, after, MOST_CHANGES)
    if pairs is None:
        raise Outgrown("more facts changed than an edit takes in")
    held = lookup.find_pairs(tx, dictionary, upto, pairs)
    rows = [(subject, relation, answer) for (subject, relation), source in held.items() for answer in source.answers]
    subjects, relations, answers = zip(*rows, strict=True) if rows else ((), (), ())
    return Changes(upsert=Facts(subjects, relations, answers), delete=sorted(pairs - held.keys()))
