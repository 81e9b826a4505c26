"""Reports on one memory: the pilot runs as a process and queries this service over HTTP like any other client."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from schemas.grants import GrantPut
from schemas.jobs import Job, JobKind
from schemas.keys import KeyCreate, Role
from schemas.problems import Code
from schemas.reports import ReportCreate
from service.errors import FactStoreError, NoMemory, NotFound, Unavailable, Unprocessable
from service.settings import Settings
from service.storage import Database, aliases, idempotency, jobs, memories
from service.storage.aliases import CHAMPION
from service.storage.dictionaries import get_dictionary
from service.storage.stamps import now
from service.workflows.access.grants import create_key
from service.workflows.access.limits import UNLIMITED
from service.workflows.access.relations import Everything
from service.workflows.jobs.attempt import Attempt
from service.workflows.ledger import facts
from service.workflows.ledger.dictionaries import clear_leavings
from service.workflows.versions.memories import add_job, check_kept, get_queued_job

FORMATS = {"json": "application/json", "html": "text/html", "junit.xml": "application/xml"}
LOOK_EVERY = 0.5  # seconds between two looks at the pilot's process
KEY_LIFE = timedelta(hours=6)
_WRITTEN = {0, 1}  # exit codes with which the pilot has written a report: passed, and a gate failed


def order(db: Database, ref: str, wanted: ReportCreate, by: str, idempotency_key: str | None = None) -> Job:
    """Queue a report. Raises NotFound (not_retained), NoMemory, Conflict (idempotency_key_reused), Unprocessable
    (alias_and_memory, and no_usable_row where the memory holds nothing to ask).
    """
    if wanted.alias is not None and wanted.memory is not None:
        raise Unprocessable("name an alias or a memory, not both", code=Code.ALIAS_AND_MEMORY)
    request = idempotency.Request.of(by, idempotency_key, f"reports {wanted.model_dump_json()}")
    with db.writing() as tx:
        row = get_dictionary(tx, ref)
        if earlier := idempotency.earlier_reply(tx, row.number, request):
            return get_queued_job(tx, earlier["job"])
        pointed = aliases.find(tx, row.number, wanted.alias or CHAMPION)
        memory = wanted.memory or (pointed.memory if pointed else None)
        if memory is None and wanted.alias is None:
            raise NoMemory
        info = memories.find(tx, memory) if memory else None
        if info is None or info.dictionary != row.id:
            raise NotFound("no such memory in this dictionary")
        check_kept(info)
        if not info.facts:
            raise Unprocessable("this memory holds no facts to report on", code=Code.NO_USABLE_ROW)
        return add_job(tx, jobs.Order(JobKind.REPORT, row.number, {"lang": wanted.lang}, by, info.id), request)


def find_file(db: Database, settings: Settings, report: str, form: str) -> Path:
    """The path of the report that the job of this id wrote. Raises NotFound."""
    with db.reading() as tx:
        owner = jobs.find_owner(tx, report)
    path = settings.reports / report / f"report.{form}"
    if owner is None or owner[1] is not JobKind.REPORT or not path.exists():
        raise NotFound("no such report")
    return path


def write(attempt: Attempt) -> None:
    """Do a report job; its result names the report and says whether it passed."""
    folder = attempt.settings.reports / attempt.claim.id
    folder.mkdir(mode=0o700, exist_ok=True)
    clear_leavings(attempt.db, attempt.settings, attempt.auditor, [attempt.claim.id])  # of earlier attempts
    attempt.progress(0.0, "exporting the facts")
    try:
        _export(attempt, folder / "facts.csv")
        code = _run_pilot(attempt, folder, _make_key(attempt))
    finally:
        clear_leavings(attempt.db, attempt.settings, attempt.auditor, [attempt.claim.maker])
        (folder / "facts.csv").unlink(missing_ok=True)
    if code not in _WRITTEN:
        raise FactStoreError(f"the pilot could not write a report (exit code {code})")
    with attempt.db.writing() as tx:
        jobs.succeed(tx, attempt.claim, {"report": attempt.claim.id, "passed": code == 0})


def _export(attempt: Attempt, path: Path) -> None:
    """Write the facts of the memory's own ledger version to a CSV file."""
    with attempt.db.reading() as tx:
        record = memories.find_record(tx, attempt.claim.memory or "")
    if record is None:
        raise NotFound("no such memory")
    if not record.retained:
        raise NotFound("this memory is no longer kept", code=Code.NOT_RETAINED)
    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(facts.export(attempt.db, record.dictionary, record.ledger_version, Everything(), raw=True))


def _make_key(attempt: Attempt) -> str:
    """Make an API key for one run of the pilot: it may ask the dictionary and read its ledger, and make dictionaries
    for itself. It is revoked, and they are deleted, when the attempt ends.
    """
    wanted = KeyCreate(role=Role.ADMIN, label="report", expires_at=now() + KEY_LIFE, scoped=True, rate=UNLIMITED)
    claim, grant = attempt.claim, GrantPut(role=Role.REVIEW)
    made = create_key(attempt.db, attempt.auditor, wanted, claim.dictionary, grant, by=claim.id, made_by=claim.maker)
    return made.key


def _run_pilot(attempt: Attempt, folder: Path, key: str) -> int:
    """Run the pilot and return its exit code. The key is passed in the environment, since every user of the machine can
    read a command line.
    """
    environment = os.environ | {"FACTSTORE_API_KEY": key}
    with (folder / "pilot.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command, ids only
            _command(attempt, folder), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            return _wait(attempt, process)
        finally:
            process.kill()
            process.wait()


def _wait(attempt: Attempt, process: "subprocess.Popen[bytes]") -> int:
    while True:
        try:
            return process.wait(LOOK_EVERY)
        except subprocess.TimeoutExpired:
            attempt.progress(0.1, "asking the memory")


def _command(attempt: Attempt, folder: Path) -> list[str]:
    claim = attempt.claim
    url = attempt.settings.public_url
    if url is None or claim.memory is None:
        raise Unavailable("the worker does not know the service's address: set FACTSTORE_PUBLIC_URL")
    where = ["--url", url, "--dictionary", claim.dictionary, "--memory", claim.memory, "--out", str(folder)]
    how = ["--on-conflict", "many", "--encoding", "utf-8", "--delimiter", ",", "--lang", claim.params["lang"]]
    return [sys.executable, "-m", "pilot", "run", str(folder / "facts.csv"), *where, *how]
