"""Applying policies: the values of a table are replaced or dropped before anything is counted, shown or stored."""

import csv
import io
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from schemas.policies import Policy, PolicyKind
from schemas.problems import Code
from schemas.uploads import Finding, FindingKind
from service.facts import Facts, Pair, fold_all, trimmed
from service.ingest.privacy.pseudonyms import Pseudonyms
from service.ingest.privacy.replacements import make_generaliser, mask
from service.ingest.table import RefusedRow, Table
from service.packed import Packed

Change = Callable[[str], str | None]
_WITHHELD = "(withheld: the row could not be read, and this dictionary has policies)"
_SAMPLES = 3
_DONE = {
    PolicyKind.MASK: "masked",
    PolicyKind.GENERALISE: "generalised",
    PolicyKind.PSEUDONYMISE: "replaced by pseudonyms",
}


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of a dictionary that change something.

    by_relation: policies by the folded name of their relation. subjects: whether subjects become pseudonyms.
    """

    by_relation: dict[str, Policy]
    subjects: bool
    pseudonyms: Pseudonyms

    @classmethod
    def of(cls, policies: Iterable[Policy], *, subjects: bool, pseudonyms: Pseudonyms) -> "Policies | None":
        """Make the policies; None where everything is allowed."""
        changing = [policy for policy in policies if policy.policy is not PolicyKind.ALLOW]
        if not changing and not subjects:
            return None
        names = fold_all([policy.relation for policy in changing])
        return cls(dict(zip(names, changing, strict=True)), subjects, pseudonyms)

    def for_relations(self, names: Iterable[str]) -> dict[str, Policy]:
        """The policies of those of these relations that have one."""
        distinct = list(dict.fromkeys(names))
        found = {name: self.by_relation.get(fold) for name, fold in zip(distinct, fold_all(distinct), strict=True)}
        return {name: policy for name, policy in found.items() if policy is not None}

    def subject(self, name: str) -> str:
        """The name that a subject is stored and asked under."""
        return self.pseudonyms.of(name) if self.subjects else name

    def answers(self, relation: str, answers: Iterable[str]) -> list[str]:
        """The answers as they are stored; those that are not kept are left out."""
        policy = self.for_relations([relation]).get(relation)
        if policy is None:
            return list(answers)
        change = _get_change(policy, self.pseudonyms)
        return [kept for kept in map(change, answers) if kept is not None]

    def pairs(self, pairs: Iterable[Pair]) -> set[Pair]:
        return {(self.subject(subject), relation) for subject, relation in pairs}


@dataclass(slots=True)
class AppliedPolicies:
    """The result of applying policies to facts.

    columns: the facts that are kept. places: the index that each of them had. dropped: the policy of each other fact,
    by its index. changed: the number of rows whose answer was changed, by relation. subjects: the number of rows whose
    subject was changed. rows: the number of rows with any change. texts: the original text of each new pseudonym.
    """

    columns: Facts
    places: Sequence[int] = ()
    dropped: dict[int, Policy] = field(default_factory=dict)
    dropped_by_relation: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    subjects: int = 0
    rows: int = 0
    texts: dict[str, str] = field(default_factory=dict)


class _Replacements(dict[str, str | None]):
    """Texts and their replacements, each computed once."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self._change = change

    def __missing__(self, text: str) -> str | None:
        becomes = self[text] = self._change(text)
        return becomes


def apply_policies(columns: Facts, policies: Policies) -> AppliedPolicies:
    """Apply policies to facts. Applying them to the result again changes nothing."""
    rules = policies.for_relations(columns.relations)
    changes = {name: _Replacements(_get_change(rule, policies.pseudonyms)) for name, rule in rules.items()}
    named = _Replacements(policies.subject)
    applied = AppliedPolicies(Facts([], [], [], []))
    names, relations, answers, kept_lines, places = Packed[str](), Packed[str](), Packed[str](), array("q"), array("q")
    lines = columns.lines or repeat(0, len(columns))
    facts = zip(columns.subjects, columns.relations, columns.answers, lines, strict=True)
    for place, (subject, relation, answer, line) in enumerate(facts):
        becomes = changes[relation][answer] if relation in changes else answer
        if becomes is None:
            applied.dropped[place] = rules[relation]
            applied.dropped_by_relation[relation] += 1
            continue
        name = named[subject] or ""
        applied.changed[relation] += becomes != answer
        applied.subjects += name != subject
        applied.rows += becomes != answer or name != subject
        places.append(place)
        names.append(name)
        relations.append(relation)
        answers.append(becomes)
        kept_lines.append(line)
    applied.changed = +applied.changed
    applied.places, applied.columns = places, Facts(names, relations, answers, kept_lines)
    for each in [named, *(changes[name] for name, rule in rules.items() if rule.policy is PolicyKind.PSEUDONYMISE)]:
        texts = ((made, trimmed(text)) for text, made in each.items())
        applied.texts.update((made, text) for made, text in texts if made and made != text)
    return applied


