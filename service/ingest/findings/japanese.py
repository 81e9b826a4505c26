"""Telling cp932 from EUC-JP and both from anything else, without guessing.

EUC-JP bytes also decode as cp932, into runs of half-width kana; Latin-1 bytes also decode as cp932, into rare kanji
between Latin letters. Both are told apart by what real Japanese text looks like; what is unclear stays unclear.
"""

import re
from collections import Counter
from itertools import islice

# One token a character of cp932; the first two groups are disjoint lead bytes.
_CP932 = re.compile(
    rb"(?P<common>[\x81-\x9f][\x40-\x7e\x80-\xfc])|(?P<rare>[\xe0-\xfc][\x40-\x7e\x80-\xfc])"
    rb"|(?P<half>[\xa1-\xdf]+)|(?P<stray>[\x80\xa0\xfd-\xff])"
)
# Half-width kana: a voiced mark follows only the kana that it can voice.
_KANA_RUN = re.compile(rb"(?:[\xb3\xb6-\xc4\xca-\xce]\xde|[\xca-\xce]\xdf|[\xa1-\xdd])+")
_VOICED = re.compile(rb"[\xde\xdf]")
_KANA = re.compile("[\u3041-\u30fe]")
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_SAMPLE_LINES = 5_000
_SAMPLE_BYTES = 1 << 20


def japanese_encoding(data: bytes) -> str | None:
    """`cp932` or `euc_jp` where the bytes are clearly one of them, else None."""
    if _decodes(data, "euc_jp"):
        return "euc_jp" if _has_kana(data) else None
    return "cp932" if _decodes(data, "cp932") and _reads_as_cp932(data) else None


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _sample(data: bytes) -> bytes:
    """Lines with something to judge by."""
    lines = (line for line in data.split(b"\n") if not line.isascii())
    return b"\n".join(islice(lines, _SAMPLE_LINES))[:_SAMPLE_BYTES]


def _has_kana(data: bytes) -> bool:
    """A tenth of what is not ASCII is kana, which Chinese and Korean text in the same byte ranges never is."""
    text = _sample(data).decode("euc_jp", "ignore")
    return len(_KANA.findall(text)) * 10 >= len(_NON_ASCII.findall(text))


def _reads_as_cp932(data: bytes) -> bool:
    """Kana and everyday kanji outweigh rare kanji and odd half-width kana; or all is well-formed half-width kana."""
    sample = _sample(data)
    kinds = Counter(token.lastgroup for token in _CP932.finditer(sample))
    runs = [token["half"] for token in _CP932.finditer(sample) if token["half"]]
    odd_runs = sum(1 for run in runs if not _KANA_RUN.fullmatch(run))
    if kinds["stray"]:
        return False
    if kinds["common"]:
        return kinds["common"] > kinds["rare"] + odd_runs
    return not kinds["rare"] and not odd_runs and any(_VOICED.search(run) for run in runs)
