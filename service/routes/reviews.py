"""/v1/dictionaries/{d}/reviews: answers doubted or drawn at random, decided by somebody else, and their sum."""

import asyncio
from typing import Annotated

from fastapi import Query, Response

from schemas.base import DIGITS
from schemas.problems import Code
from schemas.reviews import (
    Estimate,
    Review,
    ReviewCreate,
    ReviewDecide,
    ReviewOrder,
    ReviewPage,
    ReviewState,
    Sample,
    SampleCreate,
)
from service.routes.context import IdempotencyKey, IfMatch, Reporter, Reviewer, ReviewReader, Service, Viewer
from service.routes.replies import MISSING, refusals, with_etag
from service.routes.wire import Router
from service.storage.reviews import Listing
from service.workflows.recalls.serving import Address
from service.workflows.reviews import decisions, error_rates, reviews, samples

router = Router(prefix="/v1/dictionaries/{dictionary}", tags=["reviews"])


@router.post("/reviews", status_code=201, responses=refusals({404: MISSING, 409: [Code.NO_MEMORY]}))
async def report(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    wanted: ReviewCreate,
    service: Service,
    caller: Reporter,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Review:
    """Doubt an answer. A relation that the caller may not see is asked as one that was never taught."""
    owner = await service.serving.dictionary(dictionary, caller.sees)
    served = (await service.serving.find(Address(owner, memory=wanted.memory))).within(caller.relations(owner))
    review = await asyncio.to_thread(reviews.report, service, served, wanted, caller.key, idempotency_key)
    return with_etag(response, review)


@router.post("/reviews:sample", status_code=201, responses=refusals({409: [Code.NO_MEMORY]}))
async def sample(
    dictionary: str,
    wanted: SampleCreate,
    service: Service,
    caller: Reviewer,
    idempotency_key: IdempotencyKey = None,
) -> Sample:
    """Draw pairs of the champion into the queue; the probability with which each was drawn is kept."""
    served = await service.serving.find(Address(await service.serving.dictionary(dictionary, caller.sees)))
    return await asyncio.to_thread(samples.draw, service, served, wanted, caller.key, idempotency_key)


@router.get("/reviews")
def listed(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    service: Service,
    _: ReviewReader,
    state: ReviewState | None = None,
    order: ReviewOrder = ReviewOrder.RANDOM,
    limit: Annotated[int, Query(ge=1, le=1000), DIGITS] = 100,
    cursor: str | None = None,
) -> ReviewPage:
    """Of every state unless one is named; in random order, which keeps estimates unbiased, unless another is named."""
    return reviews.list_reviews(service.db, dictionary, Listing(state, order, cursor, limit))


@router.get("/reviews/estimate", responses=refusals({409: [Code.NO_MEMORY]}))
def estimate(dictionary: str, service: Service, _: Viewer, memory: str | None = None) -> Estimate:
    """The error rate, from the sampled items that were decided; reported ones are counted apart."""
    return error_rates.estimate(service.db, service.settings, dictionary, memory)


@router.get("/reviews/{review}")
def find(dictionary: str, review: str, service: Service, _: ReviewReader, response: Response) -> Review:
    return with_etag(response, reviews.find(service.db, dictionary, review))


@router.post(
    "/reviews/{review}",
    responses=refusals(
        {
            403: [Code.FORBIDDEN, Code.REVIEWER_IS_AUTHOR],
            409: [Code.REVIEW_DECIDED],
            412: [Code.PRECONDITION_FAILED],
        }
    ),
)
def decide(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    review: str,
    wanted: ReviewDecide,
    service: Service,
    caller: Reviewer,
    response: Response,
    if_match: IfMatch = None,
) -> Review:
    """Accept, correct (an edit, served when this returns) or reject (back into the queue). With If-Match (the item's
    ETag) only if nobody has touched it since: 412.
    """
    reviewer = reviews.Reviewer(caller.key, if_match)
    return with_etag(response, decisions.decide(service, dictionary, review, wanted, reviewer))
