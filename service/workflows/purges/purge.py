"""A purge: facts leave the ledger together with their text and every trace of it.

The ledger's part is one commit: the facts end and the champion is brought up as by any edit, then their rows are
deleted, what mentions them is overwritten, the memories that held them are withdrawn, and a row says that files are
left to erase. The files' part is a job (`purge_files`), which is taken up again until it is done.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from schemas.aliases import AliasAction
from schemas.edits import EditOp
from schemas.jobs import JobKind
from schemas.purge import Purge, PurgeRequest
from service import secret_files
from service.errors import NotFound, Outgrown
from service.facts import Pair, trimmed
from service.storage import (
    Transaction,
    aliases,
    dictionaries,
    facts,
    idempotency,
    jobs,
    lookup,
    patches,
    purge,
    revisions,
    uploads,
)
from service.storage.aliases import CHAMPION
from service.storage.dictionaries import get_dictionary
from service.storage.stamps import new_id, now
from service.workflows.active_policies import ActivePolicies, get_active
from service.workflows.audit import Act, Event
from service.workflows.ledger.dictionaries import discard, remove_leavings
from service.workflows.purged_names import PURPOSE, Commitments
from service.workflows.purges.traces import Traces, overwrite
from service.workflows.recalls.names import read_naming
from service.workflows.versions.publish import Advance, EditContext, order_training


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be purged: pairs, or all of some subjects. `id` is the purge's; `committed` its tombstone, where that
    is known from an earlier time.
    """

    id: str
    pairs: frozenset[Pair]
    subjects: frozenset[str] = frozenset()
    committed: dict[str, list[str]] | None = None

    @classmethod
    def of(cls, wanted: PurgeRequest) -> "Target":
        pairs = frozenset((trimmed(pair.subject), trimmed(pair.relation)) for pair in wanted.pairs or ())
        return cls(new_id("prg"), pairs, frozenset(() if wanted.subject is None else {trimmed(wanted.subject)}))

    def stored(self, policies: ActivePolicies) -> "Target":
        """The target with the pseudonyms that its subjects are stored under, where a policy demands them, added."""
        pairs = {(policies.subject(subject), relation) for subject, relation in self.pairs}
        return replace(
            self, pairs=self.pairs | pairs, subjects=self.subjects | set(map(policies.subject, self.subjects))
        )

    def rows(self, tx: Transaction, dictionary: int) -> list[purge.LedgerRow]:
        """The rows of the ledger, of any version, that belong to the target."""
        return purge.find_rows(tx, dictionary, self.pairs, self.subjects)

    def tombstone(self, secret: bytes, rows: Iterable[purge.LedgerRow]) -> dict[str, list[str]]:
        """The tombstone by which a restore recognises the target."""
        if self.committed is not None:
            return self.committed
        commitments = Commitments(secret, PURPOSE)
        pairs = self.pairs | {(row.subject, row.relation) for row in rows}
        return {
            "pairs": sorted(commitments.pair(*pair).hex() for pair in pairs),
            "subjects": sorted(commitments.subject(subject).hex() for subject in self.subjects),
        }


def order(
    service: EditContext, ref: str, wanted: PurgeRequest, *, by: str, idempotency_key: str | None = None
) -> Purge:
    """Purge the ledger and queue the rest of the purge as a job. Raises NotFound, Conflict (idempotency_key_reused).

    The request is recognised by a commitment to it: a hash that anybody can make would tell what was purged.
    """
    with service.db.reading() as tx:
        row = get_dictionary(tx, ref)
    commitments = Commitments(secret_files.read(service.settings.secrets, row.id), PURPOSE)
    content = commitments.subject(wanted.model_dump_json()).hex()
    request = idempotency.Request.of(by, idempotency_key, f"facts:purge {content}")
    return purge_ledger(service, row.id, Target.of(wanted), by=by, reason=wanted.reason, request=request)


def purge_ledger(
    service: EditContext,
    ref: str,
    target: Target,
    *,
    by: str,
    reason: str,
    request: idempotency.Request | None = None,
) -> Purge:
    """Purge the ledger in one commit, with the copies that reports have made of it. Only a commitment to the reason is
    stored, since it may name people.
    """
    with service.db.reading() as tx:
        dictionary = get_dictionary(tx, ref).id
    with Advance(service, dictionary) as advance:
        advance.prepare()
        with service.db.writing() as tx:
            row = dictionaries.lock(tx, get_dictionary(tx, dictionary).number)
            if row is None:
                raise NotFound("no such dictionary")
            if earlier := idempotency.earlier_reply(tx, row.number, request):
                return Purge.model_validate(earlier)
            target = target.stored(get_active(tx, service.settings.secrets, row))
            begun = purge.list_begun_reports(tx, row.number)
            copies = remove_leavings(tx, service.settings, service.auditor, begun)
            purging = _Purging(service, tx, row, target, target.rows(tx, row.number), by)
            done = purging.commit(advance)
            idempotency.keep(tx, row.number, request, done.model_dump(mode="json"))
            details = {"purge": done.id, "pairs": done.pairs, "facts": done.facts, "withdrawn": len(done.withdrawn)}
            service.auditor.record(tx, Event(Act.PURGE, by, row.id, done.memory, details, {"reason": [reason]}))
        discard(service.db, service.settings, copies)
    return done


