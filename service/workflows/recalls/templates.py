"""Question templates: a sentence of a known pattern says which part of it is the subject and which the relation."""

import re
import unicodedata
from dataclasses import dataclass

from service.errors import Unprocessable
from service.facts import is_blank, trimmed

_SLOTS = re.compile(r"\{(subject|relation)\}")
_WIDE = 0xFEE0  # from an ASCII character to its full-width form


@dataclass(frozen=True, slots=True)
class Template:
    """Three literal parts around two slots; `subject_first` tells which slot comes first. White space between them,
    case and width do not count.
    """

    before: re.Pattern[str]
    between: re.Pattern[str]
    after: re.Pattern[str]
    subject_first: bool

    @classmethod
    def of(cls, text: str) -> "Template":
        """Raises Unprocessable unless each slot stands there once, with text between them."""
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
