"""Publishing: how the champion of a dictionary comes up to its ledger, whoever changed the ledger."""

from types import TracebackType
from typing import Protocol, Self

from schemas.jobs import Job
from service.settings import Settings
from service.storage import Database, Transaction
from service.workflows.audit import Auditor


class EditContext(Protocol):
    """What changing facts needs of the service; the routes' Context is one."""

    @property
    def db(self) -> Database: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def auditor(self) -> Auditor: ...


class Advance:
    """One step of a dictionary's champion, in two phases: solved and stored within the caller's transaction, taken over
    by this process once that has committed.

        with Advance(service, dictionary_id) as advance, service.db.writing() as tx:
            ...                                   # any change of the ledger
            champion = advance(tx, by=caller, reason="why")

    Contexts end in reverse order, so the transaction has committed, or the step is forgotten.
    """

    def __init__(self, service: EditContext, dictionary: str) -> None:
        self._service = service
        self._dictionary = dictionary

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def __call__(self, tx: Transaction, *, by: str, reason: str) -> str | None:
        """Bring the champion up to the ledger as it is in `tx`, and return the memory that then serves (None: there is
        no champion). A pinned champion stays. Raises Outgrown where the bank must be solved anew: `order_training`.
        """
        raise NotImplementedError


def order_training(tx: Transaction, dictionary: int, by: str) -> Job:
    """Queue the training that an outgrown champion needs, by the recipe that the champion was asked for with; one that
    is already queued will do.
    """
    raise NotImplementedError
