"""A training that is taken up again starts clean."""

from datetime import timedelta
from threading import Event

from schemas.jobs import JobKind, JobState
from schemas.memories import MemoryCreate
from service.ingest import Limits, Options
from service.settings import Settings
from service.storage import Database, jobs
from service.workflows import dictionaries, ingest
from service.workflows.attempt import Attempt
from service.workflows.audit import Auditor
from service.workflows.jobs import find, perform
from service.workflows.memories import order_training
from service.workflows.relations import Everything
from service.workflows.train import train

EARLIER = "mem_of_the_killed_attempt"


def test_what_a_killed_attempt_wrote_is_removed(db: Database, settings: Settings) -> None:
    """Its folder and its drafts go when the next attempt starts, though its job was open when the worker swept."""
    made = dictionaries.create(db, settings, Auditor(db, settings), "parts", "key")
    file = settings.data / "facts.csv"
    file.write_text("subject,relation,answer\na,r,1\n", encoding="utf-8")
    unusual = {"dry_run": False, "allow_partial": False, "idempotency_key": None}
    sent = ingest.Upload(file, "", 0, None, Options(), by="key", sight=Everything(), **unusual)
    ingest.upload(db, Limits(), made.id, sent)
    job = order_training(db, made.id, MemoryCreate(), "key", None)
    with db.writing() as tx:
        killed = jobs.claim(tx, "worker", timedelta(seconds=-1))
        assert killed is not None
        jobs.set_memory(tx, killed, EARLIER)
    for name in (EARLIER, f".{EARLIER}.draft"):
        (settings.memories / name).mkdir()
    with db.writing() as tx:
        claim = jobs.claim(tx, "worker", timedelta(seconds=60))
    assert claim is not None
    perform(Attempt(db, settings, claim, Event()), {JobKind.TRAIN: train})
    ended = find(db, job.id)
    assert ended.state is JobState.SUCCEEDED
    assert [folder.name for folder in settings.memories.iterdir()] == [ended.memory]
