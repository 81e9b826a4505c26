"""Ask taught pairs as sentences: the two names among words that mean nothing to the memory."""

import random

from pilot.checks.measurement import Measurement
from pilot.checks.questions import Question, check_questions
from pilot.checks.target import CheckTarget
from pilot.client import Progress
from schemas.checks import CheckId

_WORDS = [
    *("please", "tell", "me", "what", "we", "have", "on", "file", "regarding", "thanks", "kindly", "anyone", "today"),
    *("すみません", "ちなみに", "教えてください", "について", "至急", "ところで", "どなたか", "よろしくお願いします"),
]


def check_noise(target: CheckTarget, wanted: int, seed: int, progress: Progress) -> Measurement:
    """Ask for up to `wanted` taught pairs, each in a sentence of its own."""
    draw = random.Random(f"{seed} noise")  # noqa: S311 - a reproducible sample, not a secret
    pairs = draw.sample(list(target.taught), min(wanted, len(target.taught)))
    names = {name.casefold() for pair in target.taught for name in pair}
    words = [word for word in _WORDS if not _holds_a_name(word.casefold(), names)]
    questions = [
        Question(_sentence(subject, relation, words, draw), subject, relation, set(target.taught[subject, relation]))
        for subject, relation in pairs
    ]
    return check_questions(target, questions, progress, CheckId.NOISE)


def _sentence(subject: str, relation: str, words: list[str], draw: random.Random) -> str:
    def noise() -> list[str]:
        return draw.sample(words, min(len(words), draw.randint(1, 4)))

    return " ".join([*noise(), subject, *noise(), relation, *noise()])


def _holds_a_name(word: str, names: set[str]) -> bool:
    """Whether a taught name occurs in the word. Such a word would change the question, so it is not used as noise."""
    return any(word[start:end] in names for start in range(len(word)) for end in range(start + 1, len(word) + 1))
