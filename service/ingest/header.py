"""Which column is the subject, which the relation, which the answer.

A header is recognised only when all three are named; otherwise the first row may be a fact, and the caller is asked.
"""

import csv
import re
import unicodedata
from collections.abc import Sequence

from schemas.problems import Code
from service.errors import UnusableFile
from service.ingest.table import WHITE_SPACE, Header

ROLES = ("subject", "relation", "answer")
AUTO, NONE = "auto", "none"

_PLAIN = {"subject": ("subject", "主語"), "relation": ("relation", "関係"), "answer": ("answer", "答え")}
_SYNONYMS = {
    "subject": (
        "subj subjects subjectname subjectid entity entityname head item itemname 主体 主題 対象 対象名 実体 品名 品目 "
        "見出し 見出し語 名称 名前 サブジェクト エンティティ エンティティー 項目 しゅご"
    ),
    "relation": (
        "relations rel relationname relationship predicate property propertyname attribute attributename field "
        "関係名 関連 関係性 述語 属性 属性名 性質 特性 プロパティ プロパティー リレーション アトリビュート "
        "項目 項目名 かんけい"
    ),
    "answer": (
        "answers answertext value values object objectname tail target 答 答案 こたえ 回答 解答 応答 "
        "値 属性値 項目値 目的語 内容 バリュー アンサー オブジェクト"
    ),
}
_NOISE = re.compile(r"[\s_\-./:*#]+|\([^)]*\)$|\[[^\]]*\]$")
_SHOWN_CELLS = 12
_SHOWN_CHARS = 40


def resolve(cells: Sequence[str], option: str) -> Header:
    """The header that `cells`, the first row, is by the caller's option; 422 where it is none."""
    if option.strip().lower() == NONE:
        return _positional(cells)
    if option.strip().lower() == AUTO:
        return Header(list(cells), _recognised(cells), _names(cells))
    return Header(list(cells), _asked_for(cells, option), _names(cells))


def fits(cells: Sequence[str], option: str) -> bool:
    """Whether `resolve` would accept this row."""
    try:
        resolve(cells, option)
    except UnusableFile:
        return False
    return True


def _names(cells: Sequence[str]) -> list[str]:
    return [cell.strip(WHITE_SPACE) or f"column {at}" for at, cell in enumerate(cells, 1)]


def _positional(cells: Sequence[str]) -> Header:
    if len(cells) < len(ROLES):
        raise UnusableFile(
            f"header=none needs three columns, and the first row has {len(cells)}: {_seen(cells)}. "
            "If the columns are separated by another character, name it with delimiter=.",
            code=Code.COLUMN_MISSING,
        )
    return Header([], (0, 1, 2), [f"column {at}" for at in range(1, len(cells) + 1)])


def _normal(name: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", name).casefold().strip(WHITE_SPACE))


def _recognised(cells: Sequence[str]) -> tuple[int, int, int]:
    """Plain names first, then synonyms for the roles still open, then words that can mean two roles."""
    names = [_normal(cell) for cell in cells]
    found: dict[str, list[int]] = {}
    for vocabulary in (_PLAIN, _CLEAR, _VAGUE):
        for role in ROLES:
            taken = {at for places in found.values() for at in places}
            if role not in found:
                places = [at for at, name in enumerate(names) if name in vocabulary[role] and at not in taken]
                found.update({role: places} if places else {})
    if all(len(found.get(role, [])) == 1 for role in ROLES):
        return found["subject"][0], found["relation"][0], found["answer"][0]
    raise _unrecognised(cells, found)


_CLEAR = {
    role: frozenset(
        word
        for word in words.split()
        if not any(word in other.split() for name, other in _SYNONYMS.items() if name != role)
    )
    for role, words in _SYNONYMS.items()
}
_VAGUE = {role: frozenset(words.split()) - _CLEAR[role] for role, words in _SYNONYMS.items()}


def _unrecognised(cells: Sequence[str], found: dict[str, list[int]]) -> UnusableFile:
    seen = _seen(cells)
    doubled = [role for role in ROLES if len(found.get(role, [])) > 1]
    missing = [role for role in ROLES if role not in found]
    name_them = "Name the three columns with header=SUBJECT,RELATION,ANSWER (their names in your file)"
    if doubled:
        return UnusableFile(
            f"Several columns could be the {doubled[0]}. The header reads: {seen}. {name_them}.",
            code=Code.HEADER_UNCLEAR,
            header=list(cells),
        )
    if len(missing) == 1:
        return UnusableFile(
            f"There is no column for the {missing[0]}. The header reads: {seen}. {name_them}, or add the column.",
            code=Code.COLUMN_MISSING,
            header=list(cells),
            missing=missing,
        )
    return UnusableFile(
        f"The first row names no columns subject, relation and answer (or 主語, 関係, 答え). It reads: {seen}. "
        f"If it is already a fact, send header=none. {name_them}.",
        code=Code.HEADER_UNCLEAR,
        header=list(cells),
        missing=missing,
    )


def _asked_for(cells: Sequence[str], option: str) -> tuple[int, int, int]:
    wanted = next(csv.reader([option]), [])
    if len(wanted) != len(ROLES):
        raise UnusableFile(
            f"header= takes auto, none or three column names separated by commas, not {option[:80]!r}.",
            code=Code.HEADER_UNCLEAR,
        )
    subject, relation, answer = (_place(cells, name) for name in wanted)
    if len({subject, relation, answer}) < len(ROLES):
        raise UnusableFile(f"header={option[:80]} names one column twice.", code=Code.HEADER_UNCLEAR)
    return subject, relation, answer


def _place(cells: Sequence[str], name: str) -> int:
    exact = [at for at, cell in enumerate(cells) if cell.strip(WHITE_SPACE) == name.strip(WHITE_SPACE)]
    places = exact or [at for at, cell in enumerate(cells) if _normal(cell) == _normal(name)]
    if len(places) == 1:
        return places[0]
    raise UnusableFile(
        f"The header has {'several columns' if places else 'no column'} named {name.strip()[:80]!r}. "
        f"It reads: {_seen(cells)}. Give the names as they stand there with header=A,B,C.",
        code=Code.HEADER_UNCLEAR if places else Code.COLUMN_MISSING,
        header=list(cells),
    )


def _seen(cells: Sequence[str]) -> str:
    shown = " | ".join(cell[:_SHOWN_CHARS] for cell in cells[:_SHOWN_CELLS])
    return f"{shown} | … ({len(cells)} columns)" if len(cells) > _SHOWN_CELLS else shown
