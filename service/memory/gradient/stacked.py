"""Problems side by side as tensors: padded to the most facts and names of any, with a mask."""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64, Shaped
from torch import Tensor

from service.memory.gradient.problem import Problem
from service.memory.gradient.shape import Shape


class Purpose(IntEnum):
    """What random numbers are drawn for: no two purposes share any."""

    FACTS = 1
    TOKENS = 2
    ANSWERS = 3
    NOISE_OF_TRAINING = 4
    NOISE_OF_EVALUATION = 5


class Noise(NamedTuple):
    """A draw of noise: of a step of the training, or one of the draws on which it is evaluated."""

    purpose: Purpose
    number: int


class StackedProblems:
    """index: the numbers of each fact's tokens, (b, n, 2), or with the end (b, n, 3); share: the share of each fact in
    the loss, (b, n), 0 where a problem has fewer facts; targets: (b, n, bits) float or (b, n) answers.
    """

    def __init__(self, shape: Shape, problems: Sequence[Problem], device: str) -> None:
        self.problems = list(problems)
        self.device = device
        most = max(len(problem) for problem in problems)
        self.names = max(problem.names for problem in problems)
        self.index = torch.stack([_index(problem, shape, most) for problem in problems]).to(device)
        self.share = torch.stack([_loss_shares(problem, most) for problem in problems]).to(device)
        self.targets = torch.stack([_targets(problem, most) for problem in problems]).to(device)
        self.seen = [_answers_of_relations(problem, shape).to(device) for problem in problems]
        self.noise = max(problem.noise for problem in problems)
        if any(problem.noise != self.noise for problem in problems):
            raise ValueError("the problems of a batch must have sequences of one length")

    @property
    def present(self) -> Bool[Tensor, "b n"]:
        return self.share > 0

    def keep(self, networks: Int64[Tensor, " kept"]) -> None:
        """Keep only these problems."""
        chosen = networks.tolist()
        self.problems = [self.problems[at] for at in chosen]
        self.seen = [self.seen[at] for at in chosen]
        self.index, self.share, self.targets = (part[networks] for part in (self.index, self.share, self.targets))

    def vectors(self, shape: Shape) -> dict[str, Tensor]:
        """The vectors of names (b, names, d) and, for read-out `answers`, of answers (b, outputs, d)."""
        names = torch.stack([_pad(_token_vectors(problem, shape), self.names) for problem in self.problems])
        vectors = {"tokens": names}
        if shape.readout == "answers":
            vectors["answers"] = torch.stack([_answer_vectors(problem, shape) for problem in self.problems])
        return {name: vector.to(self.device) for name, vector in vectors.items()}

    def choose_facts(self, step: int, batch: int | None) -> Int64[Tensor, "b m"] | None:
        """Draw the facts of a step by their shares; None for all of them."""
        if batch is None or batch >= self.share.shape[1]:
            return None
        return torch.stack(
            [
                torch.multinomial(share, batch, replacement=True, generator=_generator(problem, step, Purpose.FACTS))
                for problem, share in zip(self.problems, self.share.cpu(), strict=True)
            ]
        ).to(self.device)

    def sequences(
        self, tokens: Float[Tensor, "b names d"], noise: Noise, chosen: Int64[Tensor, "b m"] | None = None
    ) -> Float[Tensor, "b m t d"]:
        """The tokens of facts as vectors, with a draw of noise before the end."""
        index = self.index if chosen is None else _gather(self.index, chosen)
        if self.noise:
            drawn = torch.stack([_draw_noise(problem, index.shape[1], noise) for problem in self.problems]).to(
                self.device
            )
            index = torch.cat([index[:, :, :2], drawn, index[:, :, 2:]], dim=2)
        b, n, t = index.shape
        flat = index.view(b, n * t, 1).expand(-1, -1, tokens.shape[2])
        return tokens.gather(1, flat).view(b, n, t, -1)

    def targets_and_shares(
        self, chosen: Int64[Tensor, "b m"] | None
    ) -> tuple[Shaped[Tensor, "b m ..."], Float32[Tensor, "b m"]]:
        """Targets of a step's facts and their shares in its loss: drawn facts count alike."""
        if chosen is None:
            return self.targets, self.share
        return _gather(self.targets, chosen), torch.full(chosen.shape, 1 / chosen.shape[1], device=self.device)


def _gather(values: Shaped[Tensor, "b n ..."], chosen: Int64[Tensor, "b m"]) -> Shaped[Tensor, "b m ..."]:
    index = chosen.view(*chosen.shape, *[1] * (values.dim() - 2)).expand(*chosen.shape, *values.shape[2:])
    return values.gather(1, index)


def _index(problem: Problem, shape: Shape, most: int) -> Int64[Tensor, "{most} t"]:
    end = np.full(len(problem), problem.names - 1)
    columns = [problem.subjects, problem.relations + problem.n_subjects, *([end] if shape.residual else [])]
    return _pad(torch.from_numpy(np.stack(columns, axis=1)), most)


def _loss_shares(problem: Problem, most: int) -> Float32[Tensor, " {most}"]:
    frequency = problem.frequency if problem.frequency is not None else np.full(len(problem), 1 / len(problem))
    return _pad(torch.from_numpy(frequency.astype(np.float32)), most)


def _targets(problem: Problem, most: int) -> Shaped[Tensor, "{most} ..."]:
    targets = torch.from_numpy(np.ascontiguousarray(problem.targets))
    return _pad(targets.float() if targets.dim() == 2 else targets.long(), most)


def _answers_of_relations(problem: Problem, shape: Shape) -> Bool[Tensor, "relations answers"]:
    """Which answers each relation has; none with the read-out `codes`, which knows no answers."""
    seen = torch.zeros(problem.n_relations, shape.outputs, dtype=torch.bool)
    if shape.readout == "answers":
        seen[torch.from_numpy(problem.relations), torch.from_numpy(problem.targets)] = True
    return seen


def _token_vectors(problem: Problem, shape: Shape) -> Float32[Tensor, "names d"]:
    """Random signs, unless the problem brings those of subjects and relations along."""
    signs = _draw_signs(problem.names, shape.d_model, _generator(problem, 0, Purpose.TOKENS))
    if problem.tokens is not None:
        signs[: len(problem.tokens)] = torch.from_numpy(problem.tokens).float()
    return signs


def _answer_vectors(problem: Problem, shape: Shape) -> Float32[Tensor, "answers d"]:
    return _draw_signs(shape.outputs, shape.d_model, _generator(problem, 0, Purpose.ANSWERS))


def _draw_signs(count: int, d: int, generator: torch.Generator) -> Float32[Tensor, "{count} {d}"]:
    return torch.randint(0, 2, (count, d), generator=generator).float() * 2 - 1


def _draw_noise(problem: Problem, facts: int, noise: Noise) -> Int64[Tensor, "{facts} t"]:
    first = problem.n_subjects + problem.n_relations
    size = (facts, problem.noise)
    return first + torch.randint(
        0, problem.noise_names, size, generator=_generator(problem, noise.number, noise.purpose)
    )


def _generator(problem: Problem, step: int, purpose: Purpose) -> torch.Generator:
    """Numbers that depend on the problem's seed, the step and the purpose alone: a training can go on from any step."""
    seed = np.random.SeedSequence([problem.seed, step, purpose]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(seed >> np.uint64(1)))


def _pad(values: Shaped[Tensor, "n ..."], length: int) -> Shaped[Tensor, "{length} ..."]:
    """Zeros behind the first axis, up to `length`."""
    return torch.cat([values, values.new_zeros((length - len(values), *values.shape[1:]))])
