"""Deciding a review: the answer was right; or it was wrong and is corrected by an edit; or the item goes back."""

from typing import Any

from schemas.edits import EditReply, FactBatch, FactDelete, FactUpsert
from schemas.reviews import Review, ReviewDecide, ReviewSource, ReviewState
from service.errors import PreconditionFailed, Unprocessable
from service.storage import Transaction, aliases, dictionaries, reviews
from service.storage.aliases import CHAMPION
from service.storage.dictionaries import get_dictionary
from service.storage.stamps import now
from service.workflows.active_policies import get_active
from service.workflows.ledger import edits
from service.workflows.ledger.edits import Edited
from service.workflows.reviews.error_rates import limits_of
from service.workflows.reviews.reviews import Reviewer, check_open, event, find, get_review
from service.workflows.reviews.withdrawals import withdraw_if_exceeded
from service.workflows.versions.publish import EditContext


def decide(service: EditContext, ref: str, review_id: str, wanted: ReviewDecide, reviewer: Reviewer) -> Review:
    """Decide an item once; its authors may not. A correction is in the ledger and audited in the same commit;
    where it makes the memory's error rate exceed its gate, the champion rolls back.
    """
    if (wanted.answers is not None) != (wanted.decision == "correct"):
        raise Unprocessable(
            "a correction names the right answers (an empty list: there is none), no other decision does"
        )
    if wanted.decision == "correct":
        return _correct(service, ref, review_id, wanted, reviewer)
    with service.db.writing() as tx:
        row = get_dictionary(tx, ref)
        review = get_review(tx, row.number, review_id)
        check_open(tx, row.number, review, reviewer)
        _write(
            tx, review, _acceptance(reviewer.by, wanted) if wanted.decision == "accept" else _rejection(review, wanted)
        )
        service.auditor.record(tx, event(row.id, review, reviewer.by, wanted.decision))
    return find(service.db, ref, review_id)


def _correct(service: EditContext, ref: str, review_id: str, wanted: ReviewDecide, reviewer: Reviewer) -> Review:
    limits = limits_of(service.settings)
    with service.db.reading() as tx:
        row = get_dictionary(tx, ref)
        review = get_review(tx, row.number, review_id)
        check_open(tx, row.number, review, reviewer)
        answers = get_active(tx, service.settings.secrets, row).answers(review.relation, wanted.answers or [])

    def decided(tx: Transaction, _: Edited) -> None:
        _write(tx, review, _correction(tx, row, wanted, answers, reviewer.by))
        service.auditor.record(tx, event(row.id, review, reviewer.by, wanted.decision))

    reason = f"corrected by {review.id}"
    reply = edits.apply(
        service, row.id, _batch(review, wanted.answers or []), by=reviewer.by, reason=reason, also=decided
    )
    memory, job = (reply.memory, None) if isinstance(reply, EditReply) else (None, reply.id)
    with service.db.writing() as tx:
        reviews.note_outcome(tx, review.id, memory, job)
    if review.source is ReviewSource.SAMPLED:
        withdraw_if_exceeded(service, row.id, review.memory, limits)
    return find(service.db, ref, review_id)


def _batch(review: Review, answers: list[str]) -> FactBatch:
    """Make the pair's complete new answer; without one the pair is deleted."""
    if not answers:
        return FactBatch(delete=[FactDelete(subject=review.subject, relation=review.relation)])
    return FactBatch(upsert=[FactUpsert(subject=review.subject, relation=review.relation, answers=answers)])


def _write(tx: Transaction, review: Review, values: dict[str, Any]) -> None:
    if not reviews.change(tx, review, values):
        raise PreconditionFailed("somebody else decided this item meanwhile")


def _acceptance(by: str, wanted: ReviewDecide) -> dict[str, Any]:
    return {"state": ReviewState.ACCEPTED, "reason": wanted.reason, "decided_by": by, "decided_at": now()}


def _correction(
    tx: Transaction, row: dictionaries.Row, wanted: ReviewDecide, answers: list[str], by: str
) -> dict[str, Any]:
    champion = aliases.find(tx, row.number, CHAMPION)
    decided = _acceptance(by, wanted) | {"state": ReviewState.CORRECTED, "corrected": answers}
    return decided | {"memory_before": champion.memory if champion else None}


def _rejection(review: Review, wanted: ReviewDecide) -> dict[str, Any]:
    """The changes to an item that is put back and stays open."""
    return {"returned": review.returned + 1, "reason": wanted.reason}
