"""A batch of edits as it was sent, checked item by item before anything is touched."""

from collections.abc import Sequence
from typing import NoReturn

from schemas.edits import EditOp, FactBatch, FactDelete, FactUpsert
from service.errors import Unprocessable
from service.facts import Pair, is_blank, trimmed
from service.ingest import Limits
from service.ingest.readers.decode import SURROGATE
from service.storage.revisions import Item

MOST_ITEMS = 10_000
MOST_CHARACTERS = Limits().max_field_chars


def items_of(batch: FactBatch) -> list[Item]:
    """The items in the order sent, upserts first. Raises Unprocessable, whose `op` and `index` say which item it is."""
    count = len(batch.upsert) + len(batch.delete)
    if not 0 < count <= MOST_ITEMS:
        raise Unprocessable(f"a batch has 1 to {MOST_ITEMS:,} items, not {count:,}")
    items = [_upsert(index, sent) for index, sent in enumerate(batch.upsert)]
    items += [Item(EditOp.DELETE, _pair(EditOp.DELETE, index, sent)) for index, sent in enumerate(batch.delete)]
    _refuse_repeated(items, len(batch.upsert))
    return items


def _upsert(index: int, sent: FactUpsert) -> Item:
    pair = _pair(EditOp.UPSERT, index, sent)
    if (sent.answer is None) == (sent.answers is None):
        _refuse(EditOp.UPSERT, index, "an item has either an answer or answers")
    answers = [sent.answer] if sent.answer is not None else sent.answers or []
    if not answers:
        _refuse(EditOp.UPSERT, index, "answers is empty; to take a pair away, name it in delete")
    for answer in answers:
        _check(EditOp.UPSERT, index, "answer", answer)
    return Item(EditOp.UPSERT, pair, frozenset(answers))


def _pair(op: EditOp, index: int, sent: FactUpsert | FactDelete) -> Pair:
    """Names as the ledger keeps them: without the white space at their ends."""
    for role, name in (("subject", sent.subject), ("relation", sent.relation)):
        _check(op, index, role, name)
    return trimmed(sent.subject), trimmed(sent.relation)


def _check(op: EditOp, index: int, role: str, text: str) -> None:
    if is_blank(text):
        _refuse(op, index, f"the {role} is blank")
    if len(text) > MOST_CHARACTERS:
        _refuse(op, index, f"the {role} has {len(text):,} characters; {MOST_CHARACTERS:,} are the most")
    if "\0" in text or SURROGATE.search(text):
        _refuse(op, index, f"the {role} has characters that are no text")


def _refuse_repeated(items: Sequence[Item], upserts: int) -> None:
    seen: set[Pair] = set()
    for at, item in enumerate(items):
        if item.pair in seen:
            index = at if item.op is EditOp.UPSERT else at - upserts
            _refuse(item.op, index, "the pair is named twice in this batch")
        seen.add(item.pair)


def _refuse(op: EditOp, index: int, reason: str) -> NoReturn:
    raise Unprocessable(f"{op}[{index}]: {reason}", op=op, index=index)
