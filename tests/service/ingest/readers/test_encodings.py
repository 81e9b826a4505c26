"""Encodings: declared wins, then marks, then what only one encoding explains; mojibake is never stored."""

from collections.abc import Callable

import pytest

from service.errors import UnusableFile
from service.ingest import ParsedFile

HEADER = "subject,relation,answer\n"
JAPANESE = HEADER + "品番A,色,赤いもの\n品番B,色,青\n"
FACTS = [("品番A", "色", "赤いもの"), ("品番B", "色", "青")]
Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]

DECLARED = [
    ("cp932", "cp932"),
    ("Shift_JIS", "cp932"),
    ("windows-31j", "cp932"),
    ("euc-jp", "euc_jp"),
    ("iso-2022-jp", "iso2022_jp"),
    ("utf-8", "utf-8"),
    ("utf-8-sig", "utf-8-sig"),
    ("utf-16", "utf-16"),
    ("utf-16-le", "utf-16-le"),
    ("utf-16-be", "utf-16-be"),
    ("utf-32", "utf-32"),
    ("gb18030", "gb18030"),
]


@pytest.mark.parametrize(("declared", "named"), DECLARED)
def test_a_declared_encoding_wins(declared: str, named: str, read: Read, facts: AsFacts) -> None:
    """A declared encoding is used and reported."""
    codec = "cp932" if declared == "windows-31j" else declared
    parsed = read(JAPANESE.encode(codec), encoding=declared)
    assert (facts(parsed), parsed.encoding) == (FACTS, named)


def test_shift_jis_is_read_with_what_windows_adds(read: Read, facts: AsFacts) -> None:
    """A file declared Shift-JIS may hold ①, ㈱ and 髙, which only cp932 has."""
    parsed = read((HEADER + "①㈱,色,髙\n").encode("cp932"), encoding="shift_jis")
    assert facts(parsed) == [("①㈱", "色", "髙")]


def test_the_charset_of_the_media_type_declares(read: Read) -> None:
    """`text/csv; charset=` counts as declared where the query says nothing."""
    assert read(JAPANESE.encode("cp932"), 'text/csv; charset="Shift_JIS"').encoding == "cp932"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides(encoding: str, read: Read, facts: AsFacts) -> None:
    """A byte order mark decides the encoding and does not become part of the first header name."""
    parsed = read(JAPANESE.encode(encoding))
    assert facts(parsed) == FACTS
    assert parsed.header[0] == "subject"


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp"])
def test_clear_text_needs_no_declaration(encoding: str, read: Read, facts: AsFacts) -> None:
    """Everyday Japanese text in its three usual encodings is detected, and samples show it decoded."""
    parsed = read(JAPANESE.encode(encoding))
    assert (facts(parsed), parsed.encoding) == (FACTS, encoding)
    assert parsed.decoded_samples[0] == "品番A,色,赤いもの"


def test_half_width_kana_in_cp932_is_not_taken_for_euc(read: Read, facts: AsFacts) -> None:
    """Well-formed half-width kana in cp932 is read as such and not as EUC-JP."""
    text = HEADER + "ｱﾙﾐﾆｳﾑ,ｷｺﾞｳ,ｱﾙﾐ\nﾊﾟｯｷﾝ,ﾀﾝｲ,ｺ\n"
    parsed = read(text.encode("cp932"))
    assert facts(parsed) == [("ｱﾙﾐﾆｳﾑ", "ｷｺﾞｳ", "ｱﾙﾐ"), ("ﾊﾟｯｷﾝ", "ﾀﾝｲ", "ｺ")]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "München,Land,Bayern\nCafé,Typ,Gaststätte\n"),
        ("latin-1", "MÜNCHEN,LAND,BAYERN\n"),
        ("gb18030", "北京,首都,中国\n上海,城市,华东\n"),
        ("euc_kr", "서울,수도,한국\n부산,도시,경상\n"),
        ("big5", "臺北,首都,臺灣\n高雄,城市,南部\n"),
        ("koi8-r", "Москва,столица,Россия\n"),
        ("cp1251", "Москва,столица,Россия\n"),
    ],
)
def test_what_is_unclear_is_asked(encoding: str, text: str, read: Read) -> None:
    """Text that fits several encodings is refused, and the error names the option that settles it."""
    with pytest.raises(UnusableFile) as refused:
        read((HEADER + text).encode(encoding))
    assert refused.value.code == "encoding_unclear"
    assert "encoding=" in refused.value.detail


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "iso-2022-jp"])
def test_patterns_of_unmarked_encodings_are_named(encoding: str, read: Read) -> None:
    """UTF-16 without a mark and ISO-2022-JP are refused, and the error names the encoding to send."""
    with pytest.raises(UnusableFile) as refused:
        read(JAPANESE.encode(encoding))
    assert refused.value.code == "encoding_unclear"
    assert f"encoding={encoding}" in refused.value.detail


