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
    """What is declared is used and shown."""
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
    """A mark is believed and does not become part of the first header name."""
    parsed = read(JAPANESE.encode(encoding))
    assert facts(parsed) == FACTS
    assert parsed.header[0] == "subject"


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp"])
def test_clear_text_needs_no_declaration(encoding: str, read: Read, facts: AsFacts) -> None:
    """Everyday Japanese text in the three encodings of everyday files is recognised, and shown decoded."""
    parsed = read(JAPANESE.encode(encoding))
    assert (facts(parsed), parsed.encoding) == (FACTS, encoding)
    assert parsed.decoded_samples[0] == "品番A,色,赤いもの"


def test_half_width_kana_in_cp932_is_not_taken_for_euc(read: Read, facts: AsFacts) -> None:
    """Well-formed half-width kana stays half-width kana."""
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
        ("euc_jp", "東京都,首都,東京\n"),
    ],
)
def test_what_is_unclear_is_asked(encoding: str, text: str, read: Read) -> None:
    """Text that could be several things is refused with the option that settles it, never stored as mojibake."""
    with pytest.raises(UnusableFile) as refused:
        read((HEADER + text).encode(encoding))
    assert refused.value.code == "encoding_unclear"
    assert "encoding=" in refused.value.detail


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "iso-2022-jp"])
def test_patterns_of_unmarked_encodings_are_named(encoding: str, read: Read) -> None:
    """UTF-16 without a mark and ISO-2022-JP are asked for by name."""
    with pytest.raises(UnusableFile) as refused:
        read(JAPANESE.encode(encoding))
    assert refused.value.code == "encoding_unclear"
    assert f"encoding={encoding}" in refused.value.detail


@pytest.mark.parametrize("name", ["foo", "rot13", "base64", "idna", "unicode_escape", "a\0b", "日本"])
def test_an_unknown_encoding_is_refused(name: str, read: Read) -> None:
    """Only encodings of files are encodings."""
    with pytest.raises(UnusableFile) as refused:
        read(JAPANESE, encoding=name)
    assert refused.value.code == "encoding_wrong"


@pytest.mark.parametrize(
    ("stored", "declared"),
    [("cp932", "utf-8"), ("utf-8", "cp932"), ("utf-8-sig", "cp932"), ("utf-16", "utf-8")],
)
def test_a_wrong_declaration_is_refused(stored: str, declared: str, read: Read) -> None:
    """A declaration that the bytes contradict stores nothing."""
    with pytest.raises(UnusableFile) as refused:
        read(JAPANESE.encode(stored), encoding=declared)
    assert refused.value.code == "encoding_wrong"


@pytest.mark.parametrize("declared", [None, "utf-8"])
def test_a_few_undecodable_rows_are_refused_singly(declared: str | None, read: Read, facts: AsFacts) -> None:
    """One broken row costs one row; its bytes are shown as escapes."""
    parsed = read(JAPANESE.encode() + b"C,\xe3\x81,x\n", encoding=declared)
    assert facts(parsed) == FACTS
    (refused,) = parsed.refused
    assert (refused.line, refused.code, refused.text) == (4, "row_undecodable", r"C,\xe3\x81,x")


def test_stray_bytes_in_ascii_are_refused_singly(read: Read) -> None:
    """Bytes that are letters of no alphabet do not make a file Western."""
    parsed = read(b"subject,relation,answer\nA,r,1\nB,r,\xff\xfe\nC,r,3\n")
    assert [(row.line, row.code) for row in parsed.refused] == [(3, "row_undecodable")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_nul_characters_refuse_their_rows(encoding: str, read: Read, facts: AsFacts) -> None:
    """A NUL neither cuts the file nor reaches a fact."""
    parsed = read(JAPANESE.encode(encoding) + b"C,\0x,y\n")
    assert facts(parsed) == FACTS
    assert [(row.line, row.code) for row in parsed.refused] == [(4, "row_nul")]


def test_lone_surrogates_of_utf_16_refuse_their_rows(read: Read, facts: AsFacts) -> None:
    """Half a character is no character."""
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
    """UTF-16 with an odd number of bytes, UTF-8 in the middle of a character."""
    text = JAPANESE + "品番C,色,白"
    for data in (text.encode("utf-16")[:-1], text.encode()[:-1]):
        parsed = read(data)
        assert facts(parsed) == FACTS
        assert [(row.line, row.code) for row in parsed.refused] == [(4, "row_undecodable")]


@pytest.mark.parametrize("stray", [0x80, 0xA0, 0xFD, 0xFE, 0xFF])
def test_bytes_that_cp932_does_not_have_are_refused(stray: int, read: Read, facts: AsFacts) -> None:
    """Python would turn them into private characters; here they refuse their row and are shown."""
    parsed = read(JAPANESE.encode("cp932") + b"c,r," + bytes([stray]) + b"\n", encoding="cp932")
    assert facts(parsed) == FACTS
    assert parsed.refused[0].text == f"c,r,\\x{stray:02x}"
