"""A memory recalled by other names: aliases, question templates, and the real names behind pseudonyms.

What is taught wins: an alias is tried only where the memory knows nothing of what was asked. Pseudonyms are made from
the name with the policy key, so no mapping is read. Results name the pair as it was asked.
"""

import re
import unicodedata
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

import numpy as np

from schemas.names import Names
from service.errors import Unprocessable
from service.facts import Pair, fold, is_blank, trimmed
from service.memory import Recalled
from service.memory.recall import Servable

_SLOTS = re.compile(r"\{(subject|relation)\}")


_WIDE = 0xFEE0  # from an ASCII character to its full-width form


@dataclass(frozen=True, slots=True)
class Template:
    """The pattern of a question: which part of it is the subject and which the relation. Three literal parts stand
    around two slots; `subject_first` tells which slot comes first. White space between them, case and width do not
    count.
    """

    before: re.Pattern[str]
    between: re.Pattern[str]
    after: re.Pattern[str]
    subject_first: bool

    @classmethod
    def of(cls, text: str) -> "Template":
        """Parse a template. Raises Unprocessable unless it has each slot once, with text between them."""
        parts = _SLOTS.split(text)
        if sorted(parts[1::2]) != ["relation", "subject"] or is_blank(parts[2]):
            raise Unprocessable("a template has {subject} and {relation} once each, with some text between them")
        before, first, between, _, after = parts
        begin, middle, end = map(_literal, (before, between, after))
        return cls(_finds(begin), _finds(middle), _finds(end + r"\s*\Z"), first == "subject")

    def pairs(self, question: str) -> list[tuple[str, str]]:
        """Every way in which the question is this template filled: (subject, relation) as the question spells them."""
        begin, end = self.before.match(question), self.after.search(question)
        if begin is None or end is None or end.start() <= begin.end():
            return []
        inner = question[begin.end() : end.start()]
        cuts = [(inner[: cut.start()], inner[cut.end() :]) for cut in self.between.finditer(inner)]
        filled = [
            (trimmed(first), trimmed(second)) for first, second in cuts if not is_blank(first) and not is_blank(second)
        ]
        return filled if self.subject_first else [(second, first) for first, second in filled]


def _finds(literal: str) -> re.Pattern[str]:
    return re.compile(rf"\s*{literal}\s*", re.IGNORECASE)


def _literal(text: str) -> str:
    """A pattern for this text in half or full width, with any white space where it has some."""
    words = unicodedata.normalize("NFKC", text).split()
    return r"\s*".join("".join(map(_either_width, word)) for word in words)


def _either_width(character: str) -> str:
    if "!" <= character <= "~":
        return f"[{re.escape(character)}{chr(ord(character) + _WIDE)}]"
    return re.escape(character)


Rename = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Naming:
    """How a dictionary's memories are asked: `subjects` and `relations` lead from a folded alias to the taught name."""

    version: tuple[int, int]
    subjects: dict[str, str]
    relations: dict[str, str]
    templates: list[Template]
    pseudonym: Rename | None

    @classmethod
    def of(cls, names: Names, pseudonym: Rename | None, policies: int) -> "Naming | None":
        """None where memories are asked as they are taught; `policies` is the version that `pseudonym` belongs to."""
        if not names.aliases and not names.templates and pseudonym is None:
            return None
        folds = {
            kind: {fold(alias.alias): alias.name for alias in names.aliases if alias.kind == kind}
            for kind in ("subject", "relation")
        }
        templates = list(map(Template.of, names.templates))
        return cls((names.version, policies), folds["subject"], folds["relation"], templates, pseudonym)

    def stored_subjects(self, subjects: Sequence[str]) -> Sequence[str]:
        return subjects if self.pseudonym is None else list(map(self.pseudonym, subjects))

    def stands_for(self, pair: Pair) -> Pair | None:
        """The taught pair that an alias in this one leads to; None where neither name is an alias."""
        subject, relation = self.subjects.get(fold(pair[0])), self.relations.get(fold(pair[1]))
        return None if subject is None and relation is None else (subject or pair[0], relation or pair[1])

    def stored(self, pair: Pair) -> tuple[Pair, Pair]:
        """How the ledger may have the pair: as it is spelled, which comes first, and as its aliases lead to it."""
        (own, own_relation), (subject, relation) = pair, self.stands_for(pair) or pair
        own, subject = self.stored_subjects([own, subject])
        return (own, own_relation), (subject, relation)

    def spellings(self, pair: Pair) -> list[Pair]:
        """The pairs of names by which this one is asked: as it is taught, as it is stored, and by every alias."""
        subject, relation = self.stands_for(pair) or pair
        subjects = [subject, *self.stored_subjects([subject]), *_aliases(self.subjects, subject)]
        return [(name, other) for name in subjects for other in (relation, *_aliases(self.relations, relation))]

    def respell(self, question: str) -> str:
        """The folded question with taught names in place of its aliases; unchanged where it has none."""
        text = fold(question)
        present = {
            alias: name for kind in (self.relations, self.subjects) for alias, name in kind.items() if alias in text
        }
        if not present:
            return question
        longest_first = sorted(present, key=len, reverse=True)
        return re.sub("|".join(map(_whole, longest_first)), lambda found: present[found.group()], text)


