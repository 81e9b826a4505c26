"""Bytes to text: what is declared wins; then a byte order mark; then what only one encoding can explain; else 422.

Bytes that do not decode are kept as lone surrogates (PEP 383), so that the rows that hold them can be refused singly
and shown as they are; they never become U+FFFD and never reach a fact.
"""

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

import charset_normalizer

from schemas.problems import Code
from service.errors import UnusableFile

SURROGATE = re.compile("[\ud800-\udfff]")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# cp932 holds all of Shift-JIS and what Windows adds; a file called Shift-JIS nearly always comes from Windows.
_ALIASES = dict.fromkeys(
    ("shift_jis", "shift-jis", "shiftjis", "sjis", "x-sjis", "s_jis", "windows-31j", "windows_31j", "ms932"), "cp932"
)
_NOT_FOR_FILES = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_7", "mbcs", "oem"}
_WESTERN = re.compile(rb"[A-Za-z][\xc0-\xef\xf1-\xf6\xf8-\xfd]|[\xc0-\xef\xf1-\xf6\xf8-\xfd][A-Za-z]")
_ISO_2022_JP = re.compile(rb"\x1b(\$[@B]|\$\([DOPQ]|\([BJI])")
_MARKS = re.compile("[,\t;|\n\r]")
# Python decodes these bytes of cp932 too, to controls and private characters that nobody wrote.
_NOT_IN_CP932 = re.compile("[\x80\uf8f0-\uf8f3]")
_AS_BYTES = dict(
    zip(map(ord, "\x80\uf8f0\uf8f1\uf8f2\uf8f3"), map(chr, (0xDC80, 0xDCA0, 0xDCFD, 0xDCFE, 0xDCFF)), strict=True)
)
_HINT_BYTES = 1 << 16
_ASK = "Say which one it is, for example encoding=cp932 (Excel on Japanese Windows), encoding=euc_jp or encoding=cp1252"


@dataclass(frozen=True, slots=True)
class Decoded:
    """damaged: some bytes did not decode and stand in the text as surrogates."""

    text: str
    encoding: str
    damaged: bool


def decode(data: bytes, declared: str | None) -> Decoded:
    """The text of a file and the encoding it was read in; 422 where that cannot be known."""
    if declared:
        return _decode_as(data, _look_up_encoding(declared))
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _decode_leniently(data[len(bom) :], name)
    _refuse_unmarked(data)
    return _detect_and_decode(data)


def escape_undecodable(text: str) -> str:
    r"""Text that can be written as UTF-8: undecodable bytes as \xNN, lone surrogates as \uNNNN."""
    return SURROGATE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _look_up_encoding(declared: str) -> str:
    name = _ALIASES.get(declared.strip().lower(), declared.strip())
    try:
        b"a".decode(name, "replace")
        known = codecs.lookup(name).name.replace("-", "_") not in _NOT_FOR_FILES
    except (LookupError, ValueError):
        known = False
    if not known:
        raise UnusableFile(f"There is no encoding called {declared[:40]!r}. {_ASK}.", code=Code.ENCODING_WRONG)
    return codecs.lookup(name).name


def _decode_as(data: bytes, name: str) -> Decoded:
    marked = next((marked for bom, marked in _BOMS if data.startswith(bom)), name)
    if marked[:6] != name[:6]:
        raise UnusableFile(
            f"encoding={name} was declared, but the file begins with the byte order mark of {marked}.",
            code=Code.ENCODING_WRONG,
        )
    decoded = _decode_leniently(data, name)
    return Decoded(decoded.text.removeprefix("\ufeff"), decoded.encoding, decoded.damaged)


def _decode_leniently(data: bytes, name: str) -> Decoded:
    """Decode; where a minority of lines does not, keep their bytes for the rows to be refused singly."""
    codec = "utf-8" if name == "utf-8-sig" else name
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        text = _decode_with_surrogates(data, codec)
    if codec == "cp932" and _NOT_IN_CP932.search(text):
        text = text.translate(_AS_BYTES)
    elif text.isascii() or not SURROGATE.search(text):
        return Decoded(text, name, damaged=False)
    lines = text.splitlines()
    bad = [at for at, line in enumerate(lines, 1) if SURROGATE.search(line)]
    if len(bad) * 2 < len(lines) and not _is_utf8_instead(data, codec):
        return Decoded(text, name, damaged=True)
    raise UnusableFile(
        f"The file does not read as {name}: {len(bad)} of {len(lines)} lines have bytes that make no sense in it, the "
        f"first is line {bad[0]}.{_suggest_encoding(data)} {_ASK}, or leave encoding out.",
        code=Code.ENCODING_WRONG,
    )


