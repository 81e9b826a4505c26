"""Reviews: a caller doubts an answer, and the item waits for somebody else to decide it."""

from typing import NamedTuple

from schemas.problems import Code
from schemas.reviews import Review, ReviewCreate, ReviewPage, ReviewState
from service.errors import Conflict, Forbidden, NotFound, Unprocessable
from service.facts import trimmed
from service.storage import Database, Transaction, idempotency, keys, reviews
from service.storage.dictionaries import get_dictionary
from service.workflows import etags
from service.workflows.active_policies import get_active
from service.workflows.audit import Act, Event
from service.workflows.cursors import open_cursor, seal
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.versions.memories import begin_reading, check_unpurged
from service.workflows.versions.publish import EditContext


class Reviewer(NamedTuple):
    """Who decides, and which version of the item was looked at (the If-Match header)."""

    by: str
    if_match: str | None


def report(
    service: EditContext, served: ServedMemory, wanted: ReviewCreate, by: str, idempotency_key: str | None = None
) -> Review:
    """Queue a doubt about an answer of `served`. The memory is recalled once more for its margin.

    Raises Unprocessable, Conflict (idempotency_key_reused), NotFound (not_retained), Overtaken.
    """
    request = idempotency.Request.of(by, idempotency_key, f"reviews {wanted.model_dump_json()}")
    subject, relation = trimmed(wanted.subject), trimmed(wanted.relation)
    if not subject or not relation or "\0" in subject + relation:
        raise Unprocessable("subject and relation are more than white space, and contain no NUL")
    with service.db.reading() as tx:
        row = get_dictionary(tx, served.dictionary)
        begun = begin_reading(tx, row.number, served.id)
        policies = get_active(tx, service.settings.secrets, row)
    [(subject, relation)] = served.stored([(subject, relation)])
    recalled = served.memory.recall([subject], [relation])
    known = bool(recalled.known[0])
    recalled_answers = recalled.answers[0] if known else ()
    doubt = reviews.Doubt(
        subject=subject,
        relation=relation,
        memory=served.id,
        answers=recalled_answers if wanted.answers is None else policies.answers(relation, wanted.answers),
        margin=round(float(recalled.margins[0]), 4) if known else 0.0,
        by=by,
        expected=None if wanted.expected is None else policies.answers(relation, wanted.expected),
        note=wanted.note,
    )
    with service.db.writing() as tx:
        row = get_dictionary(tx, served.dictionary)
        if earlier := idempotency.earlier_reply(tx, row.number, request):
            return get_review(tx, row.number, earlier["review"])
        check_unpurged(tx, row.number, begun)
        [review] = reviews.add(tx, row.number, [doubt])
        idempotency.keep(tx, row.number, request, {"review": review.id})
        service.auditor.record(tx, event(row.id, review, by, "report"))
    return review


def find(db: Database, ref: str, review_id: str) -> Review:
    with db.reading() as tx:
        return get_review(tx, get_dictionary(tx, ref).number, review_id)


def get_review(tx: Transaction, dictionary: int, review_id: str) -> Review:
    """The review of this id in the dictionary. Raises NotFound."""
    review = reviews.find(tx, dictionary, review_id)
    if review is None:
        raise NotFound("no such review in this dictionary")
    return review


def list_reviews(db: Database, ref: str, wanted: reviews.Listing) -> ReviewPage:
    """A page of items, in random order by default, since the error rate is estimated from those decided first."""
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        listed = ("reviews", row.id, wanted.state, wanted.order)
        cursor = None if wanted.cursor is None else open_cursor(wanted.cursor, listed)
        page, following = reviews.list_page(tx, row.number, wanted._replace(cursor=cursor))
    return ReviewPage(reviews=page, cursor=None if following is None else seal(following, listed))


def check_open(tx: Transaction, dictionary: int, review: Review, reviewer: Reviewer) -> None:
    """Whether this reviewer may decide this item now. Raises PreconditionFailed, Conflict (review_decided) or Forbidden
    (reviewer_is_author): neither who reported it nor who taught the fact decides, under a rotated key neither.
    """
    etags.check(reviewer.if_match, review.version, "the item")
    if review.state is not ReviewState.OPEN:
        raise Conflict("this item has been decided", code=Code.REVIEW_DECIDED)
    pair = review.subject, review.relation
    authors = reviews.find_teachers(tx, dictionary, pair, review.memory)
    if review.sample is None:
        authors.add(review.by)
    if _person(tx, reviewer.by) in {_person(tx, author) for author in authors}:
        detail = "who reported an item or taught the fact it is about does not decide it"
        raise Forbidden(detail, code=Code.REVIEWER_IS_AUTHOR)


def event(dictionary: str, review: Review, by: str, what: str) -> Event:
    """The audit entry of a report or a decision."""
    details = {"review": review.id, "decision": what, "source": review.source, "returned": review.returned}
    texts = {"subject": [review.subject], "relation": [review.relation]}
    return Event(Act.REVIEW, by, dictionary, review.memory, details, texts)


def _person(tx: Transaction, key: str) -> str:
    """The first of the keys that this one was rotated from: they belong to one person."""
    info = keys.find(tx, key)
    while info is not None and info.replaces is not None:
        key, info = info.replaces, keys.find(tx, info.replaces)
    return key
