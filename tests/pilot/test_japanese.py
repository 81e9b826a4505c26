"""Every Japanese text of the project by one set of rules: one word a thing, full-width marks, whole figures."""

import ast
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pilot.errors import Refused, UnusableInput
from pilot.report.messages import describe_error, describe_finding, describe_step, read_messages, read_prose
from pilot.report.typesetting import typeset
from pilot.report.write import render_html
from schemas.experiments import Statement
from schemas.problems import Code, Problem
from schemas.report import Report
from schemas.uploads import Finding, FindingKind, PersonalData, PersonalKind, Uniqueness
from tests.pilot import experimenting

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "pilot" / "report"
J = "ぁ-んァ-ヶー一-龠々"
NOT_SAID = re.compile(
    "ファクト(?!ストア)|ペア|ディクショナリ|元帳|受領書|レシート|受理|気づいた点|ワイド形式|サジェスト|(?<!使用)メモリ(?!量)|連想"
    "|チャンピオン|ダイジェスト(?!値)|秘密鍵|(?<!暗号)(?<![a-z])鍵(?!付きハッシュ)|再現|カバー率|思い出|教えた|教えて|誤った応答"
    "|(?<!判定)(?<!判定は)保留(?!です)|棄権|曖昧|マージン|パラフレーズ|雑音|修正|パージ|不在|失われた(?!文字)|巻き戻|ピン留め"
    "|優先する事実|シャドウ|スクラブ|ゲート|関門|判定不能|判定可能|似ている|表明した|監査記録|グラント|匿名化|実験室|アテンション|階数"
    "|予算|精度|発表値|自信のある|微調整|機械|大きさ|種(?!類)|構造上|多くて|かもしれ|分かりません|決まりません|サンプル|測[るりった]"
    "|聞[くいき]|[個件]ほど|(?<!そ)の他|全て|出来|下さい|[一二三]つ|[二三]通り|三段階|申し訳|恐れ入り|お客様"
)
"""Words that the glossary replaces, and ways of saying that its style rules out."""
MARKS = re.compile(f"[{J}）」][,;:?!][ {J}（「]|[{J}]\\.(?![a-z])|–")
BRACKETS = re.compile(f"\\([^()]*[{J}][^()]*\\)")
SPACES = re.compile(
    f"[0-9}}] (?=[{J}%])|(?<=[{J}]) (?=[A-Za-z])(?!d_qk)|(?<=[A-Za-z]) (?=[{J}])| %"
    f"|(?<=[{J}、。）]) (?=[{J}（])(?!毎秒)"
)
LONGEST = 60
LONG = {"privacy.ceiling_text", "change.rollback_lead"}
"""Sentences whose parts would say less than the whole."""


