"""Traces: which kept texts mention a purged fact, however the text was written, and overwriting them in the tables."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from service.facts import fold_all
from service.ingest.readers.decode import escape_undecodable
from service.storage import Transaction, purge, trials

PURGED = "(purged)"
Fact = tuple[str, str, str]

_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_MARKS = str.maketrans("", "", '"\\')  # what CSV doubles and JSON escapes, or escapes with
_CODECS = ("utf-8", "cp932", "euc_jp", "utf-16-le")
_SHORT = 4  # an ASCII name of fewer characters counts only where no letter or digit stands beside it
_EXAMPLE = 200  # characters of a cell that a receipt's example shows
_APART = " \0 "


class Traces:
    """What the purged `facts` are known by. A name or answer that is not `shared` with a fact that stays is a trace
    wherever it stands; a shared subject is one only beside a relation or an answer that was purged with it.
    """

    def __init__(self, facts: Iterable[Fact], shared: Collection[str]) -> None:
        self.facts = list(facts)
        texts = {text for fact in self.facts for text in fact}
        self._alone = _pattern(texts.difference(shared))
        beside: dict[str, set[str]] = {}
        for subject, relation, answer in self.facts:
            if subject in shared:
                beside.setdefault(subject, set()).update((relation, answer))
        self._together = [(_pattern({subject}), _pattern(others)) for subject, others in beside.items()]

    def mentioned_in(self, *texts: str) -> bool:
        """Whether these texts, which belong together, mention a purged fact."""
        plain = _plain(_APART.join(texts))
        if self._alone.search(plain):
            return True
        return any(subject.search(plain) and others.search(plain) for subject, others in self._together)

    def overwrite(self, document: Any) -> Any:
        """The JSON document without list entries, and with `PURGED` in place of other texts, that mention one; of an
        object whose texts together do, all of them.
        """
        if isinstance(document, str):
            return PURGED if self.mentioned_in(document) else document
        if isinstance(document, list):
            kept = [each for each in document if not isinstance(each, str) or not self.mentioned_in(each)]
            return [self.overwrite(each) for each in kept]
        if isinstance(document, Mapping):
            texts = [each for each in document.values() if isinstance(each, str)]
            gone = self.mentioned_in(*texts)
            return {
                key: PURGED if gone and isinstance(each, str) else self.overwrite(each)
                for key, each in document.items()
            }
        return document


def _pattern(texts: Collection[str]) -> re.Pattern[str]:
    """Make a pattern that finds any of these texts in a folded one, and nothing where there are none."""
    spellings = {spelling for text in texts for spelling in _spellings(text)}
    longest_first = sorted(filter(None, spellings), key=lambda spelling: (-len(spelling), spelling))
    return re.compile("|".join(map(_bounded, longest_first)) or r"(?!)")


def _bounded(spelling: str) -> str:
    escaped = re.escape(spelling)
    alone = len(spelling) < _SHORT and spelling.isascii() and spelling.isalnum()
    return rf"(?<![a-z0-9]){escaped}(?![a-z0-9])" if alone else escaped


def _spellings(text: str) -> list[str]:
    """The text made alike; as it is escaped, cut for an example, or shown when its bytes were in another encoding."""
    shapes = [text, json.dumps(text, ensure_ascii=False), text[:_EXAMPLE]]
    for codec in _CODECS:
        raw = text.encode(codec, "ignore")
        shapes.append(escape_undecodable(raw.decode("utf-8", "surrogateescape")))
    return [_plain(shape.replace("\0", "")) for shape in shapes]


def _plain(text: str) -> str:
    """The text without quoting marks of JSON and CSV, folded."""
    return " ".join(fold_all([_ESCAPED.sub(_unescaped, text).translate(_MARKS)]))


def _unescaped(match: re.Match[str]) -> str:
    units = bytes.fromhex(match[0].replace("\\u", ""))
    return units.decode("utf-16-be", "replace")


_FROM_THE_FILE = ("decoded_samples", "header", "columns", "ignored_columns")


def overwrite(tx: Transaction, dictionary: int, traces: Traces, taught_by: Collection[int]) -> None:
    """`taught_by` are the uploads (numbers) that the facts came from: of these even the file's hash goes, by which a
    guess at a small file could be confirmed.
    """
    refused_in = purge.blank_refused(tx, dictionary, lambda texts: traces.mentioned_in(*texts), PURGED)
    for upload, receipt in purge.list_receipts(tx, dictionary):
        after = overwrite_receipt(receipt, traces)
        if after != receipt or upload in taught_by or upload in refused_in:
            purge.write_receipt(tx, upload, after | {"sha256": PURGED})
    purge.void_replies(tx, dictionary)
    trials.forget(tx, dictionary)
    purge.remove_rows(tx, dictionary, lambda texts: traces.mentioned_in(*texts))
    purge.rewrite_texts(tx, dictionary, traces.overwrite)


def overwrite_receipt(receipt: dict[str, Any], traces: Traces) -> dict[str, Any]:
    """The receipt with its figures as they were and without the texts of the file's cells."""
    cells = {name: traces.overwrite(receipt[name]) for name in _FROM_THE_FILE if name in receipt}
    findings = [_finding(finding, traces) for finding in receipt.get("findings", [])]
    return receipt | cells | {"findings": findings}


def _finding(finding: dict[str, Any], traces: Traces) -> dict[str, Any]:
    texts = {name: traces.overwrite(finding[name]) for name in finding if name not in {"kind", "count"}}
    return {**finding, **texts}
