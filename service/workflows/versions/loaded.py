"""Versions of memories, loaded: from the nearest folder and the patches since, or from an earlier version that is still
in use somewhere in this process, which it then shares every unchanged block with.
"""

from threading import Lock
from weakref import WeakValueDictionary

from schemas.problems import Code
from service import secret_files
from service.errors import MemoryMismatch, NotFound
from service.memory import Memory, load
from service.settings import Settings
from service.storage import Transaction, memories, patches


def load_from_disk(tx: Transaction, settings: Settings, version: memories.Record) -> Memory:
    """The version as it is stored, not shared with other users. Raises MemoryMismatch, and NotFound (not_retained)."""
    _check_retained(version)
    secret = secret_files.read(settings.secrets, version.dictionary)
    folder, seq = patches.find_base(tx, version)
    steps = _steps(tx, version, seq)
    if steps is None:
        raise MemoryMismatch("a patch that this version is made of is missing")
    return _checked(load(settings.memories / folder, secret=secret, device=settings.device, patches=steps), version)


def _checked(memory: Memory, version: memories.Record) -> Memory:
    """The memory. Raises MemoryMismatch where it is another version than the one that was asked for: a sound folder may
    stand in another one's place.
    """
    if memory.digest != version.digest:
        raise MemoryMismatch("what is stored under this version is another memory")
    return memory


def _steps(tx: Transaction, version: memories.Record, after: int) -> list[bytes] | None:
    """The patches that lead from an earlier version to this one; None where one is no longer kept."""
    steps = patches.read_between(tx, version.lineage, after, version.seq)
    return steps if len(steps) == version.seq - after else None


class LoadedVersions:
    """The versions that this process uses, by lineage and place in it; each is dropped with its last user."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._used: WeakValueDictionary[tuple[str, int], Memory] = WeakValueDictionary()
        self._lock = Lock()

    def load(self, tx: Transaction, version: memories.Record) -> Memory:
        """Load a version, or share it where it is in use. Raises MemoryMismatch, and NotFound (not_retained)."""
        _check_retained(version)
        memory, seq = self._nearest(version)
        steps = None if memory is None else _steps(tx, version, seq)
        if memory is None or steps is None:
            memory = load_from_disk(tx, self._settings, version)
        else:
            for patch in steps:
                memory = memory.with_patch(patch)
            _checked(memory, version)
        self.keep(version.lineage, version.seq, memory)
        return memory

    def keep(self, lineage: str, seq: int, memory: Memory) -> None:
        """Share `memory` with later loads of this version or a later one, as long as it is in use."""
        with self._lock:
            self._used[lineage, seq] = memory

    def _nearest(self, version: memories.Record) -> tuple[Memory | None, int]:
        """The newest version in use from which this one can be made by patches."""
        with self._lock:
            known = [seq for lineage, seq in self._used if lineage == version.lineage and seq <= version.seq]
            seq = max(known, default=0)
            return self._used.get((version.lineage, seq)), seq


def _check_retained(version: memories.Record) -> None:
    if not version.retained:
        raise NotFound("this version is no longer kept", code=Code.NOT_RETAINED, memory=version.id)
