"""Checkpoints: everything a training needs to go on, in one safetensors file that is replaced as a whole."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from service.memory.gradient.problem import Moment, Outcome, Problem, Run, Schedule
from service.memory.gradient.shape import Shape


@dataclass(frozen=True, slots=True)
class State:
    """active: numbers of the runs still in training, in the order of the tensors' first axis."""

    tensors: dict[str, Tensor]
    step: int
    active: list[int]
    seconds: list[float]
    curves: list[list[Moment]]
    ended: dict[int, Outcome]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`of`: a digest of what is trained; a file of anything else is not taken up."""

    path: Path
    digest: str

    @classmethod
    def of(cls, path: Path, shape: Shape, runs: Sequence[Run], schedule: Schedule) -> "Checkpoint":
        state = hashlib.sha256(json.dumps([asdict(shape), asdict(schedule)], sort_keys=True).encode())
        for run in runs:
            state.update(repr((run.seed, run.rate)).encode())
            for part in _problem_bytes(run.problem):
                state.update(part)
        return cls(path, state.hexdigest())

    def save(self, state: State) -> None:
        """Write beside the file, then put it in its place."""
        held = {name: tensor.detach().contiguous() for name, tensor in state.tensors.items()}
        for number, outcome in state.ended.items():
            held |= {f"ended {number} {name}": torch.from_numpy(array) for name, array in outcome.weights.items()}
        ended = {number: {**asdict(outcome), "weights": None} for number, outcome in state.ended.items()}
        figures = {name: getattr(state, name) for name in ("step", "active", "seconds", "curves")} | {"ended": ended}
        draft = self.path.with_name(f".{self.path.name}.draft")
        save_file(held, draft, {"digest": self.digest, "state": json.dumps(figures)})
        draft.replace(self.path)

    def load(self, device: str) -> State | None:
        """None where there is no checkpoint of this training, or it cannot be read."""
        try:
            with safe_open(self.path, framework="pt", device=device) as file:
                metadata = file.metadata() or {}
                if metadata.get("digest") != self.digest:
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        except (OSError, SafetensorError):
            return None
        state = json.loads(metadata["state"])
        return State(
            tensors={name: tensor for name, tensor in tensors.items() if not name.startswith("ended ")},
            step=state["step"],
            active=state["active"],
            seconds=state["seconds"],
            curves=[[Moment(*moment) for moment in curve] for curve in state["curves"]],
            ended={int(number): _read_outcome(number, figures, tensors) for number, figures in state["ended"].items()},
        )

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def _read_outcome(number: str, figures: dict[str, object], tensors: dict[str, Tensor]) -> Outcome:
    begin = f"ended {number} "
    weights = {
        name.removeprefix(begin): tensor.cpu().numpy() for name, tensor in tensors.items() if name.startswith(begin)
    }
    curve = [Moment(*moment) for moment in figures["curve"]]  # type: ignore[attr-defined]
    return Outcome(**{**figures, "curve": curve, "weights": weights})  # type: ignore[arg-type]


def _problem_bytes(problem: Problem) -> list[bytes]:
    """Everything in a problem, as bytes."""
    counts = problem.n_subjects, problem.n_relations, problem.seed, problem.noise, problem.noise_names
    columns = [problem.subjects, problem.relations, problem.targets, problem.tokens, problem.frequency]
    return [repr(counts).encode(), *(b"" if column is None else column.tobytes() for column in columns)]
