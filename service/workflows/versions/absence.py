"""Proofs of absence: a deleted pair is recalled from the stored bytes before and after, and both replies are kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.absence import Absence, AbsenceProof, AbsenceQuery
from schemas.recall import Status
from service import secret_files
from service.errors import NotFound
from service.facts import trimmed
from service.memory import Facts, Memory, Recalls
from service.settings import Settings
from service.storage import Database, Transaction, absence, dictionaries, memories
from service.storage.dictionaries import get_dictionary
from service.storage.stamps import now
from service.workflows.access.relations import Sight
from service.workflows.active_policies import get_active
from service.workflows.purged_names import Commitments
from service.workflows.versions.loaded import load_from_disk

PURPOSE = "absence"
MOST = 10_000  # pairs recorded of one change: a replacing upload may delete a whole ledger


@dataclass(frozen=True, slots=True)
class ProbedVersion:
    """A memory by its id, as read from its stored bytes."""

    id: str
    memory: Memory


@dataclass(frozen=True, slots=True)
class Deletion:
    """`after` holds none of `pairs`; `ledger_version` is the first without them."""

    before: ProbedVersion
    after: ProbedVersion
    pairs: Sequence[tuple[str, str]]
    ledger_version: int
    by: str


def record_proofs(tx: Transaction, settings: Settings, row: dictionaries.Row, deletion: Deletion) -> None:
    """Keep a proof for each pair that `before` held, for the first `MOST` of them; both versions are recalled now."""
    pairs = deletion.pairs[:MOST]
    if not pairs:
        return
    commitments = Commitments(secret_files.read(settings.secrets, row.id), PURPOSE)
    before, after = deletion.before, deletion.after
    at, digests = now(), (before.memory.digest, after.memory.digest)
    probed = zip(pairs, _probe(before.memory, pairs), _probe(after.memory, pairs), strict=True)
    absence.add(
        tx,
        row.number,
        [
            absence.Proof(
                pair=commitments.pair(*pair),
                memory_before=before.id,
                memory_after=after.id,
                digest_before=digests[0],
                digest_after=digests[1],
                status_before=status_before,
                status_after=status_after,
                margin_before=margin_before,
                margin_after=margin_after,
                ledger_version=deletion.ledger_version,
                at=at,
                by=deletion.by,
            )
            for pair, (status_before, margin_before), (status_after, margin_after) in probed
            if status_before is not Status.UNKNOWN
        ],
    )


def check_absence(db: Database, settings: Settings, memory_id: str, query: AbsenceQuery, sight: Sight) -> Absence:
    """Recall the pair from this version's bytes, read afresh. A relation that the caller may not see gets the reply of
    a pair that was never taught. Raises NotFound, MemoryMismatch.
    """
    with db.reading() as tx:
        record = memories.find_record(tx, memory_id)
        if record is None:
            raise NotFound("no such memory")
        memory = load_from_disk(tx, settings, record)
        policies = get_active(tx, settings.secrets, get_dictionary(tx, record.dictionary))
    pair = (policies.subject(trimmed(query.subject)), trimmed(query.relation))
    relations = sight.relations(record.dictionary)
    [(status, _)] = _probe(memory if relations is None else memory.within(relations), [pair])
    seen = relations is None or pair[1] in relations
    absent = not seen or memory.verify(Facts([pair[0]], [pair[1]], [""])).abstained == 1
    proof = _proof(db, settings, record.dictionary, pair, record.ledger_version) if seen and absent else None
    return Absence(memory=record.id, digest=memory.digest, status=status, absent=absent, proof=proof)


def _proof(
    db: Database, settings: Settings, dictionary: str, pair: tuple[str, str], ledger_version: int
) -> AbsenceProof | None:
    committed = Commitments(secret_files.read(settings.secrets, dictionary), PURPOSE).pair(*pair)
    with db.reading() as tx:
        kept = absence.find_newest(tx, get_dictionary(tx, dictionary).number, committed, ledger_version)
    fields = AbsenceProof.model_fields
    return None if kept is None else AbsenceProof.model_validate({name: getattr(kept, name) for name in fields})


def _probe(memory: Recalls, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[Status, float]]:
    """The answers of a recall of each pair, with their margins."""
    recalled = memory.recall([subject for subject, _ in pairs], [relation for _, relation in pairs])
    for known, ambiguous, margin in zip(recalled.known, recalled.ambiguous, recalled.margins, strict=True):
        status = Status.AMBIGUOUS if ambiguous else Status.ANSWERED if known else Status.UNKNOWN
        yield status, float(margin)
