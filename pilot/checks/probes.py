"""Make never-taught questions of four kinds, each a pure function of the table, the seed and the number wanted.

A memory may resolve another spelling (width, dashes, case, normal form) to the one name it was taught, and that is
correct. So no probe may fold to a taught pair, and the folding here is coarser than any rule of the service.
"""

import random
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice

from pilot.reading import Pair

_TRIES = 20
_DASHES_AND_TILDES = dict.fromkeys(map(ord, "\u2212\u30fc\u301c\uff5e~\u02dc\u223c\u2010\u2011"), "-")


@lru_cache(maxsize=1 << 18)
def fold(name: str) -> str:
    """Remove from a name what its spellings differ in: width, case, dashes and tildes, normal form, white space."""
    wide = unicodedata.normalize("NFKC", name).casefold()
    plain = unicodedata.normalize("NFKC", wide).translate(_DASHES_AND_TILDES)
    return "".join("-" if unicodedata.category(c) == "Pd" else c for c in plain if not c.isspace())


class Probes:
    """Makes probes from a table. `pairs`: the taught ones in file order; `known`: all that the memory may know."""

    def __init__(self, pairs: list[Pair], known: set[Pair], seed: int) -> None:
        self._pairs = pairs
        self._subjects = list(dict.fromkeys(subject for subject, _ in pairs))
        self._relations = list(dict.fromkeys(relation for _, relation in pairs))
        self._taught = {(fold(subject), fold(relation)) for subject, relation in known}
        self._taught_subjects = {subject for subject, _ in self._taught}
        self._letters = _group_letters(self._subjects)
        self._seed = seed

    def kinds(self) -> dict[str, Callable[[int], list[Pair]]]:
        """Return the function that makes each kind of probe, by the kind's name in the report."""
        return {
            "absent_cells": self.absent_cells,
            "unseen_subjects": self.unseen_subjects,
            "near_misses": self.near_misses,
            "swapped_roles": self.swapped_roles,
        }

    def absent_cells(self, wanted: int) -> list[Pair]:
        """Combine taught subjects with taught relations that the table does not hold for them."""
        cells = len(self._subjects) * len(self._relations)
        # At most len(taught) of the cells drawn can be taught, so this many always hold enough absent ones.
        drawn = self._random("absent").sample(range(cells), min(cells, wanted + len(self._taught)))
        width = len(self._relations)
        return self._first(((self._subjects[cell // width], self._relations[cell % width]) for cell in drawn), wanted)

    def unseen_subjects(self, wanted: int) -> list[Pair]:
        """Combine made-up subjects, in the shape of taught ones, with taught relations."""
        draw = self._random("unseen")

        def made_up() -> Iterator[Pair]:
            for attempt in range(wanted * _TRIES):
                name = "".join(self._another(c, draw) for c in draw.choice(self._subjects))
                suffix = (
                    "" if attempt < wanted * 2 else f"-{draw.randrange(16**8):08x}"
                )  # short names run out of shapes
                yield name + suffix, draw.choice(self._relations)

        return self._first(made_up(), wanted, new_subject=True)

    def near_misses(self, wanted: int) -> list[Pair]:
        """Change one character of taught subjects; the relation is one that the taught subject has."""
        draw = self._random("near")

        def misspelt() -> Iterator[Pair]:
            for _ in range(wanted * _TRIES):
                subject, relation = draw.choice(self._pairs)
                at = draw.randrange(len(subject))
                yield subject[:at] + self._another(subject[at], draw) + subject[at + 1 :], relation

        return self._first(misspelt(), wanted, new_subject=True)

    def swapped_roles(self, wanted: int) -> list[Pair]:
        """Swap subject and relation of taught pairs."""
        drawn = self._random("swapped").sample(self._pairs, len(self._pairs))
        return self._first(((relation, subject) for subject, relation in drawn), wanted)

    def _first(self, candidates: Iterator[Pair], wanted: int, *, new_subject: bool = False) -> list[Pair]:
        """Take the first distinct candidates that were never taught (with `new_subject`, whose subject was not)."""
        fresh = (pair for pair in candidates if self._never_taught(pair, new_subject=new_subject))
        return list(islice(_drop_repeats(fresh), wanted))

    def _never_taught(self, pair: Pair, *, new_subject: bool) -> bool:
        subject, relation = fold(pair[0]), fold(pair[1])
        if new_subject:
            return bool(subject) and subject not in self._taught_subjects
        return (subject, relation) not in self._taught

    def _another(self, character: str, draw: random.Random) -> str:
        return draw.choice(self._letters[unicodedata.category(character)])

    def _random(self, kind: str) -> random.Random:
        return random.Random(f"{self._seed} {kind}")  # noqa: S311 - a reproducible sample, not a secret


def _drop_repeats(pairs: Iterator[Pair]) -> Iterator[Pair]:
    seen: set[Pair] = set()
    for pair in pairs:
        if pair not in seen:
            seen.add(pair)
            yield pair


def _group_letters(subjects: list[str]) -> dict[str, str]:
    """Group the characters to draw from, those of the subjects and of ASCII, by their Unicode category."""
    letters: defaultdict[str, set[str]] = defaultdict(set)
    for character in {*map(chr, range(0x21, 0x7F)), *"".join(subjects)}:
        letters[unicodedata.category(character)].add(character)
    return {category: "".join(sorted(seen)) for category, seen in letters.items()}
