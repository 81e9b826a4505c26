"""Telling encodings apart by how surprising the text is that each of them makes of a file's bytes, in bits.

A character costs the logarithm of how rare it is in the writing that its encoding was made for, and more where it
stands as nobody writes: a capital after a small letter, a Greek letter within a Latin word, a voiced mark after a kana
without a voice. What people write costs far less by its own encoding than by any other, so the difference between two
readings says how sure the cheaper one is.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import log2

_ASCII, _MARK, _SYMBOL, _PRIVATE, _DAMAGED, _CONTROL = 5, 6, 11, 16, 9, 20
_UNRANKED, _RARE, _RARE_SIGN, _FOREIGN = 8, 13, 16, 22
_CAPITAL, _NEW_SCRIPT, _NEW_FOREIGN_SCRIPT = 1, 3, 10
_MIXED, _RAISED_CASE, _LOWERED_CASE, _MISPLACED, _INSIDE_A_WORD, _ALONE, _IN_A_ROW = 8, 7, 4, 9, 5, 5, 3

# The letters of each writing and the ideographs that everyday words are made of, the most frequent first.
_SHARED = "éáíóöüä"
_WESTERN = "éáíóèüöäàçñãêåøôßâæúûëîïõòùìœÿ"
_CENTRAL = "áíéščžýřěóőúłąęćńśżźöüäčůâăîșțşţďťňľđëçôŕĺű"
_TURKISH = "ıüşğöç"
_BALTIC = "āšīėžēūčųģņļķąęįõöäüåæøéó"
_VIETNAMESE = "đảấộươạếịềầớứóăốậểữờồởọợẩụủừựắặỉễẫổẵẳằẹẻẽỏỗỡũửỳỵỷỹ"
_CYRILLIC = "аоиенртслквмдяпуйгбыьзчхшжюцщэфіїўёъєґјљњћђџѓќѕ"
_GREEK = "αοιετσνηρυκπμλςίγάωόδέχθήβύφώξζψϊϋΐΰ"
_HEBREW = "יולהמרתבאנשםקדחפעסכטןגזצךףץ"
_ARABIC = "اليمنرتبوةسدعفهحقكأجشطصخىضزإغثءآظذؤئگپچژ"
_THAI = "านรเอกงมยลวดทสตะิีัปบคหแจุ่้พชขูื์ใไโ็ซผถณศธภำญึษๆฐฉฟฝฏฮฎฤฆฬฒฑฌฦ฿์๊๋ฯํ"
_KATAKANA = (
    "ンースイルトラリシアクドカタッレニマフナキコジテサノウチオロハムメプバュグブパモツエミセソデヨャワネズケヤヒゴガィビピベポダェボホユ"
    "ァペョギザヘヌゲゼォヴゾヂヅゥヲ"
)
_HIRAGANA = (
    "のいしるたかなとにをはてきっりらこんまあさくれもすうみつちがでけわそひよせえゆやおほふだむめぬじばろねどぶごぎづげべずびぼへざぐぜゃゅ"
    "ょぞぽぷぱぢぁぴぺぃぇぉ"
)
_HALF_WIDTH = "ﾝﾞｰｲｽﾙﾄﾗﾘｼｱｸｶﾀﾟﾚｯﾆﾏﾌﾅｷｺﾃｻﾉｳﾁｵﾛﾊﾑﾒｭﾓﾂｴﾐｾｿﾖｬﾜﾈｹﾔﾋｨﾕｪﾎﾍﾇｧｮｫｩｦ"
_KANJI = (
    "日本国大人年一中会社市町村区県府都道東西南北京阪川山田島高小上下内外前後新古名部品番号分地時生行方出入三二四五六七八九十百千万"
    "株式有限合同工業製作所産商事物材料質種類型形寸法長幅厚径重量数単位価格納期色赤青白黒黄緑茶金銀銅鉄鋼板管軸受平座機械電気化学"
    "在庫棚標準規担当者得意先取引営本支店住主語関係答項目対象値用共和諸首通貨月火水木土石井藤佐伊加松林森野原崎橋口谷沢岡福神戸横"
    "浜海広宮長静千葉城岩秋群栃奈良岐阜愛知三重滋賀和歌根媛熊児沖縄鈴渡辺村本清中子美明正義信幸恵太郎直樹健英代次自動車食紙箱袋"
    "々拓真翔陽葵蓮結颯悠優美咲彩香織里奈江智和博隆浩誠剛大輔雅之也介弘司哲治修吾学久進勝利晴康裕亮翼舞涼遥斗馬場池内柴酒斎遠坂"
    "間使私立第全理文手心見家世界公共語州連邦領諸王氏称使開発管理部課長室計画情報技術研究設備検査点処件単番初期再回転速度圧力温油"
)
_HANZI = (
    "的一是不在人有我他中大上国个到为子和地出年得就要下以生会自家学对里后小多天能好都日起发成事作看文无开手十用主行方前所本见经"
    "面公同三从动两长知民分外高进法二理美点月明全工部正名定女力机业最间新位重电四门东政海口西平世信北少关内加化由代产入山五太水万"
    "市体别处总场比员性通目华马安表原车白路期金反合制解台共风林建南度色科元社术结流青管院区品量江语英基式黄德收设史商石州亚尼尔"
    "阿巴拉利罗格布萨斯坦群岛哥达伊牙纳卡圣维埃克兰几耳吉普帕瓦塞桑莫特威韦喀麦洛索苏沙森洪贝毛里巴拿俄荷葡挪瑞典丹芬冰朝鲜韩越"
    "國來個說為時會學對後發當開經長點現實進間樣見動業電門東車話問機種員華張馬灣臺島亞爾羅蘭達維納聖縣區鄉鎮號"
)
_WITHIN_WORDS = frozenset("’‘ʻʼʿʾ·–—・、。「」…")
_SYLLABLES = (
    "이다아가스리나라사시도인자지기고어하대한국서부산남북동구니르드랜카키탄트로마바오일본중미영군공화제주의는을를에해정성전상소수우원장유"
    "경김박최조강윤임신안송오홍문양손배백허노하곽권황양진선민현준연은혜영희철호재용규광명석태덕보비치파포피페프테타터토코크케그글게레러"
    "루르디데버베벨브발세셀슈싱안알엘예요위을잉자차체츠콩쿠탈탕통팔푸필함형후휴흑회물품번격단위재고색가량크기류업체명칭호점"
)
_FAMILIAR = _WITHIN_WORDS | frozenset(
    "　。、・「」『』（）【】ー～〜：／！？＝＋－−，．％＆→←’‘“”–—…°±²³×·½µ€£§®©™«»№¥"
)

_SELDOM = frozenset("\\^_`{|}~@[]<>#$")

_VOICED = re.compile("[ｳｶ-ﾄﾊ-ﾎ]")
_HALF_WIDTH_BEFORE = {
    "ﾞ": _VOICED,
    "ﾟ": re.compile("[ﾊ-ﾎ]"),
    **dict.fromkeys("ｬｭｮ", re.compile("[ｷｼﾁﾆﾋﾐﾘﾞﾟﾃﾌ]")),
    **dict.fromkeys("ｧｨｩｪｫ", re.compile("[ｳｼﾁﾂﾃﾄﾌｸｲﾘﾞﾟ]")),
    **dict.fromkeys("ｰﾝ", re.compile("[ｧ-ｮｱ-ﾜﾞﾟ]")),
    **dict.fromkeys("ｯ｡､", re.compile("[ｦ-ﾟ]")),
}
"""What stands before a half-width kana that begins no word."""
_HALF_WIDTH_AFTER = {"ｯ": re.compile("[ｶ-ﾄﾊ-ﾎﾗ-ﾛ]")}

_LAST_LETTERS = frozenset("ςךםןףץ")
_ALPHABETS = frozenset(("LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI"))
_JAPANESE_SCRIPTS = frozenset(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "FULLWIDTH", "HALFWIDTH"))


def _rank(letters: str) -> dict[str, float]:
    """The bits of each letter by Zipf's law: the r-th most frequent has a share in proportion to 1 / (r + 2)."""
    distinct = list(dict.fromkeys(letters))
    total = sum(1 / (rank + 2) for rank in range(len(distinct)))
    return {letter: log2(total * (rank + 2)) for rank, letter in enumerate(distinct)}


