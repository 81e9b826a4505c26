"""Training blocks: those of one shape side by side, each from its own facts alone.

    facts -> problem -> train -> weights as stored -> margins; a block with a margin below tau0 is widened, and trained
    from the beginning

Which blocks stand side by side depends on facts and recipe alone, problems are padded to a step, and a batch computes
in one thread: neither the order of facts, nor the number of threads, nor a training that was stopped and taken up again
reaches a stored byte.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray
from numpy.typing import NDArray
from safetensors.numpy import load as deserialise
from safetensors.numpy import save as serialise

from service.memory.bank import Block
from service.memory.block_inputs import BlockInputs, BlocksNotHeld, Progress, Work
from service.memory.codes import code_signs
from service.memory.devices import run_all
from service.memory.gradient import Problem, Run, Schedule, Shape, train
from service.memory.gradient.evaluation import compute_outputs, evaluate
from service.memory.gradient.network import Networks
from service.memory.gradient.reading import end_token, token_signs
from service.memory.gradient.sizes import allowed_shapes, first_width, widen
from service.memory.gradient.stacked import StackedProblems
from service.memory.gradient.storing import read_weights, store_block
from service.memory.hashing import Keyring
from service.memory.recipe import Descent, Resolved
from service.memory.stored import canonical_json

N = TypeVar("N", bound=np.generic)

_MAC = 64  # characters of an authentication


BATCH_BLOCKS = {"cpu": 16, "cuda": 256}
FACTS_STEP = 16
SPARE_MARGIN = 1.01
"""Times tau0, what training asks for: outputs in training differ from those of stored weights in the last bits."""


def train_blocks(recipe: Resolved, inputs: BlockInputs, work: Work) -> list[Block]:
    """Train every block, and report progress to `work`. Raises BlocksNotHeld."""
    trainer = _Trainer(recipe, inputs, work)
    allowed = {bits: allowed_shapes(recipe, bits) for bits in np.unique(inputs.bits).tolist()}
    counts, bits = np.diff(inputs.starts).tolist(), inputs.bits.tolist()
    widths = np.array([first_width(allowed[b], n, recipe.load) for b, n in zip(bits, counts, strict=True)])
    _refuse_too_full(counts, bits, allowed, recipe)
    blocks: dict[int, Block] = {}
    todo = np.arange(len(counts))
    while len(todo):
        beyond = np.array([widths[at] >= len(allowed[bits[at]]) for at in todo.tolist()])
        if beyond.any():
            raise BlocksNotHeld(todo[beyond])
        again = []
        for batch, made in run_all(work.workers, trainer, _cut_batches(todo, widths, inputs, allowed, recipe.device)):
            blocks.update(zip(batch.blocks.tolist(), made.blocks, strict=True))
            again.append(batch.blocks[~made.held])
        todo = np.sort(np.concatenate(again))
        widths[todo] = [widen(width) for width in widths[todo].tolist()]
    return [blocks[number] for number in range(len(counts))]


def _refuse_too_full(counts: list[int], bits: list[int], allowed: dict[int, list[Shape]], recipe: Resolved) -> None:
    """Codes look random, so no block reads out more bits of them than its weights have."""
    most = {length: shapes[-1].parameters * recipe.weight_bits for length, shapes in allowed.items()}
    too_full = [at for at, (n, length) in enumerate(zip(counts, bits, strict=True)) if n * length > most[length]]
    if too_full:
        raise BlocksNotHeld(np.array(too_full))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Blocks of one shape that are trained together, their problems padded to so many facts."""

    blocks: Int64[ndarray, " b"]
    shape: Shape
    facts: int


