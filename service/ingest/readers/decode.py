"""Decoding files: by the declared encoding, else by the byte order mark, else by the only encoding that fits the bytes.

Where several encodings fit, the file is refused with what each of them makes of it, so text is never stored garbled.
Bytes that do not decode are kept as lone surrogates (PEP 383), so that their rows can be refused one by one and written
with escapes. They never become U+FFFD and never reach a fact.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.problems import Code
from service.errors import UnusableFile
from service.ingest.options import Options
from service.ingest.readers.detect import LATIN, Reading, rank_readings

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
_ISO_2022_JP = re.compile(rb"\x1b(\$[@B]|\$\([DOPQ]|\([BJI])")
_JAPANESE_MAIL = ("iso-2022-jp", "iso2022_jp_ext", "iso2022_jp_3", "iso2022_jp_2004")
# Python decodes bytes that cp932 does not define to these control and private characters.
_NOT_IN_CP932 = re.compile("[\x80\uf8f0-\uf8f3]")
_AS_BYTES = dict(
    zip(map(ord, "\x80\uf8f0\uf8f1\uf8f2\uf8f3"), map(chr, (0xDC80, 0xDCA0, 0xDCFD, 0xDCFE, 0xDCFF)), strict=True)
)
# Row 13 of JIS, such as ① and ㈱: in the files of NEC and Windows, but in no EUC-JP by the standard.
_NEC_ROW = str.maketrans(
    "", "", "".join(bytes([0xAD, cell]).decode("euc_jis_2004", "ignore") for cell in range(0xA1, 0xFF))
)
_SURE = 10  # bits by which a reading has to be less surprising than the next one: a thousand to one
_SURE_OF_OTHERS = 20  # the same for an encoding that is offered, of many that differ in a few letters
_POSSIBLE = 40  # bits beyond which a reading is not worth a question
_TAKEN = frozenset(("utf-8", "cp932", "euc_jp", "euc_jis_2004"))  # the only ones that are read without a question
_SHOWN_READINGS, _SHOWN_CHARS = 8, 80
_ASK = "Name the encoding, for example encoding=cp932 (Excel on Japanese Windows), encoding=euc_jp or encoding=cp1252"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file. damaged: some bytes did not decode and are lone surrogates in the text."""

    text: str
    encoding: str
    damaged: bool


def decode(data: bytes, media_type: str | None, options: Options) -> Decoded:
    """Decode a file. Raises UnusableFile (422) where the encoding is unclear or not the declared one."""
    declared = options.encoding or get_charset(media_type)
    if declared:
        return _decode_as(data, _look_up_encoding(declared), options)
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _decode_or_refuse(data[len(bom) :], name, options)
    if data.isascii():
        _refuse_japanese_mail(data, options)
        if b"\0" not in data:
            return Decoded(data.decode("ascii"), "utf-8", damaged=False)
    return _detect_and_decode(data, options)


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


def _decode_as(data: bytes, name: str, options: Options) -> Decoded:
    marked = next((marked for bom, marked in _BOMS if data.startswith(bom)), name)
    if marked[:6] != name[:6]:
        raise UnusableFile(
            f"encoding={name} was declared, but the file begins with the byte order mark of {marked}. "
            "Leave out encoding=.",
            code=Code.ENCODING_WRONG,
            **options.offer(encoding=None),
        )
    return _decode_or_refuse(data, name, options)


def _decode_or_refuse(data: bytes, name: str, options: Options) -> Decoded:
    """Decode a file that is said to be in an encoding. Raises UnusableFile where it is not, with one that reads it."""
    decoded, bad, lines = _decode_leniently(data, name)
    if decoded:
        return Decoded(decoded.text.removeprefix("\ufeff"), name, decoded.damaged)
    fitting = _find_fitting(data, rank_readings(data))
    advice, offer = f"{_ASK}, or leave out encoding=", {}
    if _is_clear(fitting):
        advice = f"By encoding={fitting[0].encoding} it reads: {_show_samples(fitting[:1])[0]}"
        offer = options.offer(encoding=fitting[0].encoding)
    raise UnusableFile(
        f"The file is not valid {name}: {len(bad)} of {lines} lines have bytes that do not decode, the first of them "
        f"line {bad[0]}. {advice}.",
        code=Code.ENCODING_WRONG,
        **offer,
    )