def _aliases(names: dict[str, str], name: str) -> list[str]:
    """The aliases, folded, that lead to this name."""
    return [alias for alias, taught in names.items() if fold(taught) == fold(name)]


class NamedMemory:
    """A memory that also knows the other names of a dictionary."""

    def __init__(self, memory: Servable, naming: Naming) -> None:
        self._memory = memory
        self._naming = naming

    @property
    def relations(self) -> Sequence[str]:
        return self._memory.relations

    def recall(self, subjects: Sequence[str], relations: Sequence[str]) -> Recalled:
        recalled = self._memory.recall(self._naming.stored_subjects(subjects), relations)
        left = np.flatnonzero(~recalled.known & ~recalled.ambiguous).tolist()
        meant = {at: self._naming.stands_for((subjects[at], relations[at])) for at in left}
        again = {at: pair for at, pair in meant.items() if pair is not None}
        return self._recall_again(recalled, again) if again else recalled

    def _recall_again(self, recalled: Recalled, pairs: dict[int, Pair]) -> Recalled:
        """Replace the results at the places of pairs that aliases lead to."""
        subjects, relations = zip(*pairs.values(), strict=True)
        found = self._memory.recall(self._naming.stored_subjects(subjects), relations)
        places = np.array(list(pairs), dtype=np.int64)
        answers, margins = list(recalled.answers), recalled.margins.copy()
        known, ambiguous = recalled.known.copy(), recalled.ambiguous.copy()
        margins[places], known[places], ambiguous[places] = found.margins, found.known, found.ambiguous
        for at, answer in zip(pairs, found.answers, strict=True):
            answers[at] = answer
        return Recalled(answers, margins, known, ambiguous)

    def resolve(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Each pair as the ledger has it, found as a recall finds it: as it is spelled where the memory knows it so,
        and else by its aliases.
        """
        named = {at: meant for at, pair in enumerate(pairs) if (meant := self._naming.stands_for(pair)) is not None}
        resolved = list(pairs)
        if named:
            subjects, relations = zip(*(pairs[at] for at in named), strict=True)
            found = self._memory.recall(self._naming.stored_subjects(subjects), relations)
            own = (found.known | found.ambiguous).tolist()
            for at, is_own in zip(named, own, strict=True):
                resolved[at] = pairs[at] if is_own else named[at]
        stored = self._naming.stored_subjects([subject for subject, _ in resolved])
        return [(subject, relation) for subject, (_, relation) in zip(stored, resolved, strict=True)]

    def candidates(self, question: str) -> list[Pair]:
        """The pairs of the first template that matches the question; without one, those of the names in it."""
        for template in self._naming.templates:
            if pairs := template.pairs(question):
                return pairs
        found = self._memory.candidates(question)
        respelled = self._naming.respell(question)
        return found if respelled == question else [*found, *self._memory.candidates(respelled)]

    def within(self, relations: Container[str]) -> Servable:
        """Restrict the memory to relations; aliases of other relations do not count."""
        seen = {alias: name for alias, name in self._naming.relations.items() if name in relations}
        return NamedMemory(self._memory.within(relations), replace(self._naming, relations=seen))


def _whole(alias: str) -> str:
    """Finds the alias, but not as a part of a longer ASCII word or number."""
    before = r"(?<![a-z0-9])" if _is_word(alias[0]) else ""
    after = r"(?![a-z0-9])" if _is_word(alias[-1]) else ""
    return before + re.escape(alias) + after


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