@pytest.mark.parametrize("name", ["foo", "rot13", "base64", "idna", "unicode_escape", "a\0b", "日本"])
def test_an_unknown_encoding_is_refused(name: str, read: Read) -> None:
    """An unknown encoding, or a codec that is no encoding of files, is refused."""
    with pytest.raises(UnusableFile) as refused:
        read(JAPANESE, encoding=name)
    assert refused.value.code == "encoding_wrong"


@pytest.mark.parametrize(
    ("stored", "declared"),
    [("cp932", "utf-8"), ("utf-8", "cp932"), ("utf-8-sig", "cp932"), ("utf-16", "utf-8")],
)
def test_a_wrong_declaration_is_refused(stored: str, declared: str, read: Read) -> None:
    """A file whose bytes contradict the declared encoding is refused."""
    with pytest.raises(UnusableFile) as refused:
        read(JAPANESE.encode(stored), encoding=declared)
    assert refused.value.code == "encoding_wrong"


@pytest.mark.parametrize("declared", [None, "utf-8"])
def test_a_few_undecodable_rows_are_refused_singly(declared: str | None, read: Read, facts: AsFacts) -> None:
    """One undecodable row is refused alone, with its bytes as escapes."""
    parsed = read(JAPANESE.encode() + b"C,\xe3\x81,x\n", encoding=declared)
    assert facts(parsed) == FACTS
    (refused,) = parsed.refused
    assert (refused.line, refused.code, refused.text) == (4, "row_undecodable", r"C,\xe3\x81,x")


def test_stray_bytes_in_ascii_are_refused_singly(read: Read) -> None:
    """Single stray bytes do not make an ASCII file a Western one; their rows are refused."""
    parsed = read(b"subject,relation,answer\nA,r,1\nB,r,\xff\xfe\nC,r,3\n")
    assert [(row.line, row.code) for row in parsed.refused] == [(3, "row_undecodable")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_nul_characters_refuse_their_rows(encoding: str, read: Read, facts: AsFacts) -> None:
    """A row with a NUL is refused; the NUL does not cut the file short."""
    parsed = read(JAPANESE.encode(encoding) + b"C,\0x,y\n")
    assert facts(parsed) == FACTS
    assert [(row.line, row.code) for row in parsed.refused] == [(4, "row_nul")]


def test_lone_surrogates_of_utf_16_refuse_their_rows(read: Read, facts: AsFacts) -> None:
    """A row with half of a surrogate pair is refused."""
    data = b"\xff\xfe" + JAPANESE.encode("utf-16-le") + b"\x00\xd8" + "C,x,y\n".encode("utf-16-le")
    parsed = read(data)
    assert facts(parsed) == FACTS
    assert parsed.refused[0].text == r"\ud800C,x,y"


@pytest.mark.parametrize("damage", ["c,r,\0", "c,\0,x", "\0,r,x"])
def test_a_nul_in_a_small_file_is_no_utf_16(damage: str, read: Read, facts: AsFacts) -> None:
    """One NUL beside a delimiter refuses its row, however few bytes the file has."""
    parsed = read(f"{HEADER}a,b,c\n{damage}\n")
    assert facts(parsed) == [("a", "b", "c")]
    assert [(row.line, row.code) for row in parsed.refused] == [(3, "row_nul")]


def test_a_file_cut_within_a_character_loses_its_last_row_only(read: Read, facts: AsFacts) -> None:
    """A file that ends within a character, in UTF-16 or UTF-8, loses its last row only."""
    text = JAPANESE + "品番C,色,白"
    for data in (text.encode("utf-16")[:-1], text.encode()[:-1]):
        parsed = read(data)
        assert facts(parsed) == FACTS
        assert [(row.line, row.code) for row in parsed.refused] == [(4, "row_undecodable")]


@pytest.mark.parametrize("stray", [0x80, 0xA0, 0xFD, 0xFE, 0xFF])
def test_bytes_that_cp932_does_not_have_are_refused(stray: int, read: Read, facts: AsFacts) -> None:
    """Bytes that Python decodes to private characters, though cp932 lacks them, refuse their row."""
    parsed = read(JAPANESE.encode("cp932") + b"c,r," + bytes([stray]) + b"\n", encoding="cp932")
    assert facts(parsed) == FACTS
    assert parsed.refused[0].text == f"c,r,\\x{stray:02x}"
