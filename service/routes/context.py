"""What every route is given: the service's parts, and the caller, who was authenticated before the body was read."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from service.auth import Action, Authenticator, Caller
from service.settings import Settings
from service.storage import Database
from service.workflows.audit import Auditor
from service.workflows.health import Readiness


@dataclass(frozen=True, slots=True)
class Context:
    db: Database
    settings: Settings
    authenticator: Authenticator
    readiness: Readiness
    auditor: Auditor


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def may(action: Action) -> Any:
    """A dependency that gives the caller, or raises Forbidden."""

    def permitted(request: Request) -> Caller:
        caller: Caller = request.scope["caller"]
        caller.require(action)
        return caller

    return Depends(permitted)


Service = Annotated[Context, Depends(_context)]
Viewer = Annotated[Caller, may(Action.FIGURES)]
Creator = Annotated[Caller, may(Action.CREATE_DICTIONARY)]
Remover = Annotated[Caller, may(Action.DELETE_DICTIONARY)]
Uploader = Annotated[Caller, may(Action.UPLOAD)]
LedgerReader = Annotated[Caller, may(Action.READ_LEDGER)]
Trainer = Annotated[Caller, may(Action.TRAIN)]
JobReader = Annotated[Caller, may(Action.READ_JOBS)]
JobCanceller = Annotated[Caller, may(Action.CANCEL_JOBS)]
AliasMover = Annotated[Caller, may(Action.MOVE_ALIAS)]
Examiner = Annotated[Caller, may(Action.EXAMINE)]
Auditing = Annotated[Caller, may(Action.READ_AUDIT)]
Reporter = Annotated[Caller, may(Action.REPORT_ANSWER)]
Reviewer = Annotated[Caller, may(Action.REVIEW)]
ReviewReader = Annotated[Caller, may(Action.READ_REVIEWS)]
UnknownsReader = Annotated[Caller, may(Action.READ_UNKNOWNS)]
KeyKeeper = Annotated[Caller, may(Action.MANAGE_KEYS)]

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