def queue(tx: Transaction, dictionary: int, purge_id: str, by: str) -> str:
    """The id of the job that does the rest of a purge."""
    return jobs.add(tx, jobs.Order(JobKind.PURGE, dictionary, {"purge": purge_id}, by)).id


@dataclass(frozen=True, slots=True)
class _Purging:
    """One purge within its transaction. rows: the rows of the ledger before it began."""

    service: EditContext
    tx: Transaction
    row: dictionaries.Row
    target: Target
    rows: list[purge.LedgerRow]
    by: str

    def commit(self, advance: Advance) -> Purge:
        version, holders = self._end_facts(), purge.find_holders(self.tx, self.row.number, self.rows)
        memory = self._bring_up(advance, holders)
        shared = self._remove()
        self._withdraw(holders)
        return Purge(
            id=self.target.id,
            pairs=len({(each.subject, each.relation) for each in self.rows}),
            facts=len(self.rows),
            shared=shared,
            ledger_version=version,
            memory=memory,
            withdrawn=holders,
            job=self._leave_work(holders),
        )

    def _end_facts(self) -> int:
        """Delete the facts that the ledger holds now, as an edit does; returns the new ledger version."""
        held = sorted({(each.subject, each.relation) for each in self.rows if each.until is None})
        if not held:
            return self.row.ledger_version
        upload = uploads.add_edit(self.tx, self.row.number, new_id("edt"), now(), self.by)
        items = [revisions.Item(EditOp.DELETE, pair) for pair in held]
        return facts.apply(self.tx, self.row, upload, revisions.revise(self.tx, self.row.number, items).plan)

    def _bring_up(self, advance: Advance, holders: list[str]) -> str | None:
        """The champion without the facts: unpinned where it is pinned to a memory that held them, and edited. None
        where there is no champion, or it must be trained anew: until then nothing answers, rather than what was purged.
        """
        tx, number, reason = self.tx, self.row.number, f"purge {self.target.id}"
        champion = aliases.find(tx, number, CHAMPION)
        if champion is None:
            return None
        if champion.pinned and champion.memory in holders:
            loose = aliases.Switch(CHAMPION, champion.memory, self.by, reason, AliasAction.UNPIN)
            aliases.switch(tx, number, loose)
        try:
            return advance(tx, by=self.by, reason=reason)
        except Outgrown:
            order_training(tx, number, self.by)
            return None if champion.memory in holders else champion.memory

    def _remove(self) -> int:
        """Delete the rows and overwrite what mentions them; returns how many of their texts other facts still use."""
        asked = self._asked()
        purge.remove_facts(self.tx, self.rows)
        named = [(each.subject, each.relation, each.answer) for each in self.rows]
        named += [(subject, relation, "") for subject, relation in sorted(self.target.pairs)]
        named += [(subject, "", "") for subject in sorted(self.target.subjects)]
        texts = {text for fact in named for text in fact if text}
        shared = purge.find_still_held(self.tx, self.row.number, texts)
        known = {each.subject for each in self.rows}
        unheld = {relation for subject, relation in self.target.pairs if subject not in known}
        overwrite(self.tx, self.row.number, Traces(named, shared | unheld), {each.upload for each in self.rows})
        self.service.auditor.drop_salts(self.tx, self.row.id, asked)
        return len(shared)

    def _asked(self) -> set[Pair]:
        """The pairs by which audit entries may know what is purged: those of the ledger, a whole subject with every
        relation there is, and the aliases of both.
        """
        pairs = self.target.pairs | {(each.subject, each.relation) for each in self.rows}
        relations = lookup.list_relations(self.tx, self.row.number)
        pairs |= {(subject, relation) for subject in self.target.subjects for relation in ("", *relations)}
        naming = read_naming(self.tx, self.service.settings, self.row)
        return set(pairs) if naming is None else {each for pair in pairs for each in (pair, *naming.spellings(pair))}

    def _withdraw(self, holders: list[str]) -> None:
        """Move the aliases of these memories to the champion, or delete them where there is none."""
        tx, number = self.tx, self.row.number
        patches.give_up(tx, [version.number for version in patches.list_stored(tx, number) if version.id in holders])
        champion = aliases.find(tx, number, CHAMPION)
        clean = champion.memory if champion is not None and champion.memory not in holders else None
        for alias in aliases.list_in(tx, number):
            reason = f"purge {self.target.id} withdrew {alias.memory}"
            if alias.memory in holders and clean is not None:
                aliases.switch(tx, number, aliases.Switch(alias.alias, clean, self.by, reason))
            elif alias.memory in holders:
                aliases.remove(tx, number, alias, self.by, reason)

    def _leave_work(self, holders: list[str]) -> str:
        """Store the purge and queue the job that erases files; returns the id of the job."""
        secret = secret_files.read(self.service.settings.secrets, self.row.id)
        tombstone = self.target.tombstone(secret, self.rows)
        reports = purge.list_begun_reports(self.tx, self.row.number)
        purge.restart_jobs(self.tx, self.row.number)
        kept = purge.PurgeRecord(self.target.id, self.row.number, now(), self.by, tombstone, holders, reports)
        purge.add(self.tx, kept)
        return queue(self.tx, self.row.number, self.target.id, self.by)
