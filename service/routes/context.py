"""What routes depend on: the parts of the service, and the caller, who is authenticated before the body is read."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request

from schemas.base import DIGITS, QueryFlag
from service.errors import NotFound
from service.settings import Settings
from service.storage import Database
from service.turns import Turns
from service.workflows.access import grants
from service.workflows.access.authenticator import Action, Authenticator, Caller
from service.workflows.audit import Auditor
from service.workflows.cursors import Asked
from service.workflows.health import Readiness
from service.workflows.recalls.serving import Serving
from service.workflows.versions.editors import Editors


@dataclass(frozen=True, slots=True)
class Context:
    db: Database
    settings: Settings
    authenticator: Authenticator
    readiness: Readiness
    auditor: Auditor
    editors: Editors
    serving: Serving
    uploads: Turns


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def may(action: Action, *, by_relation: bool = False) -> Any:
    """A dependency that gives the caller, or raises Forbidden; NotFound where the caller is scoped and the route is
    about a dictionary that was not granted. `by_relation`: the route keeps to `caller.relations(dictionary)`, so keys
    that see only some relations may use it; every other route is closed to them.
    """

    def permitted(request: Request) -> Caller:
        caller: Caller = request.scope["caller"]
        check_may(request, caller, action, by_relation=by_relation)
        return caller

    return Depends(permitted)


def check_may(request: Request, caller: Caller, action: Action, *, by_relation: bool = True) -> None:
    """Raise Forbidden unless the caller may do this with what the route is about, NotFound as above."""
    dictionary = _reached(request, caller) if caller.scoped else None
    caller.require(action, dictionary, by_relation=by_relation)


def _reached(request: Request, caller: Caller) -> str | None:
    """The id of the dictionary that the route is about. Raises NotFound where the caller may not see it, in the words
    used for what does not exist.
    """
    path = request.path_params
    if not path:
        return None
    dictionary = grants.find_owner(_context(request).db, path)
    if not caller.sees(dictionary):
        request.scope["hidden"] = True
        kind = next((kind for parameter, kind in _KINDS.items() if parameter in path), "route")
        raise NotFound(f"no such {kind}")
    return dictionary


# what the ids in the routes' paths name, and what they are called where they lead nowhere
_KINDS = {"dictionary": "dictionary", "memory": "memory", "job": "job", "report_id": "report"}


Service = Annotated[Context, Depends(_context)]
Viewer = Annotated[Caller, may(Action.FIGURES)]
Creator = Annotated[Caller, may(Action.CREATE_DICTIONARY)]
Remover = Annotated[Caller, may(Action.DELETE_DICTIONARY)]
LedgerReader = Annotated[Caller, may(Action.READ_LEDGER)]
PartReader = Annotated[Caller, may(Action.READ_LEDGER, by_relation=True)]
PartViewer = Annotated[Caller, may(Action.FIGURES, by_relation=True)]
PartUploader = Annotated[Caller, may(Action.UPLOAD, by_relation=True)]
FileSender = Annotated[Caller, may(Action.DRY_RUN, by_relation=True)]
MetricsReader = Annotated[Caller, may(Action.READ_METRICS)]
Trainer = Annotated[Caller, may(Action.TRAIN)]
JobReader = Annotated[Caller, may(Action.READ_JOBS)]
JobCanceller = Annotated[Caller, may(Action.CANCEL_JOBS)]
AliasMover = Annotated[Caller, may(Action.MOVE_ALIAS)]
Examiner = Annotated[Caller, may(Action.EXAMINE)]
PartExaminer = Annotated[Caller, may(Action.EXAMINE, by_relation=True)]
Purger = Annotated[Caller, may(Action.PURGE)]
Auditing = Annotated[Caller, may(Action.READ_AUDIT)]
Reporter = Annotated[Caller, may(Action.REPORT_ANSWER, by_relation=True)]
Reviewer = Annotated[Caller, may(Action.REVIEW)]
ReviewReader = Annotated[Caller, may(Action.READ_REVIEWS)]
UnknownsReader = Annotated[Caller, may(Action.READ_UNKNOWNS)]
PolicyMaker = Annotated[Caller, may(Action.SET_POLICIES)]
Namer = Annotated[Caller, may(Action.SET_NAMES)]
KeyKeeper = Annotated[Caller, may(Action.MANAGE_KEYS)]

_CURSOR = "From an earlier page, to go on behind it."


def _page(
    cursor: Annotated[str | None, Query(max_length=200, description=_CURSOR)] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Of a page."), DIGITS] = 1000,
) -> Asked:
    return Asked(cursor, limit)


Page = Annotated[Asked, Depends(_page)]

_KEY = "A text of your choice. The same request sent again under it gets its reply again, for 30 days."
_MATCH = "An ETag of an earlier reply. If something has changed since, the request is refused."
_RAW = "`true`: every text exactly. `false`: safe to open in a spreadsheet, with a `'` before what it would run."
RawCsv = Annotated[QueryFlag, Query(description=_RAW)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200, description=_KEY)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description=_MATCH)]
