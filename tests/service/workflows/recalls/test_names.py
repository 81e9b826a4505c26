"""Other names, templates, and what stands behind pseudonyms, around a memory that is an exact table."""

import pytest

from schemas.names import NameAlias, Names
from service.errors import Unprocessable
from service.ingest.privacy.pseudonyms import Pseudonyms
from service.workflows.access.relations import Relations
from service.workflows.recalls.naming import NamedMemory, Naming, Template
from tests.service.workflows.recalls.shelf import Table

FACTS = [
    ("PART-1", "標準入数", "24"),
    ("PART-1", "maker", "Akita"),
    ("PART-2", "標準入数", "12"),
    ("AB の C", "標準入数", "7"),
]
ALIASES = [
    NameAlias(kind="subject", alias="the blue one", name="PART-1"),
    NameAlias(kind="relation", alias="入数", name="標準入数"),
    NameAlias(kind="subject", alias="PART-2", name="PART-1"),  # taught as well: what is taught wins
]
TEMPLATES = ["{subject} の {relation} は?", "{relation} of {subject}"]


def naming(aliases: list[NameAlias], templates: list[str], pseudonyms: Pseudonyms | None = None) -> Naming:
    names = Names(aliases=aliases, templates=templates, version=1, changed_at=None, by=None)
    made = Naming.of(names, pseudonyms.of if pseudonyms else None, 0)
    assert made is not None
    return made


@pytest.fixture
def named() -> NamedMemory:
    return NamedMemory(Table(FACTS), naming(ALIASES, TEMPLATES))


def test_an_alias_is_answered_as_the_name_it_stands_for(named: NamedMemory) -> None:
    """Of the subject, of the relation, of both, in another case or width; what nobody taught stays unknown."""
    subjects = ["the blue one", "PART-1", "THE BLUE ONE", "the green one", "PART-1"]
    recalled = named.recall(subjects, ["標準入数", "入数", "入数", "入数", "weight"])
    assert [tuple(answers) for answers in recalled.answers] == [("24",), ("24",), ("24",), (), ()]
    assert recalled.known.tolist() == [True, True, True, False, False]


def test_what_is_taught_wins_over_an_alias(named: NamedMemory) -> None:
    """A fact that is taught later under an alias's spelling is not hidden by it."""
    assert tuple(named.recall(["PART-2"], ["標準入数"]).answers[0]) == ("12",)


def test_an_alias_of_an_unseen_relation_leads_nowhere(named: NamedMemory) -> None:
    """Who may not see the relation learns nothing by another name of it."""
    part = named.within(Relations(only=frozenset({"maker"})))
    recalled = part.recall(["PART-1", "PART-1"], ["入数", "maker"])
    assert recalled.known.tolist() == [False, True]


@pytest.mark.parametrize(
    ("question", "pairs"),
    [
        ("PART-1 の 標準入数 は?", [("PART-1", "標準入数")]),
        ("ＰＡＲＴ－１の標準入数は？", [("ＰＡＲＴ－１", "標準入数")]),
        ("AB の C の 標準入数 は?", [("AB", "C の 標準入数"), ("AB の C", "標準入数")]),
        ("標準入数 of PART-2", [("PART-2", "標準入数")]),
    ],
)
def test_a_template_says_which_part_is_which(named: NamedMemory, question: str, pairs: list[tuple[str, str]]) -> None:
    """Names as the question spells them; every way to cut it, where there are several."""
    assert named.candidates(question) == pairs


def test_other_questions_are_searched_for_names(named: NamedMemory) -> None:
    """Aliases that stand in them are read as their names, but not within a longer word."""
    assert ("part-1", "標準入数") in [(s.casefold(), r) for s, r in named.candidates("入数 for the blue one, please")]
    assert named.candidates("入数 for the blue ones") == []


@pytest.mark.parametrize("text", ["{subject}", "{subject}{relation}", "{subject} {subject} of {relation}", "no slot"])
def test_a_template_needs_both_slots_and_text_between(text: str) -> None:
    """Otherwise nobody could tell where the subject ends."""
    with pytest.raises(Unprocessable):
        Template.of(text)


def test_a_subject_is_asked_by_its_pseudonym() -> None:
    """By the real name or the pseudonym itself: the memory only ever sees the latter."""
    pseudonyms = Pseudonyms(bytes(range(32)))
    table = Table([(pseudonyms.of("山田太郎"), "plan", "gold")])
    named = NamedMemory(table, naming([], [], pseudonyms))
    recalled = named.recall(["山田太郎", " 山田太郎 ", pseudonyms.of("山田太郎"), "山田"], ["plan"] * 4)
    assert recalled.known.tolist() == [True, True, True, False]


def test_a_dictionary_without_other_names_is_served_as_it_is() -> None:
    """Nothing is wrapped around its memory."""
    assert Naming.of(Names(aliases=[], templates=[], version=3, changed_at=None, by=None), None, 2) is None