def _decode_with_surrogates(data: bytes, codec: str) -> str:
    """The text with a lone surrogate for each thing that does not decode."""
    if not codec.startswith(("utf-16", "utf-32")):
        return data.decode(codec, "surrogateescape")
    unit = int(codec[4:6]) // 8
    whole = len(data) // unit * unit
    try:
        return data[:whole].decode(codec, "surrogatepass") + "\udcff" * (len(data) > whole)
    except UnicodeDecodeError:
        return "\udcff"


def _is_utf8_instead(data: bytes, codec: str) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return codec != "utf-8"


def _refuse_unmarked(data: bytes) -> None:
    """UTF-16 without a byte order mark shows as NULs at every second byte, ISO-2022-JP as escapes."""
    wide = _wide_encoding(data)
    if wide:
        raise _encoding_unclear(
            f"The file looks like {wide.upper()} without a byte order mark. Send encoding={wide}.", wide
        )
    if data.isascii() and _ISO_2022_JP.search(data):
        raise _encoding_unclear("The file has the escapes of ISO-2022-JP. Send encoding=iso-2022-jp.", "iso-2022-jp")


def _wide_encoding(data: bytes) -> str | None:
    nuls = data.count(0)
    if nuls * 50 < len(data):
        return None
    by_place = [data[place::4].count(0) for place in range(4)]
    nearly_all = len(data) * 9 // 40
    if min(by_place[2:]) > nearly_all:
        return "utf-32-le"
    if min(by_place[:2]) > nearly_all:
        return "utf-32-be"
    low, high = by_place[0] + by_place[2], by_place[1] + by_place[3]
    name = "utf-16-le" if high > low else "utf-16-be"
    if max(low, high) < 20 * min(low, high):
        return None
    return name if _has_wide_separators(data, name) else None


def _has_wide_separators(data: bytes, name: str) -> bool:
    """Whether most line ends and delimiters are two bytes wide: in other text a NUL beside one of them is chance."""
    wide = len(_MARKS.findall(data[: len(data) // 2 * 2].decode(name, "replace")))
    return wide * 2 > sum(map(data.count, b",\t;|\n\r")) > 0


def _detect_and_decode(data: bytes) -> Decoded:
    try:
        return Decoded(data.decode("utf-8"), "utf-8", damaged=False)
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    lines = text.splitlines()
    bad = {at for at, line in enumerate(lines) if SURROGATE.search(line)}
    good = sum(1 for at, line in enumerate(lines) if at not in bad and not line.isascii())
    if good > len(bad):
        return Decoded(text, "utf-8", damaged=True)
    japanese = detect_japanese(data)
    if japanese:
        return Decoded(data.decode(japanese), japanese, damaged=False)
    western = any(_WESTERN.search(lines[at].encode("utf-8", "surrogateescape")) for at in bad)
    if not good and not western and len(bad) * 2 < len(lines):
        return Decoded(text, "utf-8", damaged=True)
    raise _encoding_unclear(
        f"The file is neither UTF-8 nor clearly Shift-JIS (cp932).{_suggest_encoding(data)} {_ASK}.", None
    )


def _suggest_encoding(data: bytes) -> str:
    best = charset_normalizer.from_bytes(data[:_HINT_BYTES]).best()
    return f" It may be {best.encoding}." if best else ""


def _encoding_unclear(detail: str, encoding: str | None) -> UnusableFile:
    return UnusableFile(detail, code=Code.ENCODING_UNCLEAR, encoding=encoding)


def get_base_type(media_type: str | None) -> str:
    """`Text/CSV; charset=cp932` -> `text/csv`."""
    return (media_type or "").partition(";")[0].strip().lower()


def get_charset(media_type: str | None) -> str | None:
    """The charset parameter of a media type, or None."""
    for parameter in (media_type or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip():
            return value.strip().strip('"')
    return None


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


def detect_japanese(data: bytes) -> str | None:
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