def _rank_signs(signs: str, others: frozenset[str]) -> dict[str, float]:
    """The bits of ideographs: half of a text is frequent ones, half is others of the standard's everyday level."""
    return dict.fromkeys(others, log2(2 * len(others))) | {sign: bits + 1 for sign, bits in _rank(signs).items()}


def _decode_rows(codec: str, first: int, last: int) -> frozenset[str]:
    """The characters in some rows of a double-byte set, such as its everyday level."""
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    pairs = (bytes([lead, trail]) for lead in range(first, last + 1) for trail in trails)
    return frozenset(text for pair in pairs if len(text := pair.decode(codec, "ignore")) == 1 and text > "\x7f")


@dataclass(frozen=True, slots=True)
class Writing:
    """What is written in an encoding.

    bits: how rarely files are in it. letters: the bits of its usual characters. scripts: those whose other letters are
    rare rather than foreign. holds_everything: no character is foreign to it.
    """

    bits: float
    letters: dict[str, float]
    scripts: frozenset[str]
    holds_everything: bool = False


def _alphabet(bits: float, letters: str, script: str = "LATIN") -> Writing:
    return Writing(bits, _rank(letters), frozenset(("LATIN", script)))


_KANA = {letter: bits + 1 for letters in (_KATAKANA, _HIRAGANA, _HALF_WIDTH) for letter, bits in _rank(letters).items()}
_JAPANESE = _KANA | _rank_signs(_KANJI, _decode_rows("euc_jp", 0xB0, 0xCF))
_BORROWED = {letter: bits + 4 for letter, bits in _rank(_KANJI).items()} | _KANA
_CHINESE = _BORROWED | _rank_signs(_HANZI, _decode_rows("gb2312", 0xB0, 0xD7))
_TAIWANESE = _BORROWED | _rank_signs(_HANZI, _decode_rows("big5", 0xA4, 0xC6))
_KOREAN = _rank_signs(_SYLLABLES, _decode_rows("euc_kr", 0xB0, 0xC8))
_ALL_LATIN = _rank(_WESTERN + _CENTRAL + _BALTIC + _TURKISH + _VIETNAMESE)
_EVERYTHING: dict[str, float] = {}
for _letters in (_ALL_LATIN, *map(_rank, (_CYRILLIC, _GREEK, _HEBREW, _ARABIC, _THAI)), _KOREAN, _TAIWANESE, _CHINESE):
    _EVERYTHING |= _letters
