"""What a training keeps for the next that is asked the same: batches of blocks that are trained, and the state of those
under way.

Names of files are digests of everything that decides what is in them, so that nothing is ever taken for something else:
a batch whose facts have changed since is trained anew. What is finished is authenticated under the memory secret.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as deserialise
from safetensors.numpy import save as serialise

from service.memory.bank import Block
from service.memory.hashing import Keyring
from service.memory.stored import canonical

_MAC = 64  # characters of an authentication


@dataclass(frozen=True, slots=True)
class Made:
    """Blocks of a batch, and which of them hold their facts, (blocks,)."""

    blocks: list[Block]
    held: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kept:
    """One batch of a training. `folder` is None where nothing is kept; one that is removed meanwhile stays away."""

    folder: Path | None
    keyring: Keyring
    name: str

    @classmethod
    def of(cls, folder: Path | None, keyring: Keyring, said: object, columns: Iterable[NDArray[np.generic]]) -> "Kept":
        """What is trained: settings as JSON, and arrays."""
        state = hashlib.sha256(canonical(said))
        for column in columns:
            state.update(repr((column.dtype.str, column.shape)).encode() + np.ascontiguousarray(column).tobytes())
        return cls(folder, keyring, state.hexdigest())

    @property
    def under_way(self) -> Path | None:
        """The file for the state of the training itself."""
        return None if self.folder is None else self.folder / f"{self.name}.state"

    def load(self) -> Made | None:
        """None where it is not there, or is not what was written."""
        if self.folder is None:
            return None
        try:
            data = (self.folder / self.name).read_bytes()
        except OSError:
            return None
        mac, payload = data[:_MAC], data[_MAC:]
        if not self.keyring.is_mac(self._said(payload), mac.decode("ascii", "replace")):
            return None
        tensors = deserialise(payload)
        steps, scales = list(tensors["steps"]), list(tensors["scales"])
        return Made([Block(*each) for each in zip(steps, scales, strict=True)], tensors["held"])

    def save(self, made: Made) -> None:
        """Write beside its place, then put it there."""
        if self.folder is None or not self.folder.is_dir():
            return
        steps, scales = (np.stack(part) for part in zip(*made.blocks, strict=True))
        payload = serialise({"steps": steps, "scales": scales, "held": made.held})
        draft = self.folder / f".{self.name}.{uuid.uuid4().hex}"
        draft.write_bytes(self.keyring.mac(self._said(payload)).encode() + payload)
        draft.replace(self.folder / self.name)

    def _said(self, payload: bytes) -> bytes:
        return self.name.encode() + payload
