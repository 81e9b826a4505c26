"""Measure membership inference: whether an attacker, with an API key or without, can tell which pairs were taught."""

import math
import random
import secrets
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from pilot.checks.measurement import Measurement
from pilot.checks.probes import Probes
from pilot.checks.target import CheckPlan, CheckTarget, Reply
from pilot.client import FactStore, Progress
from pilot.errors import Refused
from pilot.reading import Pair
from pilot.statistics import Interval, interval
from schemas.checks import Membership
from schemas.recall import Query, Status

_STRANGER = "strangers"


def measure_membership(
    target: CheckTarget, plan: CheckPlan, measured: Measurement, progress: Progress
) -> list[Membership]:
    """Measure both attackers. A caller may recall and so can always tell, by design; a stranger must not be able to."""
    members, others = _draw_pairs(target, plan)
    asked = (list(target.recall(pairs, progress, "privacy: membership")) for pairs in (members, others))
    with FactStore(target.store.wire.url, secrets.token_urlsafe(32)) as stranger:
        refused = [
            [_ask_as_stranger(stranger, target, pair, measured) for pair in pairs[: plan.strangers]]
            for pairs in (members, others)
        ]
    return [_to_membership("caller", *asked), _to_membership("stranger", *refused)]


def auc(members: Sequence[float], others: Sequence[float]) -> float:
    """Return the chance that a member scores above a non-member, a tie counting half (Mann and Whitney 1947).

    Neither sequence may be empty.
    """
    scored = sorted([*((score, 0) for score in others), *((score, 1) for score in members)])
    below = won = 0.0
    for _, alike in groupby(scored, key=lambda each: each[0]):
        kinds = [member for _, member in alike]
        found = sum(kinds)
        won += found * (below + (len(kinds) - found) / 2)
        below += len(kinds) - found
    return won / (len(members) * len(others))


def auc_interval(found: tuple[int, int], false: tuple[int, int]) -> Interval:
    """Return the 95 % interval of the AUC of an attacker with one threshold, (1 + hit rate - false alarm rate) / 2.

    Each rate is given as (k, n). With 95 % confidence, both lie within their exact 97.5 % intervals (Bonferroni).
    """
    hits, alarms = interval(*found, 0.975), interval(*false, 0.975)
    return (1 + hits[0] - alarms[1]) / 2, (1 + hits[1] - alarms[0]) / 2


def _draw_pairs(target: CheckTarget, plan: CheckPlan) -> tuple[list[Pair], list[Pair]]:
    """Draw taught pairs and as many never-taught ones; half of the latter are absent cells, if the table has enough."""
    draw = random.Random(f"{plan.seed} members")  # noqa: S311 - a reproducible sample, not a secret
    members = draw.sample(list(target.taught), min(plan.members, len(target.taught)))
    probes = Probes(list(target.taught), target.elsewhere | set(target.taught), plan.seed)
    absent = probes.absent_cells(math.ceil(len(members) / 2))
    others = absent + probes.unseen_subjects(max(len(members) - len(absent), 1))
    draw.shuffle(others)
    return members, others


def _ask_as_stranger(stranger: FactStore, target: CheckTarget, pair: Pair, measured: Measurement) -> Reply:
    """Ask with a key that was never issued. Right: nothing is answered."""
    try:
        result = stranger.recall(target.dictionary, Query(subject=pair[0], relation=pair[1], memory=target.memory))
    except Refused:
        reply = Reply(pair, Status.UNKNOWN, ())
    else:
        reply = Reply(pair, Status.ANSWERED, tuple(result.answers))
        measured.failing.append(reply.failing(_STRANGER, (), None))
    measured.part(_STRANGER).count(reply.status, right=reply.status is Status.UNKNOWN)
    return reply


def _to_membership(
    attacker: Literal["caller", "stranger"], members: Sequence[Reply], others: Sequence[Reply]
) -> Membership:
    hits, alarms = ([float(reply.status is Status.ANSWERED) for reply in replies] for replies in (members, others))
    found, false = int(sum(hits)), int(sum(alarms))
    return Membership(
        attacker=attacker,
        members=len(hits),
        members_answered=found,
        others=len(alarms),
        others_answered=false,
        auc=auc(hits, alarms),
        interval=auc_interval((found, len(hits)), (false, len(alarms))),
        auc_by_margin=auc([reply.margin for reply in members], [reply.margin for reply in others]),
    )
