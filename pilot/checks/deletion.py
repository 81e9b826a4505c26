"""Whether what was deleted is gone, from the answers and from the bytes, and whether nothing else went with it."""

import random
import unicodedata
from collections import Counter
from collections.abc import Sequence

from pilot.checks.measurement import Measurement
from pilot.checks.probes import fold
from pilot.checks.scratch import Held, Scratch
from pilot.checks.target import CheckPlan, Reply
from pilot.client import Progress
from pilot.reading import Pair
from schemas.checks import CheckId, Deletion
from schemas.recall import Result, Status

_SHARE = 10
"""At most one pair in so many is deleted."""


def check_deletion(scratch: Scratch, gone: Sequence[Pair], proofs: int, progress: Progress) -> Measurement:
    """Deletes these pairs, asks for them and for all others, and teaches them again.

    For `proofs` of them the proof of absence is asked: for each the service reads the version's bytes afresh.
    """
    measured, copy, before = Measurement(CheckId.DELETION), scratch.copy, scratch.digest()
    taught = {pair: scratch.held[pair] for pair in gone}
    progress(0.0, f"deletion: {len(gone):,} pairs")
    scratch.change({}, delete=gone)
    after = scratch.digest()
    _ask_for_the_deleted(scratch, taught, measured, progress)
    _ask_for_proofs(scratch, gone[:proofs], measured)
    _ask_and_judge(measured, "others", scratch, scratch.held, progress)
    scratch.change(taught)
    _ask_and_judge(measured, "restored", scratch, taught, progress)
    measured.details = Deletion(
        copy_of=copy, deleted=len(gone), digest_before=before, digest_after=after, digest_restored=scratch.digest()
    )
    return measured


def choose_deletions(held: Held, plan: CheckPlan) -> list[Pair]:
    """A tenth of the pairs at most, one at least, and never all; none that shares its spelling with another pair, as a
    question for it may rightly be answered by that one.
    """
    alike = Counter((fold(subject), fold(relation)) for subject, relation in held)
    single = [pair for pair in held if alike[fold(pair[0]), fold(pair[1])] == 1]
    wanted = min(plan.deleted, max(1, len(held) // _SHARE), len(held) - 1, len(single))
    return random.Random(f"{plan.seed} deleted").sample(single, wanted)  # noqa: S311 - a reproducible sample


def _ask_for_the_deleted(scratch: Scratch, taught: Held, measured: Measurement, progress: Progress) -> None:
    """As they were spelt, in another spelling, and in a sentence; right is that the deleted answer does not come."""
    target, pairs = scratch.target(), list(taught)
    spelt = [(respell(subject), respell(relation)) for subject, relation in pairs]
    for part, asked in (("deleted", pairs), ("spellings", spelt)):
        for reply in target.recall(asked, progress, f"deletion: {part}"):
            _judge(measured, part, reply, answered=reply.status is Status.ANSWERED)
    sentences = [f"{subject}の{relation}は？" for subject, relation in pairs]
    replies = target.ask(sentences, progress, "deletion: sentences")
    for pair, (_, result) in zip(pairs, replies, strict=True):
        reply = Reply(pair, result.status, tuple(sorted(result.answers)))
        _judge(measured, "questions", reply, answered=not _is_of_another_pair(result, pair, scratch.held))


def _judge(measured: Measurement, part: str, reply: Reply, *, answered: bool) -> None:
    measured.part(part).count(reply.status, right=not answered)
    if answered:
        measured.failing.append(reply.failing(part, (), None))


def _is_of_another_pair(result: Result, deleted: Pair, held: Held) -> bool:
    """Nothing was answered, or what another pair of the sentence holds."""
    if result.status is not Status.ANSWERED or result.subject is None or result.relation is None:
        return result.status is not Status.ANSWERED
    pair = result.subject, result.relation
    return pair != deleted and held.get(pair) == tuple(sorted(result.answers))


def _ask_for_proofs(scratch: Scratch, gone: Sequence[Pair], measured: Measurement) -> None:
    """Right: the version holds no such pair, and the proof names another digest after the deletion than before it."""
    for pair in gone:
        found = scratch.store.get_absence(scratch.memory, *pair)
        proof = found.proof
        right = found.absent and proof is not None and proof.digest_before != proof.digest_after
        _judge_proof(measured, Reply(pair, found.status, ()), right=right)


def _judge_proof(measured: Measurement, reply: Reply, *, right: bool) -> None:
    measured.part("proofs").count(reply.status, right=right)
    if not right:
        measured.failing.append(reply.failing("proofs", (), None))


def _ask_and_judge(measured: Measurement, part: str, scratch: Scratch, expected: Held, progress: Progress) -> None:
    """These pairs, on the memory as it is now; right means an equal set of answers."""
    for reply in scratch.target().recall(list(expected), progress, f"deletion: {part}"):
        right = reply.answers == expected[reply.pair]
        measured.part(part).count(reply.status, right=right)
        if not right:
            measured.failing.append(reply.failing(part, expected[reply.pair], None))


_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def respell(name: str) -> str:
    """The name in another width, case or normal form; with white space at its ends where it has only one form."""
    forms = (name.translate(_WIDE), name.swapcase(), unicodedata.normalize("NFD", name))
    return next((form for form in forms if form != name), f"\u3000{name} ")
