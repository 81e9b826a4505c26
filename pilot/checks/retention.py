"""Measure what a change costs the facts it does not touch: rounds of edits, after each of which every pair is asked."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from pilot.checks.measurement import Measurement, Tally
from pilot.checks.scratch import Changes, Scratch
from pilot.checks.target import CheckPlan, Reply
from pilot.client import Progress
from pilot.reading import Pair
from schemas.checks import CheckId, Part, Retention, Step

UNCHANGED = "unchanged"


@dataclass(slots=True)
class _Rounds:
    """The state between rounds. `ages`: the round that last changed a pair; `right`: the pairs last answered right."""

    scratch: Scratch
    progress: Progress
    ages: dict[Pair, str] = field(default_factory=dict)
    right: set[Pair] = field(default_factory=set)
    replies: list[Reply] = field(default_factory=list)

    def ask(self, step: str) -> Tally:
        """Ask every pair. Right: the set of answers that it was given last."""
        tally, held = Tally(), self.scratch.held
        self.replies = list(self.scratch.target().recall(list(held), self.progress, step))
        for reply in self.replies:
            tally.count(reply.status, right=reply.answers == held[reply.pair])
        self.right = {reply.pair for reply in self.replies if reply.answers == held[reply.pair]}
        return tally

    def change(self, number: int, share: float, changes: Changes) -> Step:
        """Make one round: change this share of the pairs, from 0 to 1, in as few requests as possible."""
        name = f"changed_{number}"
        wanted = max(1, round(share * len(self.scratch.held)))
        given = changes.draw(self.scratch.held, wanted, name)
        before = self.right - given.keys()
        self.progress(0.0, f"retention: changing {len(given):,} pairs")
        start = time.perf_counter()
        requests = self.scratch.change(given)
        seconds = time.perf_counter() - start
        self.ages.update(dict.fromkeys(given, name))
        tally = self.ask(f"retention: every pair, after {len(given):,} changes")
        return Step(
            share=share,
            changed=len(given),
            requests=requests,
            seconds=seconds,
            asked=tally.asked,
            right=tally.right,
            wrong=tally.wrong,
            abstained=tally.abstained,
            held=len(self.right & given.keys()),
            others=len(before),
            forgotten=len(before - self.right),
        )


def check_retention(
    scratch: Scratch, plan: CheckPlan, priority: Collection[Pair] | None, progress: Progress
) -> Measurement:
    """Make the rounds and count on the last memory: one part for unchanged pairs, one for those of each round."""
    changes = Changes(scratch.held, plan.seed)
    rounds = _Rounds(scratch, progress)
    rounds.ask("retention: every pair, before any change")
    steps = [rounds.change(number, share, changes) for number, share in enumerate(plan.shares, start=1)]
    measured = Measurement(CheckId.RETENTION, priority=None if priority is None else Tally())
    measured.parts = {name: Tally() for name in (UNCHANGED, *(f"changed_{n}" for n in range(1, len(steps) + 1)))}
    relations = Measurement(CheckId.RETENTION)
    for reply in rounds.replies:
        _judge(measured, relations, reply, rounds, priority or ())
    measured.details = _to_retention(scratch, steps, relations)
    return measured


def _judge(
    measured: Measurement, relations: Measurement, reply: Reply, rounds: _Rounds, priority: Collection[Pair]
) -> None:
    expected, age = rounds.scratch.held[reply.pair], rounds.ages.get(reply.pair, UNCHANGED)
    right = reply.answers == expected
    measured.part(age).count(reply.status, right=right)
    relations.part(reply.pair[1]).count(reply.status, right=right)
    if measured.priority is not None and reply.pair in priority:
        measured.priority.count(reply.status, right=right)
    if not right:
        measured.failing.append(reply.failing(age, expected, None))


def _to_retention(scratch: Scratch, steps: Sequence[Step], relations: Measurement) -> Retention:
    return Retention(
        copy_of=scratch.copy,
        steps=list(steps),
        relations=[Part(name=name, **tally.counts()) for name, tally in relations.parts.items()],
        others=sum(step.others for step in steps),
        forgotten=sum(step.forgotten for step in steps),
    )
