"""Finding personal data: relations, or the subjects, whose values are mostly of one kind of personal data.

Values are counted and never shown. At most 2,000 distinct answers of each relation are examined, sampled by a hash of
their index, so a million rows take a fraction of a second and the same file always gives the same finding.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from schemas.uploads import Finding, FindingKind, PersonalData, PersonalKind
from service.facts import WHITE_SPACE
from service.ingest.count import CodedTable, Codes
from service.ingest.privacy.personal_kinds import is_of_kind

LOOKED_AT = 2_000  # distinct values examined of one relation
ALL_LOOKED_AT = 60_000  # values examined of the whole table; with more than 30 relations each gets fewer
FIRST_LOOK = 60  # values after which a kind that hardly occurs is given up
_WORDS = {
    PersonalKind.EMAIL: r"e-?mail|メール|mail ?address",
    PersonalKind.TELEPHONE: r"\b(?:tel|fax|phone|mobile|contact)\b|telephone|電話|携帯|ファックス|連絡先",
    PersonalKind.PAYMENT_CARD: r"credit ?card|card ?(?:number|no)|カード番号|クレジット",
    PersonalKind.MY_NUMBER: r"my ?number|マイナンバー|個人番号",
    PersonalKind.CORPORATE_NUMBER: r"corporate ?number|法人番号|登録番号",
    PersonalKind.POSTAL_ADDRESS: r"address|住所|所在地|居所",
    PersonalKind.POSTAL_CODE: r"〒|郵便番号|postal ?code|post ?code|\bzip\b|zip ?code",
    PersonalKind.BIRTH_DATE: r"birth|\bborn\b|\bdob\b|生年月日|誕生日|生まれ",
}
_NAMED = {kind: re.compile(words) for kind, words in _WORDS.items()}
# The smallest share and number of values that make a finding, and the same where the relation's name suggests the kind.
# Postal codes and dates alone prove nothing: without such a name they are never a finding.
_SHARE, _FEWEST = 0.5, 3
_NAMED_SHARE, _NAMED_FEWEST = 0.3, 1
_ONLY_NAMED = frozenset({PersonalKind.POSTAL_CODE, PersonalKind.BIRTH_DATE})
_EMAIL_SHARE, _EMAIL_FEWEST = 0.1, 1  # no other text looks like an e-mail address


def find_personal(coded: CodedTable) -> list[Finding]:
    """Report each relation, and the subjects, whose values look like one kind of personal data."""
    found = list(_find_in_values(coded.subjects.distinct, "", len(coded.subjects.distinct)))
    for relation, answers, distinct in _sample_answers(coded):
        name = coded.relations.distinct[relation]
        found += _find_in_values([coded.answers.distinct[at] for at in answers.tolist()], name, distinct)
    return found


def _sample_answers(coded: CodedTable) -> Iterator[tuple[int, Codes, int]]:
    """Yield (relation, codes of a sample of its distinct answers, number of its distinct answers)."""
    width = max(len(coded.answers.distinct), 1)
    keys = np.unique(coded.relations.codes * np.int64(width) + coded.answers.codes)
    starts = np.flatnonzero(np.diff(keys // width, prepend=-1))
    most = max(FIRST_LOOK, min(LOOKED_AT, ALL_LOOKED_AT // max(len(starts), 1)))
    for of_one in np.split(keys, starts[1:]) if len(keys) else []:
        yield int(of_one[0] // width), draw_sample(of_one % width, most), len(of_one)


def draw_sample(places: Codes, most: int) -> Codes:
    """Sample at most `most` of n indices, (n,): those with the smallest hashes (Fibonacci hashing), in hash order."""
    hashes = (places.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    if len(places) > most:
        smallest = np.argpartition(hashes, most)[:most]
        places, hashes = places[smallest], hashes[smallest]
    ordered: Codes = places[np.argsort(hashes)]
    return ordered


def _find_in_values(values: Sequence[str], relation: str, distinct: int) -> Iterator[Finding]:
    """The findings about one list of values; `relation` is empty where they are subjects."""
    if not relation:
        values = [values[at] for at in draw_sample(np.arange(len(values)), LOOKED_AT).tolist()]
    plain = [unicodedata.normalize("NFKC", value[:400]).strip(WHITE_SPACE) for value in values]
    spoken = unicodedata.normalize("NFKC", relation).casefold()
    for kind in PersonalKind:
        matching = _count_matching(kind, plain, named=bool(_NAMED[kind].search(spoken)))
        if matching:
            yield _make_finding(kind, relation, matching, len(plain), distinct)


def _count_matching(kind: PersonalKind, values: Sequence[str], *, named: bool) -> int:
    """Count the values of the kind; 0 where they are too few for a finding."""
    if kind in _ONLY_NAMED and not named:
        return 0
    share, fewest = (_NAMED_SHARE, _NAMED_FEWEST) if named else (_SHARE, _FEWEST)
    if kind is PersonalKind.EMAIL:
        share, fewest = _EMAIL_SHARE, _EMAIL_FEWEST
    first = sum(is_of_kind(kind, value, named=named) for value in values[:FIRST_LOOK])
    if first * 4 < share * min(FIRST_LOOK, len(values)):
        return 0
    matching = first + sum(is_of_kind(kind, value, named=named) for value in values[FIRST_LOOK:])
    return matching if matching >= fewest and matching >= share * len(values) else 0


_PLURALS = {
    PersonalKind.EMAIL: "e-mail addresses",
    PersonalKind.TELEPHONE: "telephone numbers",
    PersonalKind.PAYMENT_CARD: "payment card numbers",
    PersonalKind.POSTAL_ADDRESS: "postal addresses",
    PersonalKind.POSTAL_CODE: "postal codes",
    PersonalKind.MY_NUMBER: "Japanese individual numbers (My Number)",
    PersonalKind.CORPORATE_NUMBER: "Japanese corporate numbers",
    PersonalKind.BIRTH_DATE: "dates of birth",
}


def _make_finding(kind: PersonalKind, relation: str, matching: int, looked_at: int, distinct: int) -> Finding:
    drawn_from = "" if looked_at == distinct else f" (a sample of {distinct:,})"
    where = "answers" if relation else "subjects"
    message = (
        f"{matching:,} of {looked_at:,} distinct {where}{drawn_from} look like {_PLURALS[kind]}. "
        "A policy can drop, mask, generalise or pseudonymise them before they are stored."
    )
    personal = PersonalData(
        kind=kind,
        of="answers" if relation else "subjects",
        matching=matching,
        looked_at=looked_at,
        distinct=distinct,
        share=round(matching / looked_at, 4),
    )
    return Finding(
        kind=FindingKind.PERSONAL_DATA,
        message=message,
        count=matching,
        relation=relation or None,
        examples=[],
        personal=personal,
    )
