"""Ask pairs that were never taught. The right reply is to abstain; any answer is a false answer."""

from pilot.checks.measurement import Measurement
from pilot.checks.probes import Probes
from pilot.checks.target import CheckTarget
from pilot.client import Progress
from schemas.checks import CheckId
from schemas.recall import Status


def check_unknown(target: CheckTarget, per_kind: int, seed: int, progress: Progress) -> Measurement:
    """Ask up to `per_kind` probes of each kind, and count them by kind, one part each."""
    measured = Measurement(CheckId.UNKNOWN)
    probes = Probes(list(target.taught), target.elsewhere | set(target.taught), seed)
    for kind, draw in probes.kinds().items():
        tally = measured.part(kind)
        for reply in target.recall(draw(per_kind), progress, f"unknown: {kind.replace('_', ' ')}"):
            abstained = reply.status is not Status.ANSWERED
            tally.count(reply.status, right=abstained)
            if not abstained:
                measured.failing.append(reply.failing(kind, (), None))
    return measured