_EVERYTHING |= {letter: min(bits, _EVERYTHING.get(letter, bits)) for letter, bits in _JAPANESE.items()}

WRITINGS = {
    "utf-8": Writing(0, _EVERYTHING, _ALPHABETS | _JAPANESE_SCRIPTS | {"HANGUL", "BOPOMOFO"}, holds_everything=True),
    "cp932": Writing(7, _JAPANESE, _JAPANESE_SCRIPTS),
    "euc_jp": Writing(8, _JAPANESE, _JAPANESE_SCRIPTS),
    "euc_jis_2004": Writing(10, _JAPANESE, _JAPANESE_SCRIPTS),
    "gb18030": Writing(8, _CHINESE, frozenset(("CJK", "FULLWIDTH"))),
    "big5": Writing(9, _TAIWANESE, frozenset(("CJK", "FULLWIDTH", "BOPOMOFO"))),
    "cp949": Writing(9, _KOREAN, frozenset(("HANGUL", "FULLWIDTH"))),
    "cp1252": _alphabet(8, _SHARED + _WESTERN + _CENTRAL),
    "cp1250": _alphabet(9, _SHARED + _CENTRAL + _WESTERN),
    "iso8859_2": _alphabet(11, _SHARED + _CENTRAL + _WESTERN),
    "cp1254": _alphabet(10, _SHARED + _TURKISH + _WESTERN),
    "cp1257": _alphabet(10, _SHARED + _BALTIC + _WESTERN),
    "cp1251": _alphabet(9, _CYRILLIC, "CYRILLIC"),
    "koi8_r": _alphabet(10, _CYRILLIC, "CYRILLIC"),
    "cp866": _alphabet(11, _CYRILLIC, "CYRILLIC"),
    "cp1253": _alphabet(9, _GREEK, "GREEK"),
    "iso8859_7": _alphabet(11, _GREEK, "GREEK"),
    "cp1255": _alphabet(10, _HEBREW, "HEBREW"),
    "cp1256": _alphabet(10, _ARABIC, "ARABIC"),
    "cp874": _alphabet(9, _THAI, "THAI"),
}
"""The encodings that are tried, by the names that `encoding=` takes."""
LATIN = frozenset(name for name, writing in WRITINGS.items() if writing.scripts == {"LATIN"})
"""The code pages of Latin alphabets: they differ in a few letters, and which are frequent depends on the language."""
_WIDE = dict.fromkeys(("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"), WRITINGS["utf-8"])


