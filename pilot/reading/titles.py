"""Find columns by their titles: in English and Japanese by what they are called, or by the names that are given."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from itertools import product

from pilot.errors import UnusableInput
from pilot.reading.table import trim

ROLES = 3
_CLEAR_SUBJECTS = """
subj subjects subjectname subjectid entity entityname head item itemname
主体 主題 対象名 実体 品名 品目 見出し 見出し語 名称 名前 サブジェクト エンティティ エンティティー しゅご 件名
"""
_CLEAR_RELATIONS = """
relations rel relationname relationship predicate property propertyname attribute attributename field
関係名 関連 関係性 述語 属性 属性名 性質 特性 プロパティ プロパティー リレーション アトリビュート 項目名 かんけい
"""
_CLEAR_ANSWERS = """
answers answertext value values object objectname tail target
答 答案 こたえ 回答 解答 応答 値 属性値 項目値 目的語 内容 バリュー アンサー オブジェクト
"""
_KEYS = """
id key code name partno partnumber productcode キー コード 番号 品番 型番 部品 部品番号 部品名 部品コード
商品 商品名 商品コード 製品 製品名 製品コード 顧客 顧客名 得意先 得意先名 取引先 取引先名
"""
# The titles of each column, the plainest first; a title that can mean two roles counts where it leaves one reading.
_TITLES = (
    ("subject 主語", "relation 関係", "answer 答え"),
    (_CLEAR_SUBJECTS, _CLEAR_RELATIONS, _CLEAR_ANSWERS),
    (_KEYS, "", ""),
)
_EITHER = ({"対象", "項目"}, {"項目"}, {"対象"})
_OF_TITLES = re.compile(r"[\s_\-./:*#]+|\([^)]*\)$|\[[^\]]*\]$")


def match_titles(titles: Sequence[str], header: str) -> tuple[int, int, int]:
    folded = [fold_title(title) for title in titles]
    found = _match_words(folded) if header == "auto" else [_find_named(folded, name) for name in name_columns(header)]
    match found:  # anything but three names is no header either
        case [int(subject), int(relation), int(answer)]:
            return subject, relation, answer
    raise UnusableInput(
        "no header with subject, relation and answer: use --header none or --header NAME,NAME,NAME", "header_unclear"
    )


def _match_words(folded: Sequence[str]) -> list[int | None]:
    """The columns of subject, relation and answer by their titles; None for a role without one, or with several."""
    found: list[int | None] = [None, None, None]
    for words in _TITLES:
        for role, known in enumerate(words):
            places = [at for at, title in enumerate(folded) if title in known.split() and at not in found]
            if found[role] is None and places:
                found[role] = places[0] if len(places) == 1 else -1
    open_roles = [role for role, at in enumerate(found) if at is None]
    choices = [
        [at for at, title in enumerate(folded) if title in _EITHER[role] and at not in found] for role in open_roles
    ]
    readings = [reading for reading in product(*choices) if len(set(reading)) == len(reading)]
    if len(readings) == 1:
        for role, at in zip(open_roles, readings[0], strict=True):
            found[role] = at
    return [None if at == -1 else at for at in found]


def _find_named(folded: Sequence[str], name: str) -> int | None:
    return next((at for at, title in enumerate(folded) if title == fold_title(name)), None)


def find_exact(titles: Sequence[str], name: str) -> int | None:
    """The column of this name: as it is written, else by its folded title."""
    exact = next((at for at, title in enumerate(titles) if trim(title) == trim(name)), None)
    return _find_named([fold_title(title) for title in titles], name) if exact is None else exact


def name_columns(header: str) -> list[str]:
    """Split `NAME,NAME,NAME`, where a name may have line breaks, and commas if it is quoted."""
    try:
        return next(csv.reader([header])) if '"' in header else header.split(",")
    except csv.Error:
        return []


def fold_title(cell: str) -> str:
    return _OF_TITLES.sub("", trim(unicodedata.normalize("NFKC", cell).casefold()))
