"""What titles of columns mean: words for subject, relation and answer in English and Japanese, and how they compare."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import product

from service.facts import WHITE_SPACE

ROLES = ("subject", "relation", "answer")

_Words = dict[str, frozenset[str]]


def _words(subject: str, relation: str, answer: str) -> _Words:
    return {role: frozenset(words.split()) for role, words in zip(ROLES, (subject, relation, answer), strict=True)}


_PLAIN = _words("subject 主語", "relation 関係", "answer 答え")
_CLEAR = _words(
    "subj subjects subjectname subjectid entity entityname head item itemname 主体 主題 対象名 実体 品名 品目 "
    "見出し 見出し語 名称 名前 サブジェクト エンティティ エンティティー しゅご",
    "relations rel relationname relationship predicate property propertyname attribute attributename field "
    "関係名 関連 関係性 述語 属性 属性名 性質 特性 プロパティ プロパティー リレーション アトリビュート "
    "項目名 かんけい",
    "answers answertext value values object objectname tail target 答 答案 こたえ 回答 解答 応答 "
    "値 属性値 項目値 目的語 内容 バリュー アンサー オブジェクト",
)
_KEYS = _words(
    "id key code name partno partnumber productcode キー コード 番号 品番 型番 部品 部品番号 部品名 部品コード "
    "商品 商品名 商品コード 製品 製品名 製品コード 顧客 顧客名 得意先 得意先名 取引先 取引先名",
    "",
    "",
)
_VAGUE = _words("対象 項目", "項目", "対象")
_NOISE = re.compile(r"[\s_\-./:*#]+|\([^)]*\)$|\[[^\]]*\]$")

Places = dict[str, list[int]]
"""For each role that was found, the columns that may have it; one where it is clear."""


def normalise_title(title: str) -> str:
    """Normalise a title for comparison: without differences of width and case, punctuation, or a unit in brackets."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", title).casefold().strip(WHITE_SPACE))


def find_roles(titles: Sequence[str]) -> Places:
    """Find the columns that may have each role."""
    names = [normalise_title(title) for title in titles]
    found: Places = {}
    for words in (_PLAIN, _CLEAR, _KEYS):
        for role in ROLES:
            if role not in found and (places := _find_columns(names, words[role], found)):
                found[role] = places
    return found | _find_only_reading(names, found)


def _find_columns(names: Sequence[str], words: frozenset[str], found: Places) -> list[int]:
    taken = {at for places in found.values() for at in places}
    return [at for at, name in enumerate(names) if name in words and at not in taken]


def _find_only_reading(names: Sequence[str], found: Mapping[str, list[int]]) -> Places:
    """Give the open roles columns by ambiguous words, where there is exactly one way to do so."""
    open_roles = [role for role in ROLES if role not in found]
    choices = [_find_columns(names, _VAGUE[role], dict(found)) for role in open_roles]
    readings = [reading for reading in product(*choices) if len(set(reading)) == len(reading)]
    return {role: [at] for role, at in zip(open_roles, readings[0], strict=True)} if len(readings) == 1 else {}
