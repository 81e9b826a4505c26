"""The client of the service: one class with a method for each thing a caller does.

Names of subjects and relations are sent in bodies, never in URLs.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from pydantic import BaseModel, ValidationError

from pilot.errors import Refused, ServiceFailed, to_job_error
from pilot.reading import ReadingOptions
from pilot.wire import Wire
from schemas.absence import Absence
from schemas.aliases import Alias, AliasHistory
from schemas.dictionaries import Dictionary, DictionaryList
from schemas.edits import EditAccepted, EditReply, FactBatch
from schemas.experiments import ExperimentRequest
from schemas.jobs import Job, JobState, VerificationResult
from schemas.memories import MemoryInfo, MemoryList
from schemas.problems import Code, Problem
from schemas.recall import BatchQuery, BatchResult, ColumnsResult, Query, Result
from schemas.uploads import Receipt

Progress = Callable[[float, str], None]
"""Called with a share from 0 to 1 and the name of the current step."""

_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".parquet": "application/vnd.apache.parquet",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
}
_MAGIC = {b"PK\x03\x04": _MEDIA_TYPES[".xlsx"], b"PAR1": _MEDIA_TYPES[".parquet"]}
_POLL_SECONDS = (0.02, 0.5)
_ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}
_Body = TypeVar("_Body", bound=BaseModel)
_List = TypeVar("_List", DictionaryList, MemoryList)
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def tidy_key(key: str) -> str:
    """The key without white space at its ends, such as the line break of a file it was read from.

    Raises ValueError, which does not contain the key, where an Authorization header cannot carry it.
    """
    key = key.strip()
    if not re.fullmatch("[!-~]+", key):
        raise ValueError("the API key must be printable ASCII without white space inside it")
    return key


class FactStore:
    """A session with the service at `url`. Threads may share it; close it, or use it in a `with` block.

    Every method raises Refused where the service answered 4xx, and ServiceFailed where it answered 5xx or not at all.
    `timeout` is in seconds, for each request. Raises ValueError for a key that no header carries.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = 120.0,
        connections: int = 64,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        api_key = tidy_key(api_key)
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        headers = {"Authorization": f"Bearer {api_key}"}
        self.wire = Wire(url, api_key)
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, limits=limits, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # dictionaries and uploads

    def create_dictionary(self, name: str) -> Dictionary:
        """Create an empty dictionary."""
        return _read(Dictionary, self._send("POST", "/v1/dictionaries", json={"name": name}))

    def list_dictionaries(self) -> list[Dictionary]:
        """List the dictionaries that the key may see."""
        return [held for page in self._pages(DictionaryList, "/v1/dictionaries") for held in page.dictionaries]

    def get_or_create_dictionary(self, name: str) -> Dictionary:
        """Get the dictionary with this id or exact name; create one of this name where there is none."""
        known = (held for held in self.list_dictionaries() if name in (held.id, held.name))
        return next(known, None) or self.create_dictionary(name)

    def delete_dictionary(self, dictionary: str) -> None:
        """Delete the dictionary with its facts and memories."""
        self._send("DELETE", f"/v1/dictionaries/{_quote(dictionary)}")

    def export(self, dictionary: str) -> bytes:
        """Return the facts of the ledger as CSV, every cell as it is stored."""
        return self._send("GET", f"/v1/dictionaries/{_quote(dictionary)}/export", params={"raw": "true"}).content

    def upload(
        self,
        dictionary: str,
        source: Path | bytes,
        options: ReadingOptions,
        *,
        media_type: str | None = None,
        dry_run: bool = False,
    ) -> Receipt:
        """Send a file as it is. The receipt counts every row of it; with `dry_run` nothing is stored."""
        parameters = _to_parameters(options, dry_run=dry_run)
        if isinstance(source, bytes):
            return self._upload(dictionary, source, parameters, media_type or "text/csv")
        with source.open("rb") as file:
            return self._upload(dictionary, file, parameters, media_type or _guess_media_type(source))

    def get_receipt(self, dictionary: str, upload: str) -> Receipt:
        """Get the receipt of an upload."""
        return _read(Receipt, self._send("GET", f"/v1/dictionaries/{_quote(dictionary)}/uploads/{_quote(upload)}"))

    def get_refused_rows(self, dictionary: str, upload: str, *, raw: bool = False) -> bytes:
        """Get the refused rows as CSV: line, code, detail, text. `raw` leaves cells that look like formulas as is."""
        path = f"/v1/dictionaries/{_quote(dictionary)}/uploads/{_quote(upload)}/refused.csv"
        return self._send("GET", path, params={"raw": raw}).content

    def edit(self, dictionary: str, batch: FactBatch) -> str:
        """Change facts, all or none, and return the id of the champion once it serves them.

        Waits for the training where one is needed, and raises as `wait` does.
        """
        body = batch.model_dump(mode="json", exclude_none=True)
        response = self._send("POST", f"/v1/dictionaries/{_quote(dictionary)}/facts:batch", json=body)
        if response.status_code == httpx.codes.ACCEPTED:
            return _require_memory(self.wait(_read(EditAccepted, response).id).memory)
        return _require_memory(_read(EditReply, response).memory)

    # memories, aliases, jobs

    def train(self, dictionary: str, recipe: dict[str, object] | None = None, publish: str | None = "champion") -> Job:
        """Start a training whose memory is published to the alias `publish`, if any."""
        body = {"recipe": recipe, "publish": publish}
        return _read(Job, self._send("POST", f"/v1/dictionaries/{_quote(dictionary)}/memories", json=body))

    def train_and_wait(
        self, dictionary: str, recipe: dict[str, object] | None, progress: Progress | None = None
    ) -> str:
        """Train a memory, wait until it is published, and return its id. Raises as `wait` does."""
        return _require_memory(self.wait(self.train(dictionary, recipe).id, progress).memory)

    def verify(self, memory: str) -> Job:
        """Start a verification of the memory against the ledger."""
        return _read(Job, self._send("POST", f"/v1/memories/{_quote(memory)}/verifications"))

    def start_experiment(self, dictionary: str, request: ExperimentRequest) -> Job:
        """Start an experiment."""
        body = request.model_dump(mode="json", exclude_none=True)
        return _read(Job, self._send("POST", f"/v1/dictionaries/{_quote(dictionary)}/experiments", json=body))

    def get_verification(self, job: Job) -> VerificationResult:
        """Read the result of a verification that has succeeded."""
        return VerificationResult.model_validate(job.result)

    def get_memory(self, memory: str) -> MemoryInfo:
        """Get what the service says of a memory."""
        return _read(MemoryInfo, self._send("GET", f"/v1/memories/{_quote(memory)}"))

    def get_absence(self, memory: str, subject: str, relation: str) -> Absence:
        """Get whether this version holds the pair, and the proof that was kept when it was deleted."""
        body = {"subject": subject, "relation": relation}
        return _read(Absence, self._send("POST", f"/v1/memories/{_quote(memory)}/absence", json=body))

    def list_memories(self, dictionary: str) -> list[MemoryInfo]:
        """List the memories of the dictionary."""
        pages = self._pages(MemoryList, f"/v1/dictionaries/{_quote(dictionary)}/memories")
        return [held for page in pages for held in page.memories]

    def put_alias(self, dictionary: str, alias: str, memory: str, reason: str, *, version: int | None = None) -> Alias:
        """Point the alias at a memory; with `version`, only if it has not been moved since that version."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        body = {"memory": memory, "reason": reason}
        return _read(
            Alias,
            self._send(
                "PUT", f"/v1/dictionaries/{_quote(dictionary)}/aliases/{_quote(alias)}", json=body, headers=headers
            ),
        )

    def roll_back(
        self, dictionary: str, alias: str, reason: str, *, memory: str | None = None, reset_ledger: bool = False
    ) -> Alias:
        """Roll the alias back to the version before or to `memory`. It is pinned unless the ledger is reset too."""
        body = {"reason": reason, "memory": memory, "reset_ledger": reset_ledger}
        path = f"/v1/dictionaries/{_quote(dictionary)}/aliases/{_quote(alias)}/rollback"
        return _read(Alias, self._send("POST", path, json=body))

    def unpin(self, dictionary: str, alias: str, reason: str) -> str:
        """Unpin the alias, wait until it has caught up with the ledger, and return the id of its memory."""
        path = f"/v1/dictionaries/{_quote(dictionary)}/aliases/{_quote(alias)}/unpin"
        response = self._send("POST", path, json={"reason": reason})
        if response.status_code == httpx.codes.ACCEPTED:
            return _require_memory(self.wait(_read(Job, response).id).memory)
        return _read(Alias, response).memory

    def get_alias_history(self, dictionary: str, alias: str) -> AliasHistory:
        """Get the moves of an alias, newest first."""
        return _read(
            AliasHistory, self._send("GET", f"/v1/dictionaries/{_quote(dictionary)}/aliases/{_quote(alias)}/history")
        )

    def get_job(self, job: str) -> Job:
        """Get the state of a job."""
        return _read(Job, self._send("GET", f"/v1/jobs/{_quote(job)}"))

    def cancel(self, job: str) -> None:
        """Cancel a job."""
        self._send("DELETE", f"/v1/jobs/{_quote(job)}")

    def wait(self, job: str, progress: Progress | None = None) -> Job:
        """Wait until the job has succeeded, and return it.

        Raises NotHeld where the memory cannot hold the facts, Refused where the facts do not fit the recipe, and
        JobFailed where the job failed otherwise or was cancelled.
        """
        pause, slowest = _POLL_SECONDS
        while (now := self.get_job(job)).state not in _ENDED:
            if progress is not None:
                progress(now.progress, now.step)
            time.sleep(pause)
            pause = min(pause * 1.5, slowest)
        if now.state is not JobState.SUCCEEDED:
            raise to_job_error(now)
        return now

    # recall

    def recall(self, dictionary: str, query: Query) -> Result:
        """Ask one question."""
        body = msgspec.json.encode(query)
        return _decode(
            Result, self._send("POST", f"/v1/dictionaries/{_quote(dictionary)}/recall", content=body, headers=_JSON)
        )

    def recall_rows(self, dictionary: str, queries: Sequence[Query], memory: str | None = None) -> Sequence[Result]:
        """Ask a batch of questions in rows; the results come in their order. `memory` is an id, else the champion."""
        body = BatchQuery(queries=list(queries), memory=memory)
        return _decode(BatchResult, self._batch(dictionary, body)).results

    def recall_columns(
        self, dictionary: str, subjects: Sequence[str], relations: Sequence[str], memory: str | None = None
    ) -> ColumnsResult:
        """Ask a batch of pairs in columns; the results come in their order. `memory` is an id, else the champion."""
        body = BatchQuery(subjects=list(subjects), relations=list(relations), memory=memory)
        return _decode(ColumnsResult, self._batch(dictionary, body))

    def _batch(self, dictionary: str, body: BatchQuery) -> httpx.Response:
        content = msgspec.json.encode(body)
        return self._send("POST", f"/v1/dictionaries/{_quote(dictionary)}/recall:batch", content=content, headers=_JSON)

    def _upload(
        self, dictionary: str, content: bytes | Iterator[bytes] | object, parameters: dict[str, str], media_type: str
    ) -> Receipt:
        headers = {"Content-Type": media_type}
        path = f"/v1/dictionaries/{_quote(dictionary)}/uploads"
        return _read(Receipt, self._send("POST", path, params=parameters, content=content, headers=headers))

    def _pages(self, shape: type[_List], path: str) -> Iterator[_List]:
        """The pages of a list."""
        page = _read(shape, self._send("GET", path))
        yield page
        while page.cursor is not None:
            page = _read(shape, self._send("GET", path, params={"cursor": page.cursor}))
            yield page

    def _send(self, method: str, path: str, **request: object) -> httpx.Response:
        with _transport_errors():
            response = self._http.request(method, path, **request)  # type: ignore[arg-type]
        if response.is_success:
            return response
        problem = _read_problem(response)
        if response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            raise Refused(problem)
        message = f"the service failed: {problem.status} {problem.code}: {problem.detail}"
        raise ServiceFailed(message, "service_failed", status=problem.status, code=problem.code)


_JSON = {"Content-Type": "application/json"}


@contextmanager
def _transport_errors() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        raise ServiceFailed(f"no reply from the service: {why}", "no_reply", why=why) from error


def _read_problem(response: httpx.Response) -> Problem:
    """Read the service's problem; make one from the status where the body is something else, such as a proxy's page."""
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        detail = f"{response.status_code} {response.reason_phrase}"
        return Problem(
            type="about:blank", title="", status=response.status_code, detail=detail, code=Code.INTERNAL, extra={}
        )


def _read(shape: type[_Body], response: httpx.Response) -> _Body:
    try:
        return shape.model_validate_json(response.content)
    except ValidationError as error:
        raise _unreadable_reply(shape) from error


def _decode(shape: type[_Struct], response: httpx.Response) -> _Struct:
    try:
        return msgspec.json.decode(response.content, type=shape)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _unreadable_reply(shape) from error


def _unreadable_reply(shape: type) -> ServiceFailed:
    name = shape.__name__
    return ServiceFailed(f"the reply of the service is not a valid {name}", "reply_unreadable", shape=name)


def _require_memory(memory: str | None) -> str:
    if memory is None:
        raise ServiceFailed("the reply of the service names no memory", "memory_unnamed")
    return memory


def _guess_media_type(path: Path) -> str:
    """By the first bytes where they say so, whatever the file is called; else by its suffix."""
    with path.open("rb") as file:
        head = file.read(4)
    return _MAGIC.get(head) or _MEDIA_TYPES.get(path.suffix.lower().strip(), "text/csv")


def _quote(name: str) -> str:
    """A name as one part of a path, whatever characters it has."""
    return quote(name, safe="")


def _to_parameters(options: ReadingOptions, *, dry_run: bool) -> dict[str, str]:
    stated = {
        "mode": options.mode,
        "on_conflict": options.on_conflict,
        "encoding": options.encoding,
        "delimiter": options.delimiter,
        "header": options.header,
        "layout": options.layout,
        "subject": options.subject,
        "relations": options.relations,
        "ignore": options.ignore,
        "sheet": options.sheet,
        "dry_run": json.dumps(dry_run),
    }
    return {name: value for name, value in stated.items() if value is not None}
