"""Sentences: which taught names stand in a question.

Two relation names in one attention give neither; so the pairs a sentence may mean are listed and asked one by one.
Names are found by the folded form of every stretch of the sentence: Japanese has no spaces to split at. They are
handed on as the sentence spells them, because names that fold alike may be different names.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.facts import fold, trimmed

LONGEST_NAME = 64  # characters of a folded name that are looked for in a sentence
LONGEST_QUESTION = 512
Span = tuple[int, int]


class Vocabulary:
    """`knows` tells which folded stretches are taught subjects; `relations` holds the folded taught relations."""

    def __init__(
        self, knows: Callable[[Sequence[str]], NDArray[np.bool_]], relations: Mapping[str, Sequence[str]]
    ) -> None:
        self._knows = knows
        self._relations = relations

    def pairs_in(self, question: str) -> list[tuple[str, str]]:
        """Pairs of names that do not overlap, each name a longest match; empty for a sentence over 512 characters.

        Subjects are spelled as in the sentence, relations as they were taught.
        """
        text = fold(question)
        if len(text) > LONGEST_QUESTION:
            return []
        spans = _list_stretches(text)
        stretches = [text[start:end] for start, end in spans]
        relations = _keep_longest(
            [span for span, name in zip(spans, stretches, strict=True) if name in self._relations]
        )
        known = self._knows(stretches)
        subjects = _keep_longest([span for span, found in zip(spans, known, strict=True) if found])
        spelled = _spell_spans(question, text, subjects)
        return [
            (spelled[subject], name)
            for subject in subjects
            for relation in relations
            if subject[1] <= relation[0] or relation[1] <= subject[0]
            for name in self._relations[text[relation[0] : relation[1]]]
        ]


def _spell_spans(question: str, text: str, spans: Sequence[Span]) -> dict[Span, str]:
    """What the question itself has where its folded `text` has these spans; the folded form where that is unclear."""
    starts = _folded_starts(question, text)
    spelled = {}
    for start, end in spans:
        folded = text[start:end]
        own = trimmed(question[starts[start] : starts[end]]) if starts else folded
        spelled[start, end] = own if fold(own) == folded else folded
    return spelled


def _folded_starts(question: str, text: str) -> list[int]:
    """Where each character of the folded text, and its end, begins in the question; empty if that cannot be told."""
    folded, starts = "", []
    for at, part in _split_marks(question):
        piece = fold(part) or (" " if folded and not folded.endswith(" ") else "")
        folded += piece
        starts += [at] * len(piece)
    return [*starts[: len(text)], len(question)] if folded.rstrip() == text else []


def _split_marks(question: str) -> Iterator[tuple[int, str]]:
    """Characters, each with the marks that may fuse with it, and where they begin."""
    start = 0
    for at in range(1, len(question) + 1):
        if at == len(question) or not (unicodedata.combining(question[at]) or question[at] in "\uff9e\uff9f"):
            yield start, question[start:at]
            start = at


def _list_stretches(text: str) -> list[Span]:
    """All stretches that begin and end inside no run of ASCII letters and digits: half a part number is no name."""
    cuts = [
        at for at in range(len(text) + 1) if at in (0, len(text)) or not (_is_word(text[at - 1]) and _is_word(text[at]))
    ]
    return [
        (start, end)
        for start in cuts
        for end in cuts
        if start < end <= start + LONGEST_NAME and text[start] != " " and text[end - 1] != " "
    ]


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _keep_longest(spans: Sequence[Span]) -> list[Span]:
    """Spans that lie in no other span."""
    return [
        span
        for span in spans
        if not any(other[0] <= span[0] and span[1] <= other[1] and other != span for other in spans)
    ]
