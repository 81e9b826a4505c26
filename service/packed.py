"""Long sequences of texts, or of rows of texts, kept as blocks of bytes: little more than the texts themselves.

A Python list of the cells of a file takes eight to twenty times the file's size. Packed, they take about its size, and
whoever iterates over them holds one block as objects at a time.
"""

import ctypes
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Generic, TypeVar, overload

import msgspec

T = TypeVar("T")
U = TypeVar("U")

AT_ONCE = 4096  # entries of a block

_C = ctypes.CDLL(None)
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()


class Packed(Sequence[T], Generic[T]):
    """A sequence of texts, of lists of texts, or of whatever else msgpack can hold, that is read more than changed.

    An entry is made anew each time it is read. Texts with lone surrogates, which UTF-8 cannot hold, stay as they are.
    """

    def __init__(self, entries: Iterable[T] = ()) -> None:
        self._blocks: list[bytes | list[T]] = []
        self._ends = array("q")  # of each block: the number of entries up to its end
        self._open: list[T] = []  # the entries of the last block, which is not packed yet
        self._read: tuple[int, list[T]] = (-1, [])  # the block that was read last
        self.extend(entries)

    def append(self, entry: T) -> None:
        self._open.append(entry)
        if len(self._open) >= AT_ONCE:
            self._close()

    def extend(self, entries: Iterable[T]) -> None:
        source = iter(entries)
        while part := list(islice(source, AT_ONCE - len(self._open))):
            self._open += part
            if len(self._open) >= AT_ONCE:
                self._close()

    def blocks(self, start: int = 0) -> Iterator[list[T]]:
        """Iterate over the entries from `start` on, a list of some thousand of them at a time."""
        first = bisect_right(self._ends, start)
        skipped = start - (self._ends[first - 1] if first else 0)
        for at in range(first, len(self._blocks) + 1):
            block = self._unpack(at)
            yield block[skipped:] if skipped else block
            skipped = 0

    def __len__(self) -> int:
        return (self._ends[-1] if self._ends else 0) + len(self._open)

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self.blocks())

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> "Sequence[T]": ...
    def __getitem__(self, at: int | slice) -> "T | Sequence[T]":
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            if step != 1:
                raise ValueError("a packed sequence has no slices with steps")
            return Part(self, start, max(start, stop))
        if at < 0:
            at += len(self)
        if not 0 <= at < len(self):
            raise IndexError(at)
        number = bisect_right(self._ends, at)
        before = self._ends[number - 1] if number else 0
        return self._unpack(number)[at - before]

    def _close(self) -> None:
        """Pack the open block."""
        before = self._ends[-1] if self._ends else 0
        self._ends.append(before + len(self._open))
        self._blocks.append(_pack(self._open))
        self._open = []

    def _unpack(self, number: int) -> list[T]:
        """The entries of a block; the block that was read last is kept, for whoever goes from entry to entry."""
        if number == len(self._blocks):
            return self._open
        if self._read[0] != number:
            block = self._blocks[number]
            self._read = number, _decoder.decode(block) if isinstance(block, bytes) else block
        return self._read[1]


class Part(Sequence[T], Generic[T]):
    """The entries of a packed sequence from `start` up to `stop`, which are not copied."""

    def __init__(self, whole: Packed[T], start: int, stop: int) -> None:
        self._whole, self._start, self._stop = whole, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[T]:
        return islice(chain.from_iterable(self._whole.blocks(self._start)), len(self))

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> "Sequence[T]": ...
    def __getitem__(self, at: int | slice) -> "T | Sequence[T]":
        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            return self._whole[self._start + start : self._start + max(start, stop)]
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        return self._whole[self._start + at + (len(self) if at < 0 else 0)]


def blocks_of(entries: Sequence[T]) -> Iterator[Sequence[T]]:
    """Iterate over a sequence in parts of some thousand entries, be it packed or not."""
    if isinstance(entries, Packed):
        yield from filter(None, entries.blocks())
    else:
        source = iter(entries)
        while part := list(islice(source, AT_ONCE)):
            yield part


def pack_each(change: Callable[[Sequence[T]], Iterable[U]], entries: Sequence[T]) -> Packed[U]:
    """Pack what `change` makes of each part of a sequence."""
    packed = Packed[U]()
    for block in blocks_of(entries):
        packed.extend(change(block))
    return packed


def give_back() -> None:
    """Give the system back what was freed, where C's library is glibc: it keeps blocks of this size for later."""
    trim = getattr(_C, "malloc_trim", None)
    if trim is not None:
        trim(0)


def _pack(block: list[Any]) -> "bytes | list[Any]":
    try:
        return _encoder.encode(block)
    except (UnicodeEncodeError, RecursionError):  # a lone surrogate; a list in a thousand lists
        return block