def leaves(prose: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(prose, dict):
        for name, held in prose.items():
            yield from leaves(held, f"{key}.{name}" if key else name)
    elif isinstance(prose, list):
        for at, held in enumerate(prose):
            yield from leaves(held, f"{key}.{at}")
    elif isinstance(prose, str):
        yield key, prose


def texts() -> list[tuple[str, str]]:
    """Every text that a reader of Japanese meets, with its key; pages in Japanese by their lines."""
    found = [*leaves(read_prose("ja")), *leaves(read_messages("ja"))]
    code = re.compile(r"```.*?```|`[^`]*`|<[^>]*>|\]\([^)]*\)|(?<!\*)\*[A-Z][^*]+\*(?!\*)", re.DOTALL)
    for page in sorted([*ROOT.glob("*.ja.md"), *ROOT.glob("docs/**/*.ja.md")]):
        lines = code.sub("", page.read_text("utf-8")).splitlines()
        found += [(f"{page.name}:{at}", line) for at, line in enumerate(lines, start=1)]
    return found


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def bare(text: str) -> str:
    """Without code, and with one letter for every figure."""
    return re.sub(r"{[^}]*}", "0", re.sub(r"`[^`]*`", "", text))


def longest(text: str) -> int:
    """The longest sentence or cell of a table, figures and what stands in brackets apart."""
    return max(len(sentence) for sentence in re.split(r"[。|→]", re.sub(r"（[^（）]*）", "", bare(text))))


def test_one_word_for_one_thing() -> None:
    """No word that the glossary replaces stands anywhere."""
    assert {key: found for key, text in texts() if (found := NOT_SAID.findall(text))} == {}


@pytest.mark.parametrize("wrong", [MARKS, BRACKETS, SPACES], ids=["marks", "brackets", "spaces"])
def test_marks_brackets_and_spaces_are_japanese(wrong: re.Pattern[str]) -> None:
    """No half-width mark or bracket around Japanese, no dash for a range, no space before a counter or a sign."""
    assert {key: found for key, text in texts() if (found := wrong.findall(bare(text)))} == {}


def test_sentences_are_short() -> None:
    """At most 60 characters, but for those whose parts would say less than the whole; no exception without need."""
    assert {key for key, text in texts() if longest(text) > LONGEST} == LONG


def test_every_finding_is_said_in_japanese() -> None:
    """Every kind that a receipt can name, with its figures; a finding without them falls back to its own message."""
    personal = PersonalData(kind=PersonalKind.EMAIL, of="answers", matching=30, looked_at=40, distinct=40, share=0.75)
    unique = Uniqueness(relations=["年齢", "職業"], subjects=100, unique=20, share=0.2, smallest_group=1)
    for kind in FindingKind:
        finding = Finding(
            kind=kind,
            message="in English",
            count=1200,
            relation="色",
            examples=[],
            personal=personal,
            uniqueness=unique,
        )
        said = describe_finding(finding, "ja")
        assert re.search(f"[{J}]", said)
        assert not re.search(r"[{}]", said)
        assert describe_finding(finding, "en") == "in English"
    bare_one = Finding(kind=FindingKind.PERSONAL_DATA, message="in English", count=1, relation=None, examples=[])
    assert describe_finding(bare_one, "ja") == "in English"
    assert "（メールアドレス）" in describe_finding(bare_one.model_copy(update={"personal": personal}), "ja")


def test_every_error_of_the_pilot_is_said_in_japanese() -> None:
    """Each place that raises an error names a code, and passes every figure that the sentence of that code needs."""
    words, raised = read_messages("ja")["error"], 0
    for path in sorted((ROOT / "pilot").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"UnusableInput", "ServiceFailed"}:
                code = call.args[1]
                assert isinstance(code, ast.Constant), f"{path}:{call.lineno}"
                given = {keyword.arg for keyword in call.keywords}
                assert placeholders(words[str(code.value)]) <= given, f"{path}:{call.lineno}"
                raised += 1
    assert raised >= 20


def test_every_problem_of_the_service_is_said_in_japanese() -> None:
    """A problem is described by its code, followed by the service's detail; an error of the pilot ends in its code."""
    for code in Code:
        problem = Problem(
            type="about:blank", title="", status=422, detail="what it is", code=code, extra={"header": ["品番", "品名"]}
        )
        said = describe_error(Refused(problem), "ja")
        assert re.search(f"[{J}]", said)
        assert said.endswith(f"[{code}]\nwhat it is")
    lost = UnusableInput("line 3: a quote is opened and never closed", "quote_unclosed", line=3)
    assert describe_error(lost, "ja").startswith("3行目の引用符が閉じていない")
    assert describe_error(lost, "ja").endswith(" [quote_unclosed]")
    assert describe_error(lost, "en") == "pilot: line 3: a quote is opened and never closed"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("recall: every pair", "想起：すべての組"),
        ("retention: changing 5,800 pairs", "更新時の保持：5,800組を変更"),
        ("training: solving blocks", "学習中：求解"),
        ("training: a step of another version", "学習中…"),
        ("another step", "another step"),
    ],
)
def test_steps_are_told_in_japanese(step: str, said: str) -> None:
    """The figures of a step are kept; a part without a text is left out, and a whole step without one is unchanged."""
    assert describe_step(step, "ja") == said
    assert describe_step(step, "en") == step


@pytest.mark.parametrize(
    ("text", "set_as"),
    [
        ("誤答は0問です", '誤答は<span class="nowrap">0問</span>です'),
        ("0 / 15,488", '<span class="nowrap">0 / 15,488</span>'),
        ("区間 0～8.4%、", '区間 <span class="nowrap">0～8.4%</span>、'),
        ("約64.5\u00a0B）", '約<span class="nowrap">64.5\u00a0B</span>）'),
        ("100万問に1問", '<span class="nowrap">100万問</span>に<span class="nowrap">1問</span>'),
        ("held at 100 % by", 'held at <span class="nowrap">100 %</span> by'),
        ("42 of 42 pairs", '<span class="nowrap">42 of 42</span> pairs'),
        ("42", "42"),
        ("Allen-Zhu", '<span class="nowrap">Allen-Zhu</span>'),
        ("2^−c以下", "2<sup>−c</sup>以下"),
        ("(e^ε + 1)", "(e<sup>ε</sup> + 1)"),
        ("3 × 10⁻⁷", '<span class="nowrap">3 × 10<sup>−7</sup></span>'),
        ("it&#39;s", "it&#39;s"),
        ('<i title="42件">x</i><code>42件</code><title>42件</title>', None),
    ],
)
def test_figures_hold_together(text: str, set_as: str | None) -> None:
    """A figure and its counter, a fraction, a range and a name do not break; markup and code are left alone."""
    assert typeset(text) == (text if set_as is None else set_as)


def test_a_japanese_page_holds_no_english_marks(report_on: Callable[..., Report], parts: Path) -> None:
    """On the rendered page no half-width mark joins Japanese, no placeholder is left, and no finding is English."""
    known = {part: [Statement(code="one_fact", figures={})] for part in ("finding", "recommendation", "left_out")}
    made = [experiment.model_copy(update={"statements": known}) for experiment in experimenting.every()]
    report = report_on(parts).model_copy(update={"experiments": made})
    page = re.sub(r"<(style|title|pre|code)\b.*?</\1>", "", render_html(report, "ja"), flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", "", page)
    assert not re.findall(f"[{J}][,;] ?[{J}]|[{J}]: |。 [{J}]| – |[0-9] [件問組行個%]", text)
    assert "2 names fold together" not in text
    assert "会議で使えるフレーズ" in text
    assert not re.search(r"{\w+}", text)