def _get_change(policy: Policy, pseudonyms: Pseudonyms) -> Change:
    if policy.generalise is not None:
        return make_generaliser(policy.generalise)
    if policy.policy is PolicyKind.PSEUDONYMISE:
        return pseudonyms.of
    return mask if policy.policy is PolicyKind.MASK else _drop


def _drop(_: str) -> None:
    return None


def screen_table(table: Table, policies: Policies) -> tuple[Table, dict[str, str]]:
    """Apply policies to a table; returns the new table and the original texts of its new pseudonyms.

    Dropped rows become refused rows. No original value is left: the text of refused rows is rebuilt from their three
    cells, and samples and examples are replaced. The text of a row that the reader refused is withheld, because it is
    unknown which of its cells is which.
    """
    applied = apply_policies(table.columns, policies)
    kept = applied.columns
    screened = Table(
        columns=kept,
        text=lambda at: _as_csv((kept.subjects[at], kept.relations[at], kept.answers[at])),
        header=table.header,
        refused=[RefusedRow(row.line, row.code, row.detail, _WITHHELD) for row in table.refused],
        mentioned=policies.pairs(table.mentioned),
        blank_lines=table.blank_lines,
        encoding=table.encoding,
        delimiter=table.delimiter,
        findings=[finding.model_copy(update={"examples": []}) for finding in table.findings],
        rows=table.rows,
        empty_cells=table.empty_cells,
    )
    _refuse_dropped(screened, table.columns, applied, policies)
    screened.samples = [screened.text(at) for at in range(min(_SAMPLES, len(kept)))]
    screened.findings += _report_changes(applied, policies)
    return screened, applied.texts


def _refuse_dropped(screened: Table, columns: Facts, applied: AppliedPolicies, policies: Policies) -> None:
    """Refuse the dropped rows. Only those of a relation that is dropped as a whole do not mention their pair."""
    for place, policy in applied.dropped.items():
        subject = policies.subject(trimmed(columns.subjects[place]))
        relation = trimmed(columns.relations[place])
        if policy.policy is not PolicyKind.DROP:
            screened.mentioned.add((subject, relation))
        refused = RefusedRow(columns.lines[place], *explain_refusal(policy), _as_csv((subject, relation, "")))
        screened.refused.append(refused)


def explain_refusal(policy: Policy) -> tuple[Code, str]:
    """The code and the reason for which a policy keeps no fact."""
    if policy.generalise is None:
        return Code.DROPPED_BY_POLICY, "The policy of this relation keeps no answers."
    wanted = {"year": "a date", "prefecture": "an address with its prefecture", "band": "a number"}
    return (
        Code.NOT_GENERALISED,
        f"The policy of this relation expects {wanted[policy.generalise.to]}. Correct the answer.",
    )


def _report_changes(applied: AppliedPolicies, policies: Policies) -> list[Finding]:
    rules = policies.for_relations(applied.changed)
    found = [
        _make_finding(
            f"{rows:,} answers were {_DONE[rules[relation].policy]} before anything was stored.", rows, relation
        )
        for relation, rows in applied.changed.most_common()
    ]
    if applied.subjects:
        message = f"The subjects of {applied.subjects:,} rows were replaced by pseudonyms before anything was stored."
        found.append(_make_finding(message, applied.subjects, None))
    return found


def _make_finding(message: str, count: int, relation: str | None) -> Finding:
    return Finding(kind=FindingKind.POLICY_APPLIED, message=message, count=count, relation=relation, examples=[])


def _as_csv(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
