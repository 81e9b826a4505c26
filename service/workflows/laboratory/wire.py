"""What the worker and the process of an experiment tell each other: an assignment in, lines of JSON out."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from select import select
from typing import Any

LOOK_EVERY = 0.25  # seconds
CHUNK = 2**16  # bytes


@dataclass(frozen=True, slots=True)
class Assignment:
    """request: an `ExperimentRequest` as JSON; the facts are those of the ledger's version."""

    dictionary: str
    ledger_version: int
    request: dict[str, Any]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Assignment":
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Line:
    """Progress in this step; or the document; or the kind and place of an error, whose message may hold names."""

    progress: float = 0.0
    step: str = "starting"
    document: dict[str, Any] | None = None
    error: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), allow_nan=False)


def lines(process: "subprocess.Popen[str]") -> Iterator[Line | None]:
    """What the process says on its standard output, until it ends; None now and then while it says nothing."""
    begun, out = b"", process.stdout
    while out is not None:
        if not select([out], [], [], LOOK_EVERY)[0]:
            yield None
            continue
        if not (read := os.read(out.fileno(), CHUNK)):
            return
        *whole, begun = (begun + read).split(b"\n")
        yield from (Line(**json.loads(line)) for line in whole)
