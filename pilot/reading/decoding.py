"""Turn bytes into text: by the declared encoding, a byte order mark, or a guess of UTF-8, EUC-JP or cp932."""

import codecs
import re
from dataclasses import dataclass

from pilot.errors import UnusableInput

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ISO_2022_JP = re.compile(rb"\x1b[$(][@BJ]")
_HALF_WIDTH_KANA_RUN = re.compile("[\uff61-\uff9f]{3,}")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
# Bytes that are half-width kana in cp932, and letters that few files in UTF-8 have: either may be meant.
_KANA_BYTES = re.compile(rb"[\x00-\x7f\xa1-\xdf]*")
_RARE_LETTER = re.compile("[^\0-\u017f\u0370-\u045f]")
_NOT_IN_CP932 = re.compile("[\x80\uf8f0-\uf8f3]")  # what Python makes of bytes that cp932 does not have
_NUL_SHARE_OF_UTF16 = 0.2
BAD = "\ufffe"
"""Replaces a byte that cannot be decoded: a code point that occurs in no text, so that its row can be refused."""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a file and the encoding that it was read by."""

    text: str
    encoding: str


def decode(data: bytes, declared: str | None) -> DecodedText:
    """Decode a file, with `BAD` for undecodable bytes. Raises UnusableInput if the encoding is unclear or unknown."""
    if declared is not None:
        return _decode_declared(data, declared)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return DecodedText(_decode_leniently(data, encoding), encoding)
    sample = data[:65_536]
    if sample.count(0) > _NUL_SHARE_OF_UTF16 * len(sample) or _ISO_2022_JP.search(sample):
        raise UnusableInput(
            "the encoding is unclear (UTF-16 or ISO-2022-JP without a byte order mark): set --encoding",
            "encoding_unmarked",
        )
    return _decode_guessed(data)


def _decode_declared(data: bytes, declared: str) -> DecodedText:
    try:
        codec = codecs.lookup(declared)
    except LookupError:
        raise UnusableInput(f"unknown encoding: {declared}", "encoding_unknown", declared=declared) from None
    name = "utf-8-sig" if codec.name == "utf-8" else codec.name
    return DecodedText(_decode_leniently(data, name), codec.name)


def _decode_guessed(data: bytes) -> DecodedText:
    text = _decode_leniently(data, "utf-8")
    if BAD not in text or _most_lines_decode(text):
        if _KANA_BYTES.fullmatch(data) and _RARE_LETTER.search(text):
            raise _unclear()
        return DecodedText(text, "utf-8")
    japanese = {name: _decode_strictly(data, name) for name in ("cp932", "euc_jp")}
    if _is_japanese(japanese["euc_jp"]) and _HALF_WIDTH_KANA_RUN.search(japanese["cp932"] or "ｱｱｱ"):
        return DecodedText(japanese["euc_jp"] or "", "euc_jp")
    if _is_japanese(japanese["cp932"]):
        return DecodedText(japanese["cp932"] or "", "cp932")
    raise _unclear()


def _unclear() -> UnusableInput:
    return UnusableInput("the encoding is unclear: set --encoding", "encoding_unclear")


def _is_japanese(text: str | None) -> bool:
    """Whether a text has a full-width kana. Kanji and half-width kana alone are what many encodings give; such a file
    is read as the receipt states.
    """
    return text is not None and _KANA.search(text) is not None


def _decode_strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _most_lines_decode(text: str) -> bool:
    """Whether this is a damaged UTF-8 file rather than a file in another encoding."""
    beyond_ascii = [line for line in text.split("\n") if not line.isascii()]
    return 2 * sum(BAD in line for line in beyond_ascii) < len(beyond_ascii)


def _decode_leniently(data: bytes, encoding: str) -> str:
    text = data.decode(encoding, errors="factstore-mark")
    return _NOT_IN_CP932.sub(BAD, text) if encoding == "cp932" else text


def _replace_by_bad(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return BAD, error.end
    raise error


codecs.register_error("factstore-mark", _replace_by_bad)