@lru_cache(maxsize=1 << 14)
def _describe(character: str) -> tuple[str, str]:
    """The script of a letter, by the first word of its name, and its category; the script is empty for no letter."""
    category = unicodedata.category(character)
    if "｡" <= character <= "ﾟ":
        return "HALFWIDTH", "Lo"
    is_letter = category[0] in "LM" and character not in _WITHIN_WORDS
    return (unicodedata.name(character, "").partition(" ")[0] if is_letter else "", category)


def measure_surprise(text: str, writing: Writing) -> float:
    """How surprising a text is as a sample of this writing, in bits."""
    bits, scripts = writing.bits, {"", "LATIN"}
    padded = f"  {text} "
    for at in range(2, len(padded) - 1):
        before, character, after = padded[at - 1], padded[at], padded[at + 1]
        script, category = _describe(character)
        bits += _measure_character(character, script, category, writing)
        if script not in scripts and script != "COMBINING":
            scripts.add(script)
            bits += _NEW_SCRIPT if script in writing.scripts else _NEW_FOREIGN_SCRIPT
        if character > "\x7f" or before > "\x7f":
            bits += _measure_place(padded[at - 2], before, character, after)
    return bits


def _measure_character(character: str, script: str, category: str, writing: Writing) -> float:
    if character < "\x80":
        return _ASCII if character >= " " or character in "\t\r\n" else _CONTROL
    bits = writing.letters.get(character)
    if bits is not None:
        return bits
    bits = writing.letters.get(character.lower())
    if bits is not None:
        return bits
    if "\udc80" <= character <= "\udcff":
        return _DAMAGED
    if character in _FAMILIAR:
        return _MARK
    if script in writing.scripts:
        return _RARE_SIGN if script == "CJK" else _RARE
    if writing.holds_everything:
        return _UNRANKED
    if category in {"Cc", "Cn"}:
        return _CONTROL
    if category == "Co":
        return _PRIVATE
    return _FOREIGN if script else _SYMBOL


