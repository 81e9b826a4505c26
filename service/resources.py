"""What the machine lacks, told apart from faults of the service: a full disk, a locked database, no memory or handles.

Such an error is nobody's fault and passes: it is 503 with a code of its own and the time after which to try again, and
a job that meets it is tried again.
"""

import errno
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from schemas.problems import Code
from service.errors import NotFound, Unavailable

# What the disk, the kernel or SQLite says, and what the caller is told.
_DETAILS: Mapping[Code, str] = MappingProxyType(
    {
        Code.DISK_FULL: "the disk of the service is full, or nearly so: whoever runs it must make room",
        Code.DISK_FAILED: "the disk of the service cannot be read or written: its log says which operation failed",
        Code.DATABASE_BUSY: "another operation holds the database: nothing was stored",
        Code.OUT_OF_MEMORY: "the service has too little memory for this request now: send less at a time, or try later",
        Code.TOO_MANY_FILES: "the service has as many files and connections open as the system allows",
    }
)
_SECONDS = MappingProxyType({Code.DISK_FULL: 60, Code.DISK_FAILED: 60})  # until a further try; else:
_SOON = 5
_BY_NUMBER: Mapping[int, Code] = MappingProxyType(
    {
        errno.ENOSPC: Code.DISK_FULL,
        errno.EDQUOT: Code.DISK_FULL,
        errno.EFBIG: Code.DISK_FULL,
        errno.EIO: Code.DISK_FAILED,
        errno.EROFS: Code.DISK_FAILED,
        errno.ENOMEM: Code.OUT_OF_MEMORY,
        errno.EMFILE: Code.TOO_MANY_FILES,
        errno.ENFILE: Code.TOO_MANY_FILES,
    }
)
_BY_SQLITE: Mapping[str, Code] = MappingProxyType(  # the beginnings of the names of its error codes
    {
        "SQLITE_FULL": Code.DISK_FULL,
        "SQLITE_BUSY": Code.DATABASE_BUSY,
        "SQLITE_LOCKED": Code.DATABASE_BUSY,
        "SQLITE_IOERR": Code.DISK_FAILED,
        "SQLITE_READONLY": Code.DISK_FAILED,
        "SQLITE_CANTOPEN": Code.DISK_FAILED,
        "SQLITE_NOMEM": Code.OUT_OF_MEMORY,
    }
)
_BY_POSTGRES: Mapping[str, Code] = MappingProxyType(  # the beginnings of its SQLSTATE
    {
        "53100": Code.DISK_FULL,
        "53200": Code.OUT_OF_MEMORY,
        "53": Code.DATABASE_BUSY,
        "55P03": Code.DATABASE_BUSY,
        "40": Code.DATABASE_BUSY,
        "57": Code.DATABASE_BUSY,
        "08": Code.DATABASE_BUSY,
        "58": Code.DISK_FAILED,
    }
)


class Lacking(Unavailable):
    """Something that the machine lacks at present. `code` says what, and the header Retry-After when to try again."""

    def __init__(self, code: Code, **extra: object) -> None:
        super().__init__(_DETAILS[code], code=code, **extra)
        self.headers = {"retry-after": str(_SECONDS.get(code, _SOON))}


def find_lack(error: BaseException) -> Lacking | None:
    """What an error, or one that it came from, says is lacking; None where it is another kind of fault."""
    for each in _chain(error):
        code = each.code if isinstance(each, Lacking) else _find_code(each)
        if code is not None:
            return Lacking(code)
    return None


def find_gone(error: BaseException) -> NotFound | None:
    """NotFound where a row was to be written about another that has been deleted since it was looked up."""
    for each in _chain(error):
        told = getattr(each, "sqlite_errorname", None), getattr(each, "sqlstate", None)
        if told[0] == "SQLITE_CONSTRAINT_FOREIGNKEY" or told[1] == "23503":
            return NotFound("what this request is about was deleted meanwhile")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what the database's driver raised, and the causes of both."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            further = (getattr(each, "orig", None), each.__cause__, each.__context__)
            waiting += [one for one in further if isinstance(one, BaseException)]


def _find_code(error: BaseException) -> Code | None:
    if isinstance(error, MemoryError):
        return Code.OUT_OF_MEMORY
    if isinstance(error, OSError):
        return _BY_NUMBER.get(error.errno or 0)
    for attribute, known in (("sqlite_errorname", _BY_SQLITE), ("sqlstate", _BY_POSTGRES)):
        told = getattr(error, attribute, None)
        if isinstance(told, str):
            return next((code for start, code in known.items() if told.startswith(start)), None)
    return None
