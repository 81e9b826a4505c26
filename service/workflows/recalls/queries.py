"""Queries become pairs, the pairs are asked of a memory together, and what it holds becomes results.

Every form of query is a generator that yields the pairs it needs next and is sent what the memory holds for them;
all queries of a batch move in step, so a batch of chains costs as many recalls as its longest chain has hops. A batch
is answered in steps, after each of which it may be set aside for the requests of others.
No answer here comes from the ledger: `compare` only sets the ledger's view beside a finished result.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from schemas.recall import Candidate, ColumnsResult, LedgerView, Query, Result, Status
from service.errors import TooLarge, Unprocessable
from service.facts import Pair, trimmed
from service.memory import Recalled
from service.memory.recall import Servable
from service.storage.lookup import Source
from service.turns import Steps, finish

MAX_HOPS = 16
MAX_FAN_OUT = 1_000  # subjects that one hop of a chain may ask for; beyond it the chain is ambiguous
MAX_QUESTION = 512  # characters; every stretch of a sentence may be a name
MAX_PAIRS = 1_000_000  # pairs that the queries of one request may become in one step
MAX_WORK = 1_000_000  # what the queries of one request may weigh
AT_ONCE = 16_384  # pairs of a large batch that are asked of a memory before it may be set aside


class Held(NamedTuple):
    """What a memory answers for one pair."""

    status: Status
    answers: Sequence[str]
    margin: float


Ledger = Mapping[Pair, Source]
Hops = Generator[list[Pair], list[Held], Result]
Form = Callable[[Query, Servable, str], Hops]


def recall_columns(memory: Servable, name: str, subjects: Sequence[str], relations: Sequence[str]) -> ColumnsResult:
    """The column form: one status, answer set and margin a pair, in the order asked."""
    return finish(answer_columns(memory, name, subjects, relations))


def answer_columns(
    memory: Servable, name: str, subjects: Sequence[str], relations: Sequence[str]
) -> Steps[ColumnsResult]:
    """Do the same in steps."""
    if len(subjects) != len(relations):
        raise Unprocessable(f"subjects has {len(subjects)} entries and relations {len(relations)}: one of each a pair")
    return ColumnsResult(*(yield from _recall_columns(memory, subjects, relations)), name)


def recall_rows(memory: Servable, name: str, queries: Sequence[Query]) -> list[Result]:
    """One result a query, in their order; `name` is the memory's id, which every result carries."""
    return finish(answer_rows(memory, name, queries))


def answer_rows(memory: Servable, name: str, queries: Sequence[Query]) -> Steps[list[Result]]:
    """Do the same in steps."""
    if all(map(is_pair, queries)):
        return (yield from _pairs(memory, name, queries))
    forms = [form_of(query) for query in queries]
    hops = [each(query, memory, name) for each, query in zip(forms, queries, strict=True)]
    return (yield from _in_step(memory, hops))


def weigh(asked: Sequence[Query]) -> int:
    """How much work queries are, in exact pairs: a chain is as many as it has hops, and a question as many as it has
    characters, since any stretch of it may be a name.
    """
    if all(map(is_pair, asked)):
        return len(asked)
    return sum(1 + len(query.relations or ()) + len(query.question or "") for query in asked)


def check_weight(weight: int) -> None:
    """Raise TooLarge where a request is more work than one may be."""
    if weight > MAX_WORK:
        raise TooLarge(
            f"this batch is as much work as {weight:,} exact pairs, where a question counts its characters; "
            f"{MAX_WORK:,} is the most: send fewer queries a request"
        )


def pairs_of(results: Iterable[Result]) -> list[Pair]:
    """The exact pairs that results are about, for those that are about one."""
    return [
        (trimmed(result.subject), trimmed(result.relation))
        for result in results
        if result.subject is not None and result.relation is not None
    ]


def compare(results: Iterable[Result], ledger: Ledger) -> None:
    """Add what the ledger holds to each result about one pair."""
    for result in results:
        for pair in pairs_of([result]):
            held = ledger.get(pair)
            answers = sorted(held.answers) if held else []
            agrees = list(result.answers) == answers
            result.ledger = LedgerView(agrees, answers, held.upload if held else None, held.line if held else None)


def form_of(query: Query) -> Form:
    """The form of a query, one of four. Raises Unprocessable where it has none of them."""
    left_out = (query.subject is None, query.relation is None, query.relations is None, query.question is None)
    found = _FORMS.get(left_out)
    if found is None:
        raise Unprocessable("a query is subject and relation, or question, or subject and relations, or subject alone")
    if query.relations is not None and not 1 <= len(query.relations) <= MAX_HOPS:
        raise Unprocessable(f"relations must name 1 to {MAX_HOPS} hops")
    if query.question is not None and len(query.question) > MAX_QUESTION:
        raise Unprocessable(f"a question may have at most {MAX_QUESTION} characters")
    return found


def check_forms(queries: Sequence[Query]) -> None:
    """Raise Unprocessable for a query of a batch that has none of the four forms, with its index."""
    for index, query in enumerate(queries):
        try:
            form_of(query)
        except Unprocessable as error:
            raise Unprocessable(f"queries[{index}]: {error.detail}", index=index) from None


def is_pair(query: Query) -> bool:
    """Whether the query is plain subject and relation, which needs one look and can share a batch with others."""
    named = query.subject is not None and query.relation is not None
    return named and query.relations is None and query.question is None


def _pairs(memory: Servable, name: str, queries: Sequence[Query]) -> Steps[list[Result]]:
    """Answer the most common batch, in which every query is a pair, without a generator for each."""
    subjects = [query.subject or "" for query in queries]
    relations = [query.relation or "" for query in queries]
    statuses, answers, margins = yield from _recall_columns(memory, subjects, relations)
    return list(map(Result, statuses, answers, subjects, relations, margins, repeat(name), repeat(()), repeat(None)))


