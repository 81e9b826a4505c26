"""Commitments: what stands in the chain in place of names and answers.

Every row has 16 random bytes of salt, and is known by them alone: without the salt nobody can tell what was committed
to, not even by trying names. Whoever knows the names and has the salt can prove that they are the ones. Beside the salt
stands a tag, eight bytes of a keyed hash of the pair, by which rows are found without trying each; both are dropped
together.
"""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import msgspec

from service.facts import fold_all
from service.storage.audit import Entry

SIZE = 16  # bytes, of a salt and of a commitment
TAG = 8  # bytes
KEPT = SIZE + TAG  # bytes that are kept for a row, apart from its entry
DROPPED = bytes(KEPT)  # what they are overwritten with
PAIR = "pair"
TEXT = "text"

_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Committed:
    """`commitments` are rows, one commitment a column; `salts` a salt and a tag for each row."""

    columns: str
    commitments: bytes
    salts: bytes


class Committer:
    """Makes commitments and finds them again; `key` is the key of the tags."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def commit(self, texts: Mapping[str, Sequence[str]]) -> Committed:
        """Commit to columns of texts.

        With `subject` and `relation` each row is a pair, to which the other columns belong: one text per row, or all
        of them where there is a single pair. Without them each text is a row of its own. Raises ValueError where
        lengths do not match.
        """
        columns = _pairs(texts) if {"subject", "relation"} <= texts.keys() else _lone(texts)
        rows = list(zip(*columns.values(), strict=True))
        random = secrets.token_bytes(SIZE * len(rows))
        salts = [random[at : at + SIZE] for at in range(0, len(random), SIZE)]
        made = [commitment(token, salt) for salt, row in zip(salts, rows, strict=True) for token in row]
        kept = [salt + self._tag(row[0]) for salt, row in zip(salts, rows, strict=True)]
        return Committed(json.dumps(list(columns)) if rows else "[]", b"".join(made), b"".join(kept))

    def rows(self, entry: Entry, kept: bytes, tokens: Collection[bytes]) -> list[int]:
        """The rows whose first column commits to one of `tokens`; of dropped rows nothing is known."""
        tags = {self._tag(token): token for token in tokens}
        tagged = [at // KEPT for at in range(0, len(kept), KEPT) if kept[at + SIZE : at + KEPT] in tags]
        tokens_of = {row: tags[kept[row * KEPT + SIZE : (row + 1) * KEPT]] for row in tagged}
        return [row for row, token in tokens_of.items() if _commits(entry, kept, (row, 0), token)]

    def _tag(self, token: bytes) -> bytes:
        return blake2b(token, digest_size=TAG, key=self._key).digest()


def commitment(token: bytes, salt: bytes) -> bytes:
    return blake2b(salt + token, digest_size=SIZE, person=b"audit").digest()


def pair_tokens(subjects: Sequence[str], relations: Sequence[str]) -> list[bytes]:
    """A token for each pair. Spellings that fold together give one token, so that a purge finds every way a pair was
    asked.
    """
    distinct = list(dict.fromkeys(relations))
    spelled = dict(zip(distinct, _fold_names(distinct), strict=True))
    pairs = zip(_fold_names(subjects), relations, strict=True)
    return [f"{PAIR}:{len(subject)}:{subject}{spelled[relation]}".encode() for subject, relation in pairs]


def name_tokens(names: Sequence[str]) -> list[bytes]:
    """A token for each name that stands alone, folded like those of pairs."""
    return _each(TEXT, _fold_names(names))


def text_token(column: str, *texts: str) -> bytes:
    return f"{column}:{''.join([f'{len(text)}:{text}' for text in texts])}".encode()


def answer_text(status: str, answers: Collection[str]) -> str:
    """The column `answer` of a recall: its status with the set of its answers, as JSON."""
    return _json.encode((status, *sorted(answers))).decode()


@lru_cache(maxsize=64)
def columns_of(columns: str) -> tuple[str, ...]:
    """The names of the columns that an entry commits to."""
    return tuple(json.loads(columns))


def rows_of(entry: Entry) -> int:
    """How many rows of names the entry commits to."""
    return len(entry.commitments) // (SIZE * max(1, len(columns_of(entry.columns))))


def opens(entry: Entry, kept: bytes, row: int, column: str, *texts: str) -> bool:
    """Whether this column of the row commits to `texts`."""
    columns = columns_of(entry.columns)
    return column in columns and _commits(entry, kept, (row, columns.index(column)), text_token(column, *texts))


def _commits(entry: Entry, kept: bytes, place: tuple[int, int], token: bytes) -> bool:
    """Whether the entry commits to `token` at `place`, a row and a column."""
    row, column = place
    at = SIZE * (row * len(columns_of(entry.columns)) + column)
    salt = kept[row * KEPT : row * KEPT + SIZE]
    return commitment(token, salt) == entry.commitments[at : at + SIZE]


def _pairs(texts: Mapping[str, Sequence[str]]) -> dict[str, list[bytes]]:
    columns = {PAIR: pair_tokens(texts["subject"], texts["relation"])}
    alone = len(columns[PAIR]) == 1
    for name in sorted(texts.keys() - {"subject", "relation"}):
        columns[name] = [text_token(name, *texts[name])] if alone else _each(name, texts[name])
    return columns


def _each(column: str, texts: Sequence[str]) -> list[bytes]:
    """The token of each text."""
    return [f"{column}:{len(text)}:{text}".encode() for text in texts]


def _lone(texts: Mapping[str, Sequence[str]]) -> dict[str, list[bytes]]:
    return {TEXT: [token for names in texts.values() for token in name_tokens(names)]}


def _fold_names(names: Sequence[str]) -> list[str]:
    return fold_all([name.replace("\0", "\ufffd") for name in names])
