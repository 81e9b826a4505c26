"""Check that deleted facts are gone, from the answers and from the bytes, and that nothing else was lost."""

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
"""At most one pair in this many is deleted."""


def check_deletion(scratch: Scratch, gone: Sequence[Pair], proofs: int, progress: Progress) -> Measurement:
    """Delete the pairs in `gone`, ask for them and for all others, and teach them again.

    A proof of absence is requested for the first `proofs` of them; for each, the service reads the version's bytes.
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
    """Draw the pairs to delete: at most a tenth of them, at least one, never all.

    A pair whose spelling folds to that of another pair is never drawn, because the other pair may correctly answer a
    question about it.
    """
    alike = Counter((fold(subject), fold(relation)) for subject, relation in held)
    single = [pair for pair in held if alike[fold(pair[0]), fold(pair[1])] == 1]
    wanted = min(plan.deleted, max(1, len(held) // _SHARE), len(held) - 1, len(single))
    return random.Random(f"{plan.seed} deleted").sample(single, wanted)  # noqa: S311 - a reproducible sample


def _ask_for_the_deleted(scratch: Scratch, taught: Held, measured: Measurement, progress: Progress) -> None:
    """Ask as the pairs were spelt, in another spelling, and in a sentence. Right: the deleted answer does not come."""
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
    """Whether nothing was answered, or the answer is that of another pair named in the sentence."""
    if result.status is not Status.ANSWERED or result.subject is None or result.relation is None:
        return result.status is not Status.ANSWERED
    pair = result.subject, result.relation
    return pair != deleted and held.get(pair) == tuple(sorted(result.answers))


def _ask_for_proofs(scratch: Scratch, gone: Sequence[Pair], measured: Measurement) -> None:
    """Ask for the proofs. Right: the version does not hold the pair, and the deletion changed the proof's digest."""
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
    """Ask the current memory for these pairs. Right: the sets of answers are equal."""
    for reply in scratch.target().recall(list(expected), progress, f"deletion: {part}"):
        right = reply.answers == expected[reply.pair]
        measured.part(part).count(reply.status, right=right)
        if not right:
            measured.failing.append(reply.failing(part, expected[reply.pair], None))


_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def respell(name: str) -> str:
    """Return the name in another width, case or normal form; if it has only one form, with white space at its ends."""
    forms = (name.translate(_WIDE), name.swapcase(), unicodedata.normalize("NFD", name))
    return next((form for form in forms if form != name), f"\u3000{name} ")
