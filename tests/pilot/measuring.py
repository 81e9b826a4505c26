"""Outcomes of the checks that change facts, made up: everything is right except what a test says."""

from datetime import UTC, datetime

from pilot.checks.measurement import Measurement, Tally
from pilot.checks.privacy import AnswerChoices
from pilot.reading import Reading
from schemas.checks import (
    Artefact,
    CeilingPoint,
    CheckId,
    Copy,
    Deletion,
    Membership,
    Part,
    Privacy,
    Randomised,
    Retention,
    Rollback,
    Step,
    Switch,
)

NOON = datetime(2025, 1, 31, 12, 0, tzinfo=UTC)


def measure_changes(reading: Reading, *, forgotten: int = 0, undeleted: int = 0) -> list[Measurement]:
    """Make outcomes of retention, deletion and rollback on a copy of the file, and of privacy with the artefact."""
    pairs = len(reading.taught)
    copy = Copy(pairs=pairs, of=pairs)
    return [
        make_retention(pairs, copy, forgotten),
        make_deletion(pairs, copy, undeleted),
        make_rollback(pairs, copy),
        make_privacy(reading),
    ]


def make_retention(pairs: int, copy: Copy, forgotten: int = 0, priority: Tally | None = None) -> Measurement:
    kept = Tally(right=pairs - 1 - forgotten, abstained=forgotten)
    steps = [
        Step(
            share=share,
            changed=1,
            requests=1,
            seconds=0.02,
            asked=pairs,
            right=pairs - forgotten,
            wrong=0,
            abstained=forgotten,
            held=1,
            others=pairs - 1,
            forgotten=forgotten,
        )
        for share in (0.01, 0.1, 0.5)
    ]
    relations = [Part(name="<b>色</b>", **(kept + Tally(right=1)).counts())]
    details = Retention(copy_of=copy, steps=steps, relations=relations, others=3 * (pairs - 1), forgotten=forgotten)
    parts = {"unchanged": kept, "changed_1": Tally(), "changed_2": Tally(), "changed_3": Tally(right=1)}
    return Measurement(CheckId.RETENTION, parts, details=details, priority=priority)


def make_deletion(pairs: int, copy: Copy, undeleted: int = 0) -> Measurement:
    parts = {
        "deleted": Tally(right=10 - undeleted, wrong=undeleted),
        "spellings": Tally(right=10),
        "questions": Tally(right=10),
        "proofs": Tally(right=10),
        "others": Tally(right=pairs),
        "restored": Tally(right=10),
    }
    details = Deletion(
        copy_of=copy, deleted=10, digest_before="a" * 64, digest_after="b" * 64, digest_restored="a" * 64
    )
    return Measurement(CheckId.DELETION, parts, details=details)


def make_rollback(pairs: int, copy: Copy, milliseconds: float = 12.0, reasons: int = 3) -> Measurement:
    history = [Switch(at=NOON, by="<i>key</i>", reason="the pilot tries a rollback", memory="m1")]
    parts = {name: Tally(right=pairs) for name in ("edited", "rolled_back", "pinned", "caught_up", "reset")}
    details = Rollback(
        copy_of=copy,
        edited=2,
        milliseconds=[8.0, milliseconds],
        history=history,
        reasons_given=3,
        reasons_found=reasons,
        digest_before="a" * 64,
        digest_restored="a" * 64,
    )
    return Measurement(CheckId.ROLLBACK, parts, details=details)


def make_privacy(reading: Reading, found: int = 0) -> Measurement:
    table = AnswerChoices(reading.taught)
    told = Membership(
        attacker="caller",
        members=50,
        members_answered=50,
        others=50,
        others_answered=0,
        auc=1.0,
        interval=(0.95, 1.0),
        auc_by_margin=1.0,
    )
    details = Privacy(
        artefact=Artefact(bytes=9000, names=20, searched=18, short=2, own=0, found=found),
        membership=[told, told.model_copy(update={"attacker": "stranger", "members_answered": 0, "auc": 0.5})],
        delta=1e-6,
        ceiling=[CeilingPoint(epsilon=eps, recall=table.ceiling(eps)) for eps in range(17)],
        randomised=Randomised(
            copy_of=Copy(pairs=5, of=5), epsilon=4.0, ceiling=0.9, **Tally(right=4, wrong=1).counts()
        ),
    )
    parts = {"strangers": Tally(right=100), "artefact": Tally(right=18 - found, wrong=found)}
    return Measurement(CheckId.PRIVACY, parts, details=details)