def _decode_leniently(data: bytes, name: str) -> tuple[Decoded | None, list[int], int]:
    """Decode a file, where less than half of its lines are damaged with their bytes kept, so that only their rows are
    refused; None where more are. Also returns which lines are damaged, and how many there are.
    """
    codec = "utf-8" if name == "utf-8-sig" else name
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        text = _decode_with_surrogates(data, codec)
    if codec == "cp932" and _NOT_IN_CP932.search(text):
        text = text.translate(_AS_BYTES)
    elif text.isascii() or not SURROGATE.search(text):
        return Decoded(text, name, damaged=False), [], 0
    lines = text.splitlines()
    bad = [at for at, line in enumerate(lines, 1) if SURROGATE.search(line)]
    usable = len(bad) * 2 < len(lines) and not _is_utf8_instead(data, codec)
    return Decoded(text, name, damaged=True) if usable else None, bad, len(lines)


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


def _refuse_japanese_mail(data: bytes, options: Options) -> None:
    """Raise UnusableFile for ISO-2022-JP, which is ASCII with escape sequences."""
    if not _ISO_2022_JP.search(data):
        return
    for name in _JAPANESE_MAIL:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        raise _encoding_unclear([Reading(0, name, text)], options, "The file has the escape sequences of ISO-2022-JP.")


def _detect_and_decode(data: bytes, options: Options) -> Decoded:
    """Decode by the encoding whose text is clearly the least surprising, where that is UTF-8 or a Japanese one.

    Raises UnusableFile where it is another encoding, or where two are about as likely.
    """
    readings = rank_readings(data)
    best = readings[0]
    if best.encoding in _TAKEN and _is_clear(readings):
        decoded, *_ = _decode_leniently(data, best.encoding)
        if decoded and (best.encoding == "utf-8" or (not decoded.damaged and _is_everyday(decoded))):
            return decoded
    raise _encoding_unclear(
        _find_fitting(data, readings), options, "The file is neither clearly UTF-8 nor clearly Shift-JIS (cp932)."
    )


def _is_clear(readings: Sequence[Reading], margin: float = _SURE) -> bool:
    """Whether the first reading is far likelier than the others, or nothing but damage to ASCII, which is refused."""
    if len(readings) < 2:
        return bool(readings)
    best, second = readings[:2]
    sure = second.bits - best.bits >= margin and not {best.encoding, second.encoding} <= LATIN
    return sure or (best.encoding == "utf-8" and SURROGATE.sub("", best.text).isascii())


def _find_fitting(data: bytes, readings: Sequence[Reading]) -> list[Reading]:
    """The readings of a sample that are likely enough to be shown and read the whole file."""
    best = readings[0]
    likely = [each for each in readings if each.bits - best.bits < _POSSIBLE or {each.encoding, best.encoding} <= LATIN]
    return [reading for reading in likely[:_SHOWN_READINGS] if _decode_leniently(data, reading.encoding)[0]]


def _is_everyday(decoded: Decoded) -> bool:
    """Whether what euc_jis_2004 adds to EUC-JP is only what all programs agree on; Windows has other kanji there."""
    if decoded.encoding != "euc_jis_2004":
        return True
    try:
        decoded.text.translate(_NEC_ROW).encode("euc_jp")
    except UnicodeEncodeError:
        return False
    return True


def _encoding_unclear(readings: list[Reading], options: Options, reason: str) -> UnusableFile:
    """The question which of these readings is right; the likeliest is offered where it clearly is that."""
    if not readings:
        return UnusableFile(f"{reason} {_ASK}.", code=Code.ENCODING_UNCLEAR)
    samples = list(zip(readings, _show_samples(readings), strict=True))
    shown = "; ".join(f"with encoding={reading.encoding} it reads: {sample}" for reading, sample in samples)
    return UnusableFile(
        f"{reason} {shown[0].upper()}{shown[1:]}. {'Send that' if len(readings) == 1 else 'Send the right one'}, "
        "or another encoding=, or save the file as UTF-8.",
        code=Code.ENCODING_UNCLEAR,
        readings=[
            {"query": options.change_query(encoding=reading.encoding), "sample": sample} for reading, sample in samples
        ],
        **(options.offer(encoding=readings[0].encoding) if _is_clear(readings, _SURE_OF_OTHERS) else {}),
    )


def _show_samples(readings: Sequence[Reading]) -> list[str]:
    """A line of each reading, by which a person sees which is right: the first that they read differently."""
    texts = [reading.text.splitlines() for reading in readings]
    telling = (lines for lines in zip(*texts, strict=False) if len(set(lines)) == len(set(map(tuple, texts))))
    shown = next(telling, None) or next((lines for lines in zip(*texts, strict=False) if len(set(lines)) > 1), None)
    shown = shown or tuple(next((line for line in lines if not line.isascii()), "") for lines in texts)
    return [escape_undecodable(line.strip("\ufeff")[:_SHOWN_CHARS]) for line in shown]


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
