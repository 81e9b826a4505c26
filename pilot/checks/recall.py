"""Ask every taught pair. Right: the sets of answers are equal."""

from pilot.checks.measurement import Measurement, Tally
from pilot.checks.target import CheckTarget
from pilot.client import Progress
from schemas.checks import CheckId


def check_recall(target: CheckTarget, progress: Progress) -> Measurement:
    """Ask every taught pair and count by relation, one part each."""
    measured = Measurement(CheckId.RECALL, priority=None if target.priority is None else Tally())
    for reply in target.recall(list(target.taught), progress, "recall: every pair"):
        expected, relation = target.taught[reply.pair], reply.pair[1]
        right = reply.answers == expected
        measured.part(relation).count(reply.status, right=right)
        if measured.priority is not None and reply.pair in (target.priority or ()):
            measured.priority.count(reply.status, right=right)
        if not right:
            measured.failing.append(reply.failing(relation, expected, target.lines[reply.pair]))
    return measured
