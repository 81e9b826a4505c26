"""The policies that a dictionary has now, as facts are stored and subjects looked up by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.problems import Code
from service import secret_files
from service.errors import Conflict, Unprocessable
from service.facts import Facts
from service.ingest.privacy import policies as rules
from service.ingest.privacy.pseudonyms import Pseudonyms
from service.storage import Transaction, dictionaries, policies
from service.storage.revisions import Item


@dataclass(frozen=True, slots=True)
class ActivePolicies:
    """The policies of a dictionary at one version; `rules` is None where everything is allowed."""

    version: int
    rules: rules.Policies | None

    def check_current(self, tx: Transaction, dictionary: int) -> None:
        """Raise Conflict where the policies have changed: what was prepared under others must not be stored."""
        if policies.read_version(tx, dictionary) != self.version:
            raise Conflict(
                "the dictionary's policies changed meanwhile, and nothing was stored: send the request again",
                code=Code.POLICIES_CHANGED,
            )

    def remember(self, tx: Transaction, dictionary: int, texts: dict[str, str]) -> None:
        """Keep the texts behind new pseudonyms, sealed, in the commit that stores the pseudonyms."""
        if self.rules is not None and texts:
            seal = self.rules.pseudonyms.seal
            policies.keep(tx, dictionary, {pseudonym: seal(pseudonym, text) for pseudonym, text in texts.items()})

    def subject(self, name: str) -> str:
        """The name that this subject is stored under."""
        return name if self.rules is None else self.rules.subject(name)

    def answers(self, relation: str, answers: Sequence[str]) -> list[str]:
        """The answers as they are stored, both in facts and in notes about a pair."""
        return list(answers) if self.rules is None else self.rules.answers(relation, answers)


def get_active(tx: Transaction, folder: Path, row: dictionaries.Row) -> ActivePolicies:
    """The policies to apply before facts of this dictionary are stored. Raises Unavailable without its secret."""
    current = policies.read_current(tx, row.number)
    if not current.version:
        return ActivePolicies(0, None)
    pseudonyms = Pseudonyms(secret_files.read_policy(folder, row.id))
    subjects = current.subjects == "pseudonymise"
    return ActivePolicies(
        current.version, rules.Policies.of(current.policies, subjects=subjects, pseudonyms=pseudonyms)
    )


def screen(tx: Transaction, folder: Path, row: dictionaries.Row, items: list[Item]) -> list[Item]:
    """The items of a batch as they may be stored; what their pseudonyms stand for is kept in `tx`. Raises Unprocessable
    where a policy keeps no such answer, or two items turn out to be about one pair.
    """
    current = get_active(tx, folder, row)
    if current.rules is None:
        return items
    texts: dict[str, str] = {}
    kept = [_screen(at, item, current.rules, texts) for at, item in enumerate(items)]
    if len({item.pair for item in kept}) < len(kept):
        raise Unprocessable("two items are about one pair: a subject and its pseudonym")
    current.remember(tx, row.number, texts)
    return kept


def _screen(at: int, item: Item, current: rules.Policies, texts: dict[str, str]) -> Item:
    subject, relation = item.pair
    answers = sorted(item.answers)
    sent = Facts([subject] * len(answers), [relation] * len(answers), answers)
    applied = rules.apply_policies(sent, current)
    for policy in applied.dropped.values():
        code, reason = rules.explain_refusal(policy)
        raise Unprocessable(f"{item.op}[{at}]: {reason}", code=code, op=item.op, index=at)
    texts.update(applied.texts)
    return Item(item.op, (current.subject(subject), relation), frozenset(applied.columns.answers))