def _measure_place(second_before: str, before: str, character: str, after: str) -> float:
    """How surprising it is that a character stands where it does, whatever it is."""
    script, category = _describe(character)
    last_script, last_category = _describe(before)
    bits = 0.0
    if category == "Mn":
        return 0 if last_script and script in (last_script, "COMBINING") else _MISPLACED
    if category == "Lu":
        bits += _RAISED_CASE if last_category == "Ll" else 0 if last_category == "Lu" else _CAPITAL
    elif category == "Ll" and last_category == "Lu" and _describe(second_before)[1] == "Lu":
        bits += _LOWERED_CASE
    if script and last_script:
        bits += _measure_change(last_script, last_category, script, category)
    elif (
        last_script
        and after.isalpha()
        and (character in _SELDOM or (character > "\x7f" and character not in _WITHIN_WORDS))
    ):
        bits += _INSIDE_A_WORD
    if script in _ALPHABETS and character > "\x7f":
        if not before.isalpha() and not after.isalpha():
            bits += _ALONE
        elif script == last_script == "LATIN" and before > "\x7f":
            bits += _IN_A_ROW
    if before in _LAST_LETTERS and last_script == script:
        bits += _MISPLACED
    if "\udc80" <= character <= "\udcff" and (before.isalpha() or after.isalpha()):
        bits += _MISPLACED
    if character == "σ" and _describe(after)[0] != "GREEK":
        bits += _MISPLACED
    if script == "HALFWIDTH":
        if (wanted := _HALF_WIDTH_BEFORE.get(character)) and not wanted.fullmatch(before):
            bits += _MISPLACED
        if (wanted := _HALF_WIDTH_AFTER.get(character)) and not wanted.fullmatch(after):
            bits += _MISPLACED
    return bits


def _measure_change(last_script: str, last_category: str, script: str, category: str) -> float:
    if last_script == script:
        return 0
    if {script, last_script} <= _JAPANESE_SCRIPTS:
        return 3 if "HALFWIDTH" in (script, last_script) else 0.5
    if "LATIN" in (script, last_script) and not {script, last_script} <= _ALPHABETS:
        return 5 if "Ll" in (category, last_category) else 2
    return _MIXED


_NON_ASCII = re.compile(rb"[^\x00-\x7f]")
_SAMPLE_BYTES = 4_096


def take_sample(data: bytes) -> bytes:
    """The first lines that are not ASCII, each different; the last of them may be cut."""
    lines: dict[bytes, None] = {}
    at = size = 0
    while size < _SAMPLE_BYTES and (found := _NON_ASCII.search(data, at)):
        start = max(data.rfind(b"\n", at, found.start()), data.rfind(b"\r", at, found.start())) + 1 or at
        stop = data.find(b"\n", found.end(), start + _SAMPLE_BYTES)
        stop = start + _SAMPLE_BYTES if stop < 0 else stop
        line = data[start:stop].rstrip(b"\r")
        size += len(line) if line not in lines else 0
        lines[line] = None
        at = stop
    return b"".join(line + b"\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an encoding makes of a sample of the file. bits: how surprising that text is."""

    bits: float
    encoding: str
    text: str


def rank_readings(data: bytes) -> list[Reading]:
    """The different texts that the bytes may be, the least surprising first, each by its likeliest encoding."""
    sample = take_sample(data)
    readings = list(_read_sample(sample, WRITINGS))
    if b"\0" in data:
        head = data[:_SAMPLE_BYTES]
        readings = [*_read_sample(head, _WIDE), *_read_sample(head, WRITINGS)]
    best: dict[str, Reading] = {}
    for reading in sorted(readings, key=lambda reading: reading.bits):
        best.setdefault(reading.text, reading)
    return list(best.values())


def _read_sample(sample: bytes, writings: dict[str, Writing]) -> Iterator[Reading]:
    for name, writing in writings.items():
        errors = "surrogateescape" if name == "utf-8" else "strict"
        try:
            text = codecs.getincrementaldecoder(name)(errors).decode(sample, final=False)
        except UnicodeDecodeError:
            continue
        yield Reading(measure_surprise(text, writing), name, text)
