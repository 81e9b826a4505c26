"""Measure what the memory reveals to a holder of its files, a stranger and a caller, and what privacy would cost.

With m equally likely answers, a mechanism that is (epsilon, delta)-private about one fact recalls it with probability
at most (e^epsilon + (m - 1) delta) / (m - 1 + e^epsilon). Randomised response over m answers (Warner 1965; Kairouz, Oh
and Viswanath 2014) reaches it with delta = 0.
"""

import math
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pilot.checks.artefact import find_names, folder_size, index_names
from pilot.checks.measurement import Measurement, Tally
from pilot.checks.membership import measure_membership
from pilot.checks.scratch import Answers, Held, draw_pairs, group_answers, scratch_copy
from pilot.checks.target import CheckPlan, CheckTarget
from pilot.client import Progress
from pilot.reading import Pair
from schemas.checks import Artefact, CeilingPoint, CheckId, Failing, Privacy, Randomised
from schemas.recall import Status


def recall_ceiling(epsilon: float, m: int, delta: float = 0.0) -> float:
    """Return the bound on recall for one fact whose relation has `m` answers; 1 for m = 1: nothing to hide."""
    others = (m - 1) * math.exp(-epsilon)
    return min((1 + others * delta) / (1 + others), 1.0)


class AnswerChoices:
    """The possible answers of every relation, and how many pairs have how many of them.

    The set of answers of a pair counts as one answer.
    """

    def __init__(self, held: Held) -> None:
        self._of_relation = group_answers(held)
        sizes = {relation: len(known) for relation, known in self._of_relation.items()}
        self._pairs = Counter(sizes[relation] for _, relation in held)

    def ceiling(self, epsilon: float, delta: float = 0.0) -> float:
        """Return the mean bound on recall over all pairs."""
        total = math.fsum(pairs * recall_ceiling(epsilon, m, delta) for m, pairs in self._pairs.items())
        return total / self._pairs.total()

    def randomised(self, held: Held, epsilon: float, seed: int) -> dict[Pair, Answers]:
        """Apply randomised response: each pair keeps its true answers or gets others of its relation at random."""
        draw = random.Random(f"{seed} randomised")  # noqa: S311 - a measurement, not a protection of anybody
        return {pair: self._respond(pair, answers, epsilon, draw) for pair, answers in held.items()}

    def _respond(self, pair: Pair, answers: Answers, epsilon: float, draw: random.Random) -> Answers:
        known = self._of_relation[pair[1]]
        if draw.random() < recall_ceiling(epsilon, len(known)):
            return answers
        others = len(known) - 1
        at = draw.randrange(others)
        return known[at] if known[at] < answers else known[at + 1]


_EPSILONS = [quarter / 4 for quarter in range(65)]
_CONTROL = {("a subject no table has", "a relation no table has"): ("an answer no table has",)}
"""A name that also occurs in the files of a memory of this one fact is part of the format, and reveals nothing."""


@dataclass(frozen=True, slots=True)
class ServiceSetting:
    """What the checks may use of the service under test.

    recipe: how scratch memories are built; memories: the folder of the artefacts, where the pilot can read it;
    scratch: whether scratch dictionaries may be made.
    """

    recipe: dict[str, object] | None
    memories: Path | None
    scratch: bool


def check_privacy(target: CheckTarget, setting: ServiceSetting, plan: CheckPlan, progress: Progress) -> Measurement:
    """Search the artefact, and measure membership inference and the cost of randomised answers.

    A name that does not occur in the artefact's bytes counts as right, and so does a stranger's question without an
    answer. What a caller can tell, and what randomised answers would cost, is measured but not judged. Without scratch
    dictionaries, only membership inference is measured and the bound computed.
    """
    measured = Measurement(CheckId.PRIVACY)
    membership = measure_membership(target, plan, measured, progress)
    progress(0.0, "privacy: the stored bytes")
    artefact = _search_artefact(target, setting.memories, measured) if setting.scratch and setting.memories else None
    table = AnswerChoices(target.taught)
    measured.details = Privacy(
        artefact=artefact,
        membership=membership,
        delta=plan.delta,
        ceiling=[CeilingPoint(epsilon=epsilon, recall=table.ceiling(epsilon, plan.delta)) for epsilon in _EPSILONS],
        randomised=_measure_randomised(target, table, setting, plan, progress) if setting.scratch else None,
    )
    return measured


def _search_artefact(target: CheckTarget, memories: Path, measured: Measurement) -> Artefact:
    """Search the folder that the memory was loaded from."""
    names = {name for pair, answers in target.taught.items() for name in (*pair, *answers)}
    wanted = index_names(names)
    folder = memories / target.store.get_memory(target.memory or "").lineage
    with scratch_copy(target.store, _CONTROL, of=1, recipe=None) as control:
        own = find_names(memories / control.memory, wanted)
    found = find_names(folder, wanted) - own
    hidden = len(wanted.searched) - len(found) - len(own)
    measured.parts["artefact"] = Tally(right=hidden, wrong=len(found))
    measured.failing += [_to_failing(name) for name in sorted(found)]
    return Artefact(
        bytes=folder_size(folder),
        names=len(names),
        searched=len(wanted.searched) - len(own),
        short=len(wanted.short),
        own=len(own),
        found=len(found),
    )


def _to_failing(name: str) -> Failing:
    return Failing(
        part="artefact",
        subject=name,
        relation=None,
        question=None,
        expected=[],
        status=Status.ANSWERED,
        answers=[name],
        line=None,
    )


def _measure_randomised(
    target: CheckTarget, table: AnswerChoices, setting: ServiceSetting, plan: CheckPlan, progress: Progress
) -> Randomised:
    """Teach a scratch dictionary randomised answers, and judge its recall of every pair by the true ones."""
    truth = draw_pairs(target.taught, plan.randomised, plan.seed)
    noisy = table.randomised(truth, plan.epsilon, plan.seed)
    progress(0.0, "privacy: randomised answers")
    tally = Tally()
    with scratch_copy(target.store, noisy, of=len(target.taught), recipe=setting.recipe) as scratch:
        for reply in scratch.target().recall(list(truth), progress, "privacy: randomised answers"):
            tally.count(reply.status, right=reply.answers == truth[reply.pair])
        copy_of = scratch.copy
    return Randomised(copy_of=copy_of, epsilon=plan.epsilon, ceiling=table.ceiling(plan.epsilon), **tally.counts())
