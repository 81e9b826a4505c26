"""Check rollback: how long the one call takes, which answers come afterwards, and that edits go on from there."""

import time
from dataclasses import dataclass, field

from pilot.checks.measurement import Measurement
from pilot.checks.scratch import Changes, Held, Scratch
from pilot.checks.target import CheckPlan
from pilot.client import Progress
from schemas.checks import CheckId, Rollback, Switch

_CHAMPION = "champion"
_WHY = ("the pilot tries a rollback", "the pilot follows the ledger again", "the pilot resets the ledger")


@dataclass(slots=True)
class _Course:
    """The steps of the check. Parts are counted by asking the champion, as callers do, not a memory named by its id."""

    scratch: Scratch
    progress: Progress
    measured: Measurement = field(default_factory=lambda: Measurement(CheckId.ROLLBACK))
    milliseconds: list[float] = field(default_factory=list)

    def ask(self, part: str, expected: Held) -> None:
        """Ask the champion for these pairs. Right: the sets of answers are equal."""
        target = self.scratch.target(champion=True)
        for reply in target.recall(list(expected), self.progress, f"rollback: {part.replace('_', ' ')}"):
            right = reply.answers == expected[reply.pair]
            self.measured.part(part).count(reply.status, right=right)
            if not right:
                self.measured.failing.append(reply.failing(part, expected[reply.pair], None))

    def roll_back(self, reason: str, memory: str, *, reset_ledger: bool = False) -> None:
        start = time.perf_counter()
        self.scratch.store.roll_back(
            self.scratch.dictionary, _CHAMPION, reason, memory=memory, reset_ledger=reset_ledger
        )
        self.milliseconds.append(1000 * (time.perf_counter() - start))


def check_rollback(scratch: Scratch, plan: CheckPlan, progress: Progress) -> Measurement:
    """Edit, roll back, edit while pinned, unpin, and roll back once more with the ledger reset."""
    course = _Course(scratch, progress)
    held, memory, digest = dict(scratch.held), scratch.memory, scratch.digest()
    changes = Changes(held, plan.seed)
    first = changes.draw(held, plan.edited, "before the rollback")
    second = changes.draw(held, plan.edited, "while pinned")
    scratch.change(first)
    course.ask("edited", first)
    course.roll_back(_WHY[0], memory)
    course.ask("rolled_back", held)
    scratch.change(second)
    course.ask("pinned", {pair: held[pair] for pair in first | second})
    scratch.memory = scratch.store.unpin(scratch.dictionary, _CHAMPION, _WHY[1])
    course.ask("caught_up", first | second)
    course.roll_back(_WHY[2], memory, reset_ledger=True)
    course.ask("reset", held)
    scratch.held, scratch.memory = held, memory
    course.measured.details = _to_rollback(course, digest, edited=len(first | second))
    return course.measured


def _to_rollback(course: _Course, digest: str, *, edited: int) -> Rollback:
    scratch = course.scratch
    events = scratch.store.get_alias_history(scratch.dictionary, _CHAMPION).events
    champion = events[0].memory if events else scratch.memory
    history = [Switch(at=event.at, by=event.by, reason=event.reason, memory=event.memory) for event in events]
    return Rollback(
        copy_of=scratch.copy,
        edited=edited,
        milliseconds=course.milliseconds,
        history=history,
        reasons_given=len(_WHY),
        reasons_found=len(set(_WHY) & {event.reason for event in events if event.by}),
        digest_before=digest,
        digest_restored=scratch.store.get_memory(champion).digest,
    )
