"""A memory seen through some of its relations: it replies as one that never saw the others.

A denied relation is not asked and then hidden, it is not there: its name stands for nothing, so it is handled exactly
as an untaught one is. Nor do its facts show elsewhere. A subject that is taught with denied relations alone does not
make a spelling ambiguous, is not found in a sentence, and does not stand in the way of the subject that is meant.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8
from numpy import ndarray
from numpy.typing import NDArray

from service.facts import Ints, fold, trimmed
from service.memory.answers import AnswerTable
from service.memory.hashing import NameHasher
from service.memory.names import NameIndex
from service.memory.questions import Vocabulary
from service.memory.recall import Recalled


class Askable(Protocol):
    """What a view needs of the memory behind it."""

    names: NameIndex
    subject_hasher: NameHasher
    answer_table: AnswerTable

    def ask(
        self, digests: UInt8[ndarray, "n size"], relation: Int64[ndarray, " n"]
    ) -> tuple[Int64[ndarray, " n"], Float32[ndarray, " n"]]: ...


class Restricted:
    """A view of a memory. numbers: the numbers of the relations that may be seen, by name."""

    def __init__(self, memory: Askable, numbers: Mapping[str, int]) -> None:
        self._memory = memory
        self._numbers = dict(sorted(numbers.items()))
        self._folds: defaultdict[str, list[str]] = defaultdict(list)
        for name in self._numbers:
            self._folds[fold(name)].append(name)
        self._vocabulary = Vocabulary(self._knows, self._folds)

    @property
    def relations(self) -> list[str]:
        return list(self._numbers)

    def within(self, relations: Container[str]) -> "Restricted":
        return Restricted(self._memory, {name: at for name, at in self._numbers.items() if name in relations})

    def candidates(self, question: str) -> list[tuple[str, str]]:
        """The pairs (subject, relation) of names that stand in a sentence, as far as they may be seen."""
        return self._vocabulary.pairs_in(question)

    def recall(self, subjects: Sequence[str], relations: Sequence[str]) -> Recalled:
        """Recall as the memory does, with its second look-up among what may be seen alone."""
        if len(subjects) != len(relations):
            raise ValueError("subjects and relations must have the same length")
        spelled = {name: self._spelled(name) for name in dict.fromkeys(relations)}
        ambiguous = np.array([len(spelled[name]) > 1 for name in relations], dtype=np.bool_)
        asked = [at for at, name in enumerate(relations) if len(spelled[name]) == 1]
        number = np.array([self._numbers[spelled[relations[at]][0]] for at in asked], dtype=np.int64)
        position, margins = np.full(len(subjects), -1, dtype=np.int64), np.zeros(len(subjects), dtype=np.float32)
        digests = self._memory.subject_hasher.digests([trimmed(subjects[at]) for at in asked])
        position[asked], margins[asked] = self._memory.ask(digests, number)
        self._second_look(subjects, dict(zip(asked, number.tolist(), strict=True)), (position, margins, ambiguous))
        known = position >= 0
        return Recalled(self._memory.answer_table.answers(position), np.where(known, margins, 0), known, ambiguous)

    def _second_look(
        self,
        subjects: Sequence[str],
        number: Mapping[int, int],
        found: tuple[Ints, NDArray[np.float32], NDArray[np.bool_]],
    ) -> None:
        """Ask what is unknown again under the one name that its spelling may stand for; mark it if there are several.

        number: the relation of each query that was asked. found: position, margin and ambiguity of every query.
        """
        position, margins, ambiguous = found
        unknown = [at for at in number if position[at] < 0]
        meant = {subject: self._meant(subject) for subject in dict.fromkeys(trimmed(subjects[at]) for at in unknown)}
        again = [at for at in unknown if len(meant[trimmed(subjects[at])]) == 1]
        ambiguous[[at for at in unknown if len(meant[trimmed(subjects[at])]) > 1]] = True
        if again:
            digests = _stack_digests([meant[trimmed(subjects[at])][0] for at in again])
            position[again], margins[again] = self._memory.ask(digests, np.array([number[at] for at in again]))

    def _meant(self, subject: str) -> list[bytes]:
        """The taught names, by their hashes, that a spelling may stand for; none where it is taught itself."""
        hasher = self._memory.subject_hasher
        own, alike = hasher.digest(subject), self._memory.names.alike(fold(subject))
        if alike in ([], [own]):
            return []
        seen = self._seen(alike)
        if own in seen:
            return []
        normal = hasher.digest(trimmed(unicodedata.normalize("NFC", subject)))
        return [normal] if normal in seen else seen

    def _seen(self, digests: list[bytes]) -> list[bytes]:
        """Those of these subjects that have a fact that may be seen."""
        if not digests or not self._numbers:
            return []
        relation = np.tile(np.array(list(self._numbers.values()), dtype=np.int64), len(digests))
        position, _ = self._memory.ask(np.repeat(_stack_digests(digests), len(self._numbers), axis=0), relation)
        known: NDArray[np.bool_] = np.any((position >= 0).reshape(len(digests), -1), axis=1)
        return [digest for digest, seen in zip(digests, known.tolist(), strict=True) if seen]

    def _knows(self, folded: Sequence[str]) -> Bool[ndarray, " n"]:
        """Which folded forms belong to some subject with a fact that may be seen."""
        known = self._memory.names.knows(folded)
        near = {at: self._memory.names.alike(folded[at]) for at in np.flatnonzero(known).tolist()}
        seen = set(self._seen(sorted({digest for alike in near.values() for digest in alike})))
        known[list(near)] = [not seen.isdisjoint(alike) for alike in near.values()]
        return known

    def _spelled(self, name: str) -> list[str]:
        """The relations that a spelling may stand for: itself, else by NFC one, else all that fold alike."""
        for exact in (trimmed(name), trimmed(unicodedata.normalize("NFC", name))):
            if exact in self._numbers:
                return [exact]
        return self._folds.get(fold(name), [])


def _stack_digests(digests: Sequence[bytes]) -> UInt8[ndarray, "n size"]:
    """Hashes one below the other."""
    return np.frombuffer(bytearray().join(digests), dtype=np.uint8).reshape(len(digests), -1)
