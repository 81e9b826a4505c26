"""Bytes to text: declared encoding, byte order mark, UTF-8 with a few bad lines, cp932; anything else is asked for."""

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
_NUL_SHARE_OF_UTF16 = 0.2
_FEW = 0.1
BAD = "\ufffe"
"""Stands where a byte could not be decoded: a code point that no text holds, so the row that has it can be refused."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    encoding: str


def decode(data: bytes, declared: str | None) -> Text:
    """The text, with `BAD` for undecodable bytes, and its encoding. Raises UnusableInput where that is unclear."""
    if declared is not None:
        return _declared(data, declared)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Text(_lenient(data, encoding), encoding)
    sample = data[:65_536]
    if sample.count(0) > _NUL_SHARE_OF_UTF16 * len(sample) or _ISO_2022_JP.search(sample):
        raise UnusableInput("the encoding is unclear (UTF-16 or ISO-2022-JP without a mark): name it with --encoding")
    return _guess(data)


def _declared(data: bytes, declared: str) -> Text:
    try:
        codec = codecs.lookup(declared)
    except LookupError:
        raise UnusableInput(f"no such encoding: {declared}") from None
    name = "utf-8-sig" if codec.name == "utf-8" else codec.name
    return Text(_lenient(data, name), codec.name)


def _guess(data: bytes) -> Text:
    text = _lenient(data, "utf-8")
    if text.count(BAD) == 0 or _few_lines_are_bad(text):
        return Text(text, "utf-8")
    try:
        text = data.decode("cp932")
    except UnicodeDecodeError:
        raise UnusableInput("the encoding is unclear: name it with --encoding") from None
    if _HALF_WIDTH_KANA_RUN.search(text):
        raise UnusableInput("the encoding is unclear (EUC-JP or cp932): name it with --encoding")
    return Text(text, "cp932")


def _few_lines_are_bad(text: str) -> bool:
    """A UTF-8 file with damage, rather than a file in another encoding: most lines beyond ASCII decode."""
    beyond_ascii = [line for line in text.split("\n") if not line.isascii()]
    bad = sum(BAD in line for line in beyond_ascii)
    return bad <= max(_FEW * len(beyond_ascii), 1) and bad < len(beyond_ascii)


def _lenient(data: bytes, encoding: str) -> str:
    return data.decode(encoding, errors="factstore-mark")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return BAD, error.end
    raise error


codecs.register_error("factstore-mark", _mark)
