"""The service without its sockets: a dictionary that is taught, edited and trained in this process."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from threading import Event

from schemas.edits import EditAccepted, EditReply, FactBatch, FactDelete, FactUpsert
from schemas.jobs import Job
from schemas.memories import MemoryCreate, MemoryInfo, RecipeRequest
from schemas.uploads import Mode, OnConflict, Receipt
from service.ingest import Limits, Options
from service.memory import Facts, Memory
from service.settings import Settings
from service.storage import Database, Transaction, dictionaries, facts, jobs, memories
from service.worker import KINDS
from service.workflows.access.relations import Everything
from service.workflows.audit import Auditor
from service.workflows.identity import check_identity
from service.workflows.jobs.attempt import Attempt
from service.workflows.jobs.jobs import find, perform
from service.workflows.ledger import dictionaries as made
from service.workflows.ledger import edits, ingest
from service.workflows.versions.editors import Editors
from service.workflows.versions.loaded import LoadedVersions, load_from_disk
from service.workflows.versions.memories import order_training

Fact = tuple[str, str, str]
Answers = Mapping[tuple[str, str], frozenset[str]]
BY = "key"


class InProcessService:
    """One dictionary in a service without sockets: what edits, trainings and scrubs need of it."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db = db
        self.settings = settings
        check_identity(db, settings)
        self.auditor = Auditor(db, settings)
        self.adopted: list[str] = []
        self.editors = self.process()
        self.dictionary = made.create(db, settings, self.auditor, "parts", BY).id

    def process(self) -> Editors:
        """The editors of a process that has just started."""
        return Editors(LoadedVersions(self.settings), lambda record, _: self.adopted.append(record.id))

    # -- what is done to it ----------------------------------------------------------------------------------------

    def upload(self, rows: Iterable[Fact], mode: Mode = Mode.UPSERT) -> Receipt:
        file = self.settings.data / "facts.csv"
        lines = [("subject", "relation", "answer"), *rows]
        file.write_text("".join(",".join(row) + "\n" for row in lines), encoding="utf-8")
        options = Options(mode=mode, on_conflict=OnConflict.MANY)
        sent = ingest.Upload(
            path=file,
            sha256="",
            bytes=0,
            media_type=None,
            options=options,
            dry_run=False,
            allow_partial=False,
            by=BY,
            idempotency_key=None,
            sight=Everything(),
        )
        return ingest.upload(self, Limits(), self.dictionary, sent)

    def train(self, publish: str | None = "champion", **recipe: object) -> Job:
        wanted = MemoryCreate(recipe=RecipeRequest.model_validate(recipe), publish=publish)
        order_training(self.db, self.dictionary, wanted, BY, None)
        return self.work()

    def work(self) -> Job:
        """Do the job that waits longest."""
        with self.db.writing() as tx:
            claim = jobs.claim(tx, "worker", timedelta(seconds=60))
        assert claim is not None
        perform(Attempt(self.db, self.settings, claim, Event()), KINDS)
        return find(self.db, claim.id)

    def edit(
        self,
        put: Iterable[Fact] = (),
        gone: Iterable[tuple[str, str]] = (),
        *,
        key: str | None = None,
        if_match: str | None = None,
    ) -> EditReply | EditAccepted:
        upsert = [FactUpsert(subject=subject, relation=relation, answer=answer) for subject, relation, answer in put]
        delete = [FactDelete(subject=subject, relation=relation) for subject, relation in gone]
        batch = FactBatch(upsert=upsert, delete=delete)
        return edits.apply(self, self.dictionary, batch, by=BY, if_match=if_match, idempotency_key=key)

    # -- what it is ------------------------------------------------------------------------------------------------

    def row(self, tx: Transaction) -> dictionaries.Row:
        row = dictionaries.find(tx, self.dictionary)
        assert row is not None
        return row

    def champion(self) -> memories.Record:
        with self.db.reading() as tx:
            champion = memories.find_champion(tx, self.dictionary)
        assert champion is not None
        return champion

    def info(self, memory: str) -> MemoryInfo:
        with self.db.reading() as tx:
            info = memories.find(tx, memory)
        assert info is not None
        return info

    def stored(self, memory: str) -> Memory:
        """Read from the disk."""
        with self.db.reading() as tx:
            record = memories.find_record(tx, memory)
            assert record is not None
            return load_from_disk(tx, self.settings, record)

    def facts(self, version: int | None = None) -> Facts:
        """What the ledger holds, now or at a version."""
        with self.db.reading() as tx:
            row = self.row(tx)
            held = facts.read_facts(tx, row.number, row.ledger_version if version is None else version)
        return Facts(held.subjects, held.relations, held.answers)

    def is_right(self, memory: str) -> bool:
        """Whether the stored memory recalls its ledger version: every pair, and as many as that holds."""
        stored, taught = self.stored(memory), self.facts(self.info(memory).ledger_version)
        verified = stored.verify(taught)
        return verified.right == verified.asked == stored.pairs and len(taught) == stored.facts