def _in_step(memory: Servable, queries: Sequence[Hops]) -> Steps[list[Result]]:
    """Run every query to its end; each turn recalls the next pairs of all unfinished queries as one batch."""
    results: dict[int, Result] = {}
    wanted: dict[int, list[Pair]] = {}
    for index, hops in enumerate(queries):
        wanted[index] = next(hops)
        yield
    while wanted:
        held = iter((yield from _ask(memory, [pair for pairs in wanted.values() for pair in pairs])))
        following: dict[int, list[Pair]] = {}
        for index, pairs in wanted.items():
            try:
                following[index] = queries[index].send([next(held) for _ in pairs])
            except StopIteration as end:
                results[index] = end.value
            yield
        wanted = following
    return [results[index] for index in range(len(queries))]


def _ask(memory: Servable, pairs: list[Pair]) -> Steps[list[Held]]:
    if not pairs:
        return []
    if len(pairs) > MAX_PAIRS:
        raise TooLarge(f"these queries need {len(pairs)} pairs at once; {MAX_PAIRS} is the most: send fewer a request")
    subjects, relations = zip(*pairs, strict=True)
    return list(map(Held, *(yield from _recall_columns(memory, subjects, relations))))


_STATUSES = np.array([Status.UNKNOWN, Status.ANSWERED, Status.AMBIGUOUS], dtype=object)


Columns = tuple[Sequence[Status], Sequence[Sequence[str]], Sequence[float]]


def _recall_columns(memory: Servable, subjects: Sequence[str], relations: Sequence[str]) -> Steps[Columns]:
    """Statuses, answers and margins of pairs, of a large batch part by part."""
    if len(subjects) <= AT_ONCE:
        return _columns(memory.recall(subjects, relations))
    statuses, answers, margins = list[Status](), list[Sequence[str]](), list[float]()
    for at in range(0, len(subjects), AT_ONCE):
        part = _columns(memory.recall(subjects[at : at + AT_ONCE], relations[at : at + AT_ONCE]))
        statuses += part[0]
        answers += part[1]
        margins += part[2]
        yield
    return statuses, answers, margins


def _columns(recalled: Recalled) -> Columns:
    """Statuses, answers and margins as plain lists; margins to four decimals, 0 where the memory abstains."""
    statuses = _STATUSES[np.where(recalled.known, 1, 2 * recalled.ambiguous)].tolist()
    margins = np.where(recalled.known, recalled.margins.astype(np.float64), 0.0).round(4).tolist()
    return statuses, recalled.answers, margins


def _pair(query: Query, _: Servable, name: str) -> Hops:
    subject, relation = query.subject or "", query.relation or ""
    [held] = yield [(subject, relation)]
    return Result(held.status, held.answers, subject, relation, held.margin, name, (), None)


def _question(query: Query, memory: Servable, name: str) -> Hops:
    """Answer a sentence: answered when exactly one taught pair occurs in it, ambiguous when several do."""
    pairs = list(dict.fromkeys(memory.candidates(query.question or "")))
    held = yield pairs
    taught = [(pair, each) for pair, each in zip(pairs, held, strict=True) if each.status is Status.ANSWERED]
    if len(taught) == 1:
        [((subject, relation), each)] = taught
        return Result(each.status, each.answers, subject, relation, each.margin, name, (), None)
    status = Status.AMBIGUOUS if taught else _abstained(held)
    candidates = [Candidate(*pair, each.answers) for pair, each in taught]
    return Result(status, (), None, None, 0.0, name, candidates, None)


def _chain(query: Query, _: Servable, name: str) -> Hops:
    """The answers of one hop are the subjects of the next; branches that end are left, as a join leaves them."""
    subjects: Sequence[str] = [query.subject or ""]
    margins: list[float] = []
    for relation in query.relations or ():
        if len(subjects) > MAX_FAN_OUT:
            return _no_answer(Status.AMBIGUOUS, query, name)
        held = yield [(subject, relation) for subject in subjects]
        answered = [each for each in held if each.status is Status.ANSWERED]
        if not answered:
            return _no_answer(_abstained(held), query, name)
        subjects = sorted({answer for each in answered for answer in each.answers})
        margins += [each.margin for each in answered]
    return Result(Status.ANSWERED, subjects, query.subject, None, min(margins), name, (), None)


def _listing(query: Query, memory: Servable, name: str) -> Hops:
    """Every relation that the memory holds of the subject, as candidates; `answers` is all of them together."""
    subject, relations = query.subject or "", memory.relations
    held = yield [(subject, relation) for relation in relations]
    taught = [(r, each) for r, each in zip(relations, held, strict=True) if each.status is Status.ANSWERED]
    if not taught:
        return _no_answer(_abstained(held), query, name)
    candidates = [Candidate(subject, relation, each.answers) for relation, each in taught]
    answers = sorted({answer for candidate in candidates for answer in candidate.answers})
    margin = min(each.margin for _, each in taught)
    return Result(Status.ANSWERED, answers, subject, None, margin, name, candidates, None)


def _abstained(held: Iterable[Held]) -> Status:
    ambiguous = any(each.status is Status.AMBIGUOUS for each in held)
    return Status.AMBIGUOUS if ambiguous else Status.UNKNOWN


def _no_answer(status: Status, query: Query, name: str) -> Result:
    return Result(status, (), query.subject, None, 0.0, name, (), None)


# which of subject, relation, relations, question are left out
_FORMS: dict[tuple[bool, bool, bool, bool], Form] = {
    (False, False, True, True): _pair,
    (True, True, True, False): _question,
    (False, True, False, True): _chain,
    (False, True, True, True): _listing,
}
