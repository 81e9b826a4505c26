"""Who is calling, and what that role may do. Cheap enough for every recall: two dictionary look-ups."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from schemas.keys import Role
from service.errors import Forbidden, Unauthorized
from service.storage import Database, keys
from service.storage.stamps import now
from service.workflows.keys import digest

BOOTSTRAP = "bootstrap"


class Action(StrEnum):
    """What a route does, as far as permissions tell routes apart."""

    FIGURES = "figures"
    CREATE_DICTIONARY = "create_dictionary"
    DELETE_DICTIONARY = "delete_dictionary"
    UPLOAD = "upload"
    READ_LEDGER = "read_ledger"
    TRAIN = "train"
    READ_JOBS = "read_jobs"
    CANCEL_JOBS = "cancel_jobs"
    MOVE_ALIAS = "move_alias"
    RECALL = "recall"
    EXAMINE = "examine"
    READ_AUDIT = "read_audit"
    REPORT_ANSWER = "report_answer"
    REVIEW = "review"
    READ_REVIEWS = "read_reviews"
    READ_UNKNOWNS = "read_unknowns"
    MANAGE_KEYS = "manage_keys"


_EXAMINERS = frozenset({Action.FIGURES, Action.READ_LEDGER, Action.READ_JOBS, Action.EXAMINE})
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.ADMIN: frozenset(Action),
    Role.INGEST: _EXAMINERS
    | {Action.CREATE_DICTIONARY, Action.UPLOAD, Action.TRAIN, Action.CANCEL_JOBS}
    | {Action.REPORT_ANSWER, Action.READ_UNKNOWNS},
    Role.QUERY: frozenset({Action.FIGURES, Action.RECALL, Action.REPORT_ANSWER}),
    Role.REVIEW: frozenset({Action.FIGURES, Action.RECALL, Action.REPORT_ANSWER, Action.READ_LEDGER, Action.READ_JOBS})
    | {Action.REVIEW, Action.READ_REVIEWS, Action.READ_UNKNOWNS},
    Role.AUDIT: _EXAMINERS | {Action.READ_REVIEWS, Action.READ_AUDIT},
}


@dataclass(frozen=True, slots=True)
class Caller:
    """`key` is the id of the API key; `expires` is in seconds since the epoch."""

    key: str
    role: Role
    expires: float = float("inf")

    def may(self, action: str, dictionary: str | None = None) -> bool:  # noqa: ARG002 - roles reach every dictionary
        return action in ALLOWED[self.role]

    def require(self, action: Action) -> None:
        if not self.may(action):
            raise Forbidden(f"a key with the role {self.role} may not do this")


class Authenticator:
    """Every valid key's hash is held here and read again when the change signal moves, so an unknown key costs one
    hash and no query. Headers seen are kept only for keys that are valid.
    """

    def __init__(self, db: Database, bootstrap_key: str, clock: Callable[[], float] = time.time) -> None:
        self._db = db
        self._clock = clock
        self._bootstrap = (digest(bootstrap_key.encode()), Caller(BOOTSTRAP, Role.ADMIN))
        self._by_hash: dict[bytes, Caller] = {}
        self._by_header: dict[bytes, Caller] = {}
        self._used: set[str] = set()
        self._lock = Lock()
        self.refresh()

    def authenticate(self, header: bytes | None) -> Caller:
        """The caller behind an Authorization header; raises Unauthorized."""
        caller = self._by_header.get(header or b"") or self._look_up(header)
        if caller.expires <= self._clock():
            raise Unauthorized("the API key has expired")
        self._used.add(caller.key)
        return caller

    def refresh(self) -> None:
        """Read every valid key again."""
        with self._lock:
            with self._db.reading() as tx:
                rows = keys.credentials(tx)
            by_hash = {row.hash: Caller(row.id, row.role, _epoch(row)) for row in rows}
            by_hash.update([self._bootstrap])
            self._by_hash, self._by_header = by_hash, {}

    def write_usage(self) -> None:
        """Keep when keys were last used; called now and then, not at each request."""
        used, self._used = self._used - {BOOTSTRAP}, set()
        if used:
            with self._db.writing() as tx:
                keys.mark_used(tx, dict.fromkeys(used, now()))

    def _look_up(self, header: bytes | None) -> Caller:
        by_hash, by_header = self._by_hash, self._by_header
        scheme, _, token = (header or b"").partition(b" ")
        if scheme.lower() != b"bearer":
            raise Unauthorized("an API key is needed: Authorization: Bearer KEY")
        caller = by_hash.get(digest(token.strip()))
        if caller is None:
            raise Unauthorized("the API key is not valid")
        if scheme == b"Bearer" and token == token.strip():
            by_header[header or b""] = caller
        return caller


def _epoch(row: keys.Credential) -> float:
    return float("inf") if row.expires_at is None else row.expires_at.timestamp()