def _cut_batches(
    todo: Int64[ndarray, " todo"],
    widths: Int64[ndarray, " blocks"],
    inputs: BlockInputs,
    allowed: dict[int, list[Shape]],
    device: str,
) -> list[_Batch]:
    counts = np.maximum(np.diff(inputs.starts)[todo], 1)
    padded = -(-counts // FACTS_STEP) * FACTS_STEP
    kinds, kind = np.unique(np.stack([inputs.bits[todo], widths[todo], padded], axis=1), axis=0, return_inverse=True)
    return [
        _Batch(some, allowed[bits][width], facts)
        for number, (bits, width, facts) in enumerate(kinds.tolist())
        for some in _cut(todo[kind == number], BATCH_BLOCKS[device])
    ]


def _cut(members: Int64[ndarray, " n"], size: int) -> Iterator[Int64[ndarray, " some"]]:
    for start in range(0, len(members), size):
        yield members[start : start + size]


@dataclass(frozen=True, slots=True)
class TrainedBatch:
    """The blocks of a batch, and which of them hold their facts."""

    blocks: list[Block]
    held: Bool[ndarray, " b"]


@dataclass(frozen=True, slots=True)
class BatchFile:
    """The file that keeps a finished batch for the next training of the same facts.

    Its name is a digest of everything that decides what is in it, so that nothing is ever taken for something else: a
    batch whose facts have changed since is trained anew. Its content is authenticated under the memory secret. folder:
    None where nothing is kept; if it is removed in the meantime, it is not made again.
    """

    folder: Path | None
    keyring: Keyring
    name: str

    @classmethod
    def of(
        cls, folder: Path | None, keyring: Keyring, settings: object, columns: Iterable[NDArray[np.generic]]
    ) -> "BatchFile":
        """The file of what these settings (as JSON) and arrays decide."""
        state = hashlib.sha256(canonical_json(settings))
        for column in columns:
            state.update(repr((column.dtype.str, column.shape)).encode() + np.ascontiguousarray(column).tobytes())
        return cls(folder, keyring, state.hexdigest())

    @property
    def state_file(self) -> Path | None:
        """The file for the state of a training that is not finished."""
        return None if self.folder is None else self.folder / f"{self.name}.state"

    def load(self) -> TrainedBatch | None:
        """Read the batch; None where there is none, or where it is not what was written."""
        if self.folder is None:
            return None
        try:
            data = (self.folder / self.name).read_bytes()
        except OSError:
            return None
        mac, payload = data[:_MAC], data[_MAC:]
        if not self.keyring.is_mac(self._authenticated(payload), mac.decode("ascii", "replace")):
            return None
        tensors = deserialise(payload)
        steps, scales = list(tensors["steps"]), list(tensors["scales"])
        return TrainedBatch([Block(*each) for each in zip(steps, scales, strict=True)], tensors["held"])

    def save(self, made: TrainedBatch) -> None:
        """Write to a draft beside the file, then move it into place."""
        if self.folder is None or not self.folder.is_dir():
            return
        steps, scales = (np.stack(part) for part in zip(*made.blocks, strict=True))
        payload = serialise({"steps": steps, "scales": scales, "held": made.held})
        draft = self.folder / f".{self.name}.{uuid.uuid4().hex}"
        draft.write_bytes(self.keyring.mac(self._authenticated(payload)).encode() + payload)
        draft.replace(self.folder / self.name)

    def _authenticated(self, payload: bytes) -> bytes:
        return self.name.encode() + payload


class _Trainer:
    """Trains batches; several threads call it at once."""

    def __init__(self, recipe: Resolved, inputs: BlockInputs, work: Work) -> None:
        self._recipe, self._inputs, self._work = recipe, inputs, work
        self._progress = _SharedProgress(work.report, len(inputs.bits))
        self._end = end_token(recipe)

    def __call__(self, batch: _Batch) -> tuple[_Batch, TrainedBatch]:
        problems = [self._problem(block, batch.facts) for block in batch.blocks.tolist()]
        columns = [part for one in problems for part in (one.tokens, one.targets, one.frequency) if part is not None]
        settings = {"recipe": self._recipe.to_json(), "shape": asdict(batch.shape)}
        kept = BatchFile.of(self._work.checkpoint, self._work.keyring, settings, columns)
        made = kept.load()
        if made is None:
            made = self._train(batch.shape, problems, kept)
            kept.save(made)
        self._progress.finish(kept.name, int(made.held.sum()))
        return batch, made

    def _train(self, shape: Shape, problems: list[Problem], kept: BatchFile) -> TrainedBatch:
        recipe, descent = self._recipe, _descent_of(self._recipe)
        runs = [Run(problem, recipe.seed, descent.rate) for problem in problems]
        schedule = Schedule(
            steps=descent.steps,
            optimiser=descent.optimiser,
            weight_bits=recipe.weight_bits,
            margin=recipe.tau0 * SPARE_MARGIN,
        )
        progress = self._progress.for_batch(kept.name, len(runs))
        outcomes = train(shape, runs, schedule, device=recipe.device, progress=progress, checkpoint=kept.state_file)
        blocks = [store_block(shape, outcome.weights) for outcome in outcomes]
        return TrainedBatch(blocks, blocks_held(shape, problems, blocks, recipe))

    def _problem(self, block: int, facts: int) -> Problem:
        """The facts of a block as numbers: every fact has two tokens of its own; padding facts have no weight."""
        inputs, d = self._inputs, self._recipe.d_model
        part = slice(int(inputs.starts[block]), int(inputs.starts[block + 1]))
        n = part.stop - part.start
        subjects = token_signs(inputs.subject_digests[inputs.subject[part]], d)
        relations = token_signs(inputs.relation_digests[inputs.relation[part]], d)
        targets = code_signs(inputs.target[part], int(inputs.bits[block])).astype(np.int8)
        return Problem(
            subjects=np.arange(facts),
            relations=np.arange(facts),
            targets=_pad(targets, facts),
            n_subjects=facts,
            n_relations=facts,
            tokens=np.concatenate([_pad(subjects, facts), _pad(relations, facts), self._end[None]]),
            frequency=_pad(np.full(n, 1 / max(n, 1)), facts),
        )


def blocks_held(shape: Shape, problems: list[Problem], blocks: list[Block], recipe: Resolved) -> Bool[ndarray, " b"]:
    """Which blocks, as stored, recall every one of their facts with a margin of tau0."""
    stacked = StackedProblems(shape, problems, recipe.device)
    stored = {name: weight.to(recipe.device) for name, weight in read_weights(shape, blocks).items()}
    networks = Networks(shape, stored | stacked.vectors(shape)).requires_grad_(requires_grad=False)
    result = evaluate(networks, stacked, compute_outputs(networks, stacked))
    right = (result.right == stacked.present).all(dim=1) & (result.least >= recipe.tau0)
    return right.cpu().numpy()


def _descent_of(recipe: Resolved) -> Descent:
    if recipe.descent is None:
        raise ValueError("the recipe has no descent: its blocks are solved in closed form")
    return recipe.descent


def _pad(values: NDArray[N], length: int) -> NDArray[N]:
    padding = np.zeros((length - len(values), *values.shape[1:]), dtype=values.dtype)
    return np.concatenate([values, padding])


class _SharedProgress:
    """Combines the progress of several batches into one fraction, which never falls."""

    def __init__(self, report: Progress, blocks: int) -> None:
        self._report, self._blocks = report, blocks
        self._parts: dict[str, float] = {}
        self._most = 0.0
        self._lock = Lock()

    def for_batch(self, name: str, blocks: int) -> Progress:
        """The progress report of one batch of so many blocks."""
        return lambda fraction, _step: self._report_batch(name, fraction * blocks)

    def finish(self, name: str, held: int) -> None:
        self._report_batch(name, held)

    def _report_batch(self, name: str, blocks: float) -> None:
        with self._lock:
            self._parts[name] = blocks
            self._most = max(self._most, min(1.0, sum(self._parts.values()) / self._blocks))
            fraction = self._most
        self._report(fraction, "training blocks end to end")
