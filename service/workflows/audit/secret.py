"""The audit secret: 32 random bytes of their own, made with the chain at the first start, derived from nothing."""

import os
from pathlib import Path

from service.errors import Unavailable
from service.secret_files import SIZE, flush_folder, write
from service.storage import Database, audit
from service.workflows.audit.chain import GENESIS, Chain

NAME = "audit"
DRAFT = ".audit"  # a secret whose chain may not be committed yet


def opened(db: Database, folder: Path) -> bytes:
    """The secret. Where there is neither secret nor chain, both are made, so that a chain that is gone later is
    missed. Raises Unavailable where a chain has lost its secret.
    """
    if not (folder / NAME).exists():
        _begin(db, folder)
    secret = (folder / NAME).read_bytes()
    if len(secret) != SIZE:
        raise Unavailable("the audit secret is damaged: bring secrets/audit back from the backup")
    return secret


def _begin(db: Database, folder: Path) -> None:
    """The secret gets its name when its chain is committed: a process killed in between is made up for here."""
    draft = folder / DRAFT
    with db.writing() as tx:
        if audit.head(tx) is None and not (folder / NAME).exists():
            write(draft, os.O_TRUNC)
            audit.begin(tx, Chain(draft.read_bytes()).head(0, GENESIS))
        elif not draft.exists() and not (folder / NAME).exists():
            raise Unavailable("the audit chain has lost its secret: bring secrets/audit back from the backup")
    if draft.exists():
        draft.rename(folder / NAME)
        flush_folder(folder)
