"""Decoding files: by the declared encoding, else by the byte order mark, else by the only encoding that fits the bytes.

Where several encodings fit, the file is refused, so text is never stored garbled. Bytes that do not decode are kept as
lone surrogates (PEP 383), so that their rows can be refused one by one and written with escapes. They never become
U+FFFD and never reach a fact.
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
# cp932 is Shift-JIS with additions by Windows, where nearly all files that are called Shift-JIS come from.
_ALIASES = dict.fromkeys(
    ("shift_jis", "shift-jis", "shiftjis", "sjis", "x-sjis", "s_jis", "windows-31j", "windows_31j", "ms932"), "cp932"
)
_NOT_FOR_FILES = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_7", "mbcs", "oem"}
_WESTERN = re.compile(rb"[A-Za-z][\xc0-\xef\xf1-\xf6\xf8-\xfd]|[\xc0-\xef\xf1-\xf6\xf8-\xfd][A-Za-z]")
_ISO_2022_JP = re.compile(rb"\x1b(\$[@B]|\$\([DOPQ]|\([BJI])")
_MARKS = re.compile("[,\t;|\n\r]")
# Python decodes bytes that cp932 does not define to these control and private characters.
_NOT_IN_CP932 = re.compile("[\x80\uf8f0-\uf8f3]")
_AS_BYTES = dict(
    zip(map(ord, "\x80\uf8f0\uf8f1\uf8f2\uf8f3"), map(chr, (0xDC80, 0xDCA0, 0xDCFD, 0xDCFE, 0xDCFF)), strict=True)
)
_HINT_BYTES = 1 << 16
_ASK = "Name the encoding, for example encoding=cp932 (Excel on Japanese Windows), encoding=euc_jp or encoding=cp1252"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file. damaged: some bytes did not decode and are lone surrogates in the text."""

    text: str
    encoding: str
    damaged: bool


def decode(data: bytes, declared: str | None) -> Decoded:
    """Decode a file. Raises UnusableFile (422) where the encoding is unclear or not the declared one."""
    if declared:
        return _decode_as(data, _look_up_encoding(declared))
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _decode_leniently(data[len(bom) :], name)
    _refuse_unmarked(data)
    return _detect_and_decode(data)


def escape_undecodable(text: str) -> str:
    r"""Make a text that can be written as UTF-8: undecodable bytes become \xNN, other lone surrogates \uNNNN."""
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
            f"encoding={name} was declared, but the file begins with the byte order mark of {marked}. "
            "Leave out encoding=.",
            code=Code.ENCODING_WRONG,
        )
    decoded = _decode_leniently(data, name)
    return Decoded(decoded.text.removeprefix("\ufeff"), decoded.encoding, decoded.damaged)


def _decode_leniently(data: bytes, name: str) -> Decoded:
    """Decode a file; where less than half of the lines are damaged, keep their bytes, so that only their rows are
    refused. Raises UnusableFile where more are.
    """
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
        f"The file is not valid {name}: {len(bad)} of {len(lines)} lines have bytes that do not decode, the first of "
        f"them line {bad[0]}.{_suggest_encoding(data)} {_ASK}, or leave out encoding=.",
        code=Code.ENCODING_WRONG,
    )


def _decode_with_surrogates(data: bytes, codec: str) -> str:
    """The text with a lone surrogate for each byte, or each wide character, that does not decode."""
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
    """Raise UnusableFile for UTF-16 or UTF-32 without a byte order mark, where NULs stand at regular places, and for
    ISO-2022-JP, which is known by its escape sequences.
    """
    wide = _wide_encoding(data)
    if wide:
        raise _encoding_unclear(
            f"The file looks like {wide.upper()} without a byte order mark. Send encoding={wide}.", wide
        )
    if data.isascii() and _ISO_2022_JP.search(data):
        raise _encoding_unclear(
            "The file has the escape sequences of ISO-2022-JP. Send encoding=iso-2022-jp.", "iso-2022-jp"
        )


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
    """Whether most line ends and delimiters are two bytes wide; in other text few of them have a NUL beside them."""
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
    """The media type without its parameters: `Text/CSV; charset=cp932` -> `text/csv`."""
    return (media_type or "").partition(";")[0].strip().lower()


def get_charset(media_type: str | None) -> str | None:
    """The charset parameter of a media type; None where it has none."""
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
    """Detect `cp932` or `euc_jp`; None where the bytes are not clearly one of them.

    EUC-JP bytes also decode as cp932, into runs of half-width kana, and Latin-1 bytes into rare kanji between Latin
    letters. Both are told apart by what Japanese text usually looks like.
    """
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
    """The first lines that are not ASCII."""
    lines = (line for line in data.split(b"\n") if not line.isascii())
    return b"\n".join(islice(lines, _SAMPLE_LINES))[:_SAMPLE_BYTES]


def _has_kana(data: bytes) -> bool:
    """Whether a tenth of what is not ASCII is kana, as in no Chinese or Korean text in the same byte ranges."""
    text = _sample(data).decode("euc_jp", "ignore")
    return len(_KANA.findall(text)) * 10 >= len(_NON_ASCII.findall(text))


def _reads_as_cp932(data: bytes) -> bool:
    """Whether kana and common kanji outweigh rare kanji and malformed runs of half-width kana, or all is half-width
    kana with a voiced mark.
    """
    sample = _sample(data)
    kinds = Counter(token.lastgroup for token in _CP932.finditer(sample))
    runs = [token["half"] for token in _CP932.finditer(sample) if token["half"]]
    odd_runs = sum(1 for run in runs if not _KANA_RUN.fullmatch(run))
    if kinds["stray"]:
        return False
    if kinds["common"]:
        return kinds["common"] > kinds["rare"] + odd_runs
    return not kinds["rare"] and not odd_runs and any(_VOICED.search(run) for run in runs)
