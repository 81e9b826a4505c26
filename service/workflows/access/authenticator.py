"""Authentication and permissions: who is calling, and what may the caller do. It costs a recall two dict look-ups."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from schemas.grants import Grant
from schemas.jobs import JobKind
from schemas.keys import Role
from service.errors import Forbidden, Unauthorized
from service.storage import Database, grants, keys
from service.storage.stamps import now
from service.workflows.access.keys import LIFETIME, digest, seal_session, session_holds, session_key
from service.workflows.access.limits import UNLIMITED, Limiter
from service.workflows.access.relations import Relations, relations_of

if TYPE_CHECKING:
    from service.workflows.access.oidc import Identity, Tokens

BOOTSTRAP = "bootstrap"
MOST_HEADERS = 10_000  # remembered; further ones are looked up each time
ROLES = frozenset(role.value for role in Role)


class Action(StrEnum):
    """The kinds of action that permissions distinguish."""

    FIGURES = "figures"
    CREATE_DICTIONARY = "create_dictionary"
    DELETE_DICTIONARY = "delete_dictionary"
    UPLOAD = "upload"
    DRY_RUN = "dry_run"
    READ_LEDGER = "read_ledger"
    TRAIN = "train"
    READ_JOBS = "read_jobs"
    CANCEL_JOBS = "cancel_jobs"
    PURGE = "purge"
    MOVE_ALIAS = "move_alias"
    RECALL = "recall"
    EXAMINE = "examine"
    READ_AUDIT = "read_audit"
    REPORT_ANSWER = "report_answer"
    REVIEW = "review"
    READ_REVIEWS = "read_reviews"
    READ_UNKNOWNS = "read_unknowns"
    SET_POLICIES = "set_policies"
    SET_NAMES = "set_names"
    MANAGE_KEYS = "manage_keys"
    READ_METRICS = "read_metrics"


_EXAMINERS = frozenset({Action.FIGURES, Action.READ_LEDGER, Action.READ_JOBS, Action.EXAMINE, Action.READ_METRICS})
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.ADMIN: frozenset(Action),
    Role.INGEST: _EXAMINERS
    | {Action.CREATE_DICTIONARY, Action.UPLOAD, Action.DRY_RUN, Action.TRAIN, Action.CANCEL_JOBS}
    | {Action.REPORT_ANSWER, Action.READ_UNKNOWNS, Action.SET_NAMES},
    Role.QUERY: frozenset({Action.FIGURES, Action.RECALL, Action.REPORT_ANSWER, Action.READ_METRICS}),
    Role.REVIEW: frozenset({Action.FIGURES, Action.RECALL, Action.REPORT_ANSWER, Action.READ_LEDGER, Action.READ_JOBS})
    | {Action.REVIEW, Action.READ_REVIEWS, Action.READ_UNKNOWNS, Action.READ_METRICS},
    Role.AUDIT: _EXAMINERS | {Action.READ_REVIEWS, Action.READ_AUDIT},
}
ORDERED_BY: dict[JobKind, Action] = {
    JobKind.TRAIN: Action.TRAIN,
    JobKind.EXPERIMENT: Action.TRAIN,
    JobKind.VERIFY: Action.EXAMINE,
    JobKind.REPORT: Action.EXAMINE,
    JobKind.SCRUB: Action.EXAMINE,
    JobKind.PURGE: Action.PURGE,
    JobKind.CONSOLIDATE: Action.TRAIN,
}
"""What a caller must be allowed to do to order a job of this kind, and so to cancel one."""
UNGRANTED = frozenset({Action.MANAGE_KEYS, Action.CREATE_DICTIONARY, Action.READ_METRICS})  # no grant gives these
_OF_JOBS = frozenset({Action.DRY_RUN})  # what a job's key may do beyond its role in what is granted to it


class Right(NamedTuple):
    """What a key may do in one dictionary, and with which relations; None: with all."""

    role: Role
    relations: Relations | None


@dataclass(frozen=True, slots=True)
class Caller:
    """`key` is the id of the API key; `expires` is in seconds since the epoch; `rights` are those of a scoped key, by
    the id of the dictionary: it reaches no other. None: it reaches every dictionary. `made_by` is the attempt of a job
    that the key was made for: it may make dictionaries, which are granted to it alone and go with the attempt.
    """

    key: str
    role: Role
    expires: float = float("inf")
    rights: Mapping[str, Right] | None = None
    rate: str | None = None
    made_by: str | None = None

    @property
    def scoped(self) -> bool:
        return self.rights is not None

    def sees(self, dictionary: str | None) -> bool:
        """Whether the dictionary of this id exists for the caller."""
        return self.rights is None or dictionary in self.rights

    def may(self, action: str, dictionary: str | None = None) -> bool:
        """Whether the caller may do this across dictionaries. A scoped key may only list them."""
        if self.rights is None:
            return action in ALLOWED[self.role]
        if dictionary is None:
            own = {Action.CREATE_DICTIONARY} if self.made_by is not None else set()
            return action in {Action.FIGURES, *own} & ALLOWED[self.role]
        right = self.rights.get(dictionary)
        if right is None:
            return False
        return action in ALLOWED[right.role] - UNGRANTED or (self.made_by is not None and action in _OF_JOBS)

    def relations(self, dictionary: str) -> Relations | None:
        """The relations that the caller may see there; None: all of them."""
        right = self.rights.get(dictionary) if self.rights is not None else None
        return right.relations if right is not None else None

    def require(self, action: Action, dictionary: str | None = None, *, by_relation: bool = False) -> None:
        """Raise Forbidden unless the caller may do this. A key that sees only some relations needs a route that keeps
        to them (`by_relation`).
        """
        if not self.may(action, dictionary):
            raise Forbidden(f"a key with the role {self.role} may not do this")
        if not by_relation and dictionary is not None and self.relations(dictionary) is not None:
            raise Forbidden("a key for some relations only may not do this")

    def require_cancel(self, kind: JobKind, dictionary: str) -> None:
        """Raise Forbidden unless the caller may cancel a job of this kind in this dictionary."""
        self.require(Action.CANCEL_JOBS, dictionary)
        self.require(ORDERED_BY[kind], dictionary)


class Authenticator:
    """Every valid key's hash is held here and read again when the change signal moves, so an unknown key costs one
    hash and no query. Headers seen are kept only for keys and tokens that are valid.
    """

    def __init__(
        self,
        db: Database,
        bootstrap_key: str,
        limiter: Limiter,
        tokens: "Tokens | None" = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._db = db
        self._limiter = limiter
        self._tokens = tokens
        self._clock = clock
        self._bootstrap = (digest(bootstrap_key.encode()), Caller(BOOTSTRAP, Role.ADMIN, rate=UNLIMITED))
        self._by_hash: dict[bytes, Caller] = {}
        self._hash_of: dict[str, bytes] = {}
        self._by_header: dict[bytes, Caller] = {}
        self._used: set[str] = set()
        self._lock = Lock()
        self.refresh()

    async def identify(self, header: bytes | None) -> Caller:
        """The caller behind an Authorization header; raises Unauthorized."""
        return self._valid(self._by_header.get(header or b"") or await self._look_up(header))

    def identify_session(self, session: str) -> Caller:
        """The caller whose key a session was made from; raises Unauthorized."""
        held = self._hash_of.get(session_key(session))
        if held is None or not session_holds(session, held, self._clock()):
            raise Unauthorized("the session is not valid: sign in")
        return self._valid(self._by_hash[held])

    async def charge(self, key: str, rate: str | None) -> None:
        """Count one request of a caller; raises RateLimited."""
        await self._limiter.take(key, rate)

    async def charge_more(self, key: str, rate: str | None, requests: int) -> None:
        """Count a request that was charged already as so many more."""
        await self._limiter.spend(key, rate, requests)

    def session(self, key: str) -> str:
        """A session of this API key; raises Unauthorized."""
        held = digest(key.strip().encode())
        if held not in self._by_hash:
            raise Unauthorized("the API key is not valid")
        return seal_session(self._by_hash[held].key, held, int(self._clock()) + LIFETIME)

    def refresh(self) -> None:
        """Read all valid keys and their grants again."""
        with self._lock:
            with self._db.reading() as tx:
                rows, grants_of = keys.list_credentials(tx), _by_key(grants.list_all(tx))
            by_hash = {row.hash: _caller(row, grants_of[row.id]) for row in rows}
            by_hash.update([self._bootstrap])
            self._hash_of = {caller.key: held for held, caller in by_hash.items()}
            self._by_hash, self._by_header = by_hash, {}

    def write_usage(self) -> None:
        """Write when keys were last used; called now and then, not at each request."""
        used, self._used = self._used & self._hash_of.keys() - {BOOTSTRAP}, set()
        try:
            if used:
                with self._db.writing() as tx:
                    keys.mark_used(tx, dict.fromkeys(sorted(used), now()))
        except BaseException:
            self._used |= used
            raise

    def _valid(self, caller: Caller) -> Caller:
        if caller.expires <= self._clock():
            raise Unauthorized("the API key has expired")
        self._used.add(caller.key)
        return caller

    async def _look_up(self, header: bytes | None) -> Caller:
        by_hash, by_header = self._by_hash, self._by_header
        scheme, _, sent = (header or b"").partition(b" ")
        token = sent.strip()
        if scheme.lower() != b"bearer":
            raise Unauthorized("an API key is needed: Authorization: Bearer KEY")
        caller = by_hash.get(digest(token))
        if caller is None and self._tokens is not None and token.count(b".") == 2:
            caller = self._behind(await asyncio.to_thread(self._tokens.verify, token))
        if caller is None:
            raise Unauthorized("the API key is not valid")
        if scheme == b"Bearer" and token == sent and len(by_header) < MOST_HEADERS:
            by_header[header or b""] = caller
        return caller

    def _behind(self, identity: "Identity") -> Caller | None:
        """The caller that a token proves, with the role that its claim maps to or with the rights of an API key."""
        name = f"oidc:{identity.subject}"
        if identity.rights in ROLES:
            return Caller(name, Role(identity.rights), identity.expires)
        held = self._hash_of.get(identity.rights)
        if held is None:
            return None
        like = self._by_hash[held]
        return replace(like, key=name, expires=min(like.expires, identity.expires))


def _by_key(kept: Iterable[Grant]) -> defaultdict[str, list[Grant]]:
    grants_of: defaultdict[str, list[Grant]] = defaultdict(list)
    for grant in kept:
        grants_of[grant.key].append(grant)
    return grants_of


def _caller(row: keys.Credential, kept: Iterable[Grant]) -> Caller:
    expires = float("inf") if row.expires_at is None else row.expires_at.timestamp()
    rights = {grant.dictionary: Right(grant.role or row.role, relations_of(grant)) for grant in kept}
    return Caller(row.id, row.role, expires, rights if row.scoped else None, row.rate, row.made_by)
