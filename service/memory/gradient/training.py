"""Training end to end: every weight of networks of one shape, all networks in one batch.

first weights -> [sequences -> outputs -> loss -> gradients -> optimiser] x steps -> as stored -> recalled exhaustively

Everything random depends on a run's own seeds and the step, so a training goes on from a checkpoint as if it had never
stopped. On a CUDA device the network is compiled and computes in bfloat16, its weights stay float32.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Float32, Int64, Shaped
from torch import Tensor

from service.memory.gradient.checkpoint import Checkpoint, State
from service.memory.gradient.evaluation import Evaluation, compute_outputs, evaluate, run_networks
from service.memory.gradient.network import Networks
from service.memory.gradient.optimiser import Optimiser
from service.memory.gradient.problem import Moment, Outcome, Run, Schedule, Weights
from service.memory.gradient.shape import Shape
from service.memory.gradient.stacked import Noise, Purpose, StackedProblems
from service.memory.gradient.weights import FIXED, as_stored, draw_weights

Progress = Callable[[float, str], None]

_REPORT_EVERY = 0.25  # seconds between two progress reports
_SAVE_EVERY = 20.0  # seconds between two checkpoints
_GIVE_UP_AFTER = 0.6  # of the steps: networks that came to hold everything had 90 % or more right by then (RECORDS.md)


def train(
    shape: Shape,
    runs: Sequence[Run],
    schedule: Schedule,
    *,
    device: str = "cpu",
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> list[Outcome]:
    """Train one network a run and return the outcome of each. `progress` is called with the fraction done and a step,
    and may raise to stop; with a `checkpoint` file, the next call with the same runs goes on from there.
    """
    training = _Training(shape, list(runs), schedule, device)
    kept = Checkpoint.of(checkpoint, shape, runs, schedule) if checkpoint else None
    if kept:
        training.resume(kept)
    reported = saved = time.monotonic()
    while training.active and training.step < schedule.steps:
        training.advance()
        now = time.monotonic()
        if progress and now - reported > _REPORT_EVERY:
            progress(training.step / schedule.steps, "training by gradient")
            reported = now
        if kept and now - saved > _SAVE_EVERY:
            training.save(kept)
            saved = now
    outcomes = training.finish()
    if kept:
        kept.remove()
    return outcomes


class _Training:
    """The networks in training; those that hold every fact, or have diverged, leave the batch."""

    def __init__(self, shape: Shape, runs: list[Run], schedule: Schedule, device: str) -> None:
        self._shape, self._schedule, self._device = shape, schedule, device
        self._forward = torch.compile(run_networks) if device == "cuda" else run_networks
        self._stacked = StackedProblems(shape, [run.problem for run in runs], device)
        first = [draw_weights(shape, run.seed) for run in runs]
        weights = {name: torch.stack([one[name] for one in first]).to(device) for name in first[0]}
        self._networks = Networks(shape, weights | self._stacked.vectors(shape))
        self._fix_vectors()
        self._optimiser = Optimiser(
            schedule.optimiser, torch.tensor([run.rate for run in runs], device=device), schedule.steps, schedule.decay
        )
        self.active = list(range(len(runs)))
        self.step = 0
        self._curves: list[list[Moment]] = [[] for _ in runs]
        self._ended: dict[int, Outcome] = {}
        self._seconds = [0.0] * len(runs)
        self._peak = 0

    def advance(self) -> None:
        """Take one step with every network, and evaluate all facts every `check_every` steps."""
        start, learning = time.perf_counter(), list(self.active)
        losses, gradients = self._gradients()
        finite = losses.isfinite()
        if not bool(finite.all()):
            self._finish_networks(~finite, diverged=True)
            losses, gradients = losses[finite], {name: gradient[finite] for name, gradient in gradients.items()}
        if self.active:
            self._update_weights(gradients)
        self.step += 1
        self._share_time(learning, time.perf_counter() - start)
        if self.active and self.step % self._schedule.check_every == 0:
            self._check(losses)

    def finish(self) -> list[Outcome]:
        """Evaluate what is left with its last weights."""
        if self.active:
            self._finish_networks(torch.ones(len(self.active), dtype=torch.bool, device=self._device))
        return [self._ended[at] for at in sorted(self._ended)]

    # -- a step ----------------------------------------------------------------------------------------------------

    def _gradients(self) -> tuple[Float[Tensor, " b"], dict[str, Tensor]]:
        """The losses of all networks, and their gradients by name."""
        weights = self._weights()
        chosen = self._stacked.choose_facts(self.step, self._schedule.batch)
        targets, share = self._stacked.targets_and_shares(chosen)
        stored = as_stored(weights, self._bits_in_training())
        x = self._stacked.sequences(stored["tokens"], Noise(Purpose.NOISE_OF_TRAINING, self.step), chosen)
        losses = (_loss(self._shape, self._outputs(stored, x), targets) * share).sum(dim=1)
        learned = {name: weight for name, weight in weights.items() if weight.requires_grad}
        gradients = torch.autograd.grad(losses.sum(), list(learned.values()), allow_unused=True)
        found = {name: one for name, one in zip(learned, gradients, strict=True) if one is not None}
        return losses.detach(), found

    def _outputs(self, weights: dict[str, Tensor], x: Float[Tensor, "b n t d"]) -> Float32[Tensor, "b n outputs"]:
        """The outputs of all networks. The first call also counts the bytes that a step keeps for its gradients."""
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._device == "cuda"):
            if self._peak:
                return self._forward(self._networks, weights, x).float()
            saved = _SavedBytes()
            with saved:
                y = run_networks(self._networks, weights, x).float()
            self._peak = saved.bytes // len(self.active)
            return y

    def _update_weights(self, gradients: dict[str, Tensor]) -> None:
        weights = self._weights()
        self._optimiser.step({name: weights[name].detach() for name in gradients}, gradients, self.step)

    def _bits_in_training(self) -> int | None:
        """Towards the end the weights are trained as they will be stored."""
        aware = self.step >= (1 - self._schedule.aware) * self._schedule.steps
        return self._schedule.weight_bits if aware else None

    def _weights(self) -> dict[str, Tensor]:
        return dict(self._networks.weights)

    def _fix_vectors(self) -> None:
        for name, weight in self._networks.weights.items():
            if name in FIXED and self._shape.embeddings == "frozen":
                weight.requires_grad_(False)

    def _share_time(self, networks: list[int], seconds: float) -> None:
        for at in networks:
            self._seconds[at] += seconds / len(networks)

    # -- checks and outcomes ---------------------------------------------------------------------------------------

    def _check(self, losses: Float[Tensor, " b"]) -> None:
        now = self._evaluate(None)
        for at, number in enumerate(self.active):
            counts = int(now.right[at].sum()), int(now.relation_only[at].sum())
            self._curves[number].append(Moment(self.step, float(losses[at]), *counts))
        gone = self._hopeless(now)
        if self._schedule.stop_early:
            gone |= self._done(now)
        if bool(gone.any()):
            self._finish_networks(gone)

    def _done(self, now: Evaluation) -> Bool[Tensor, " b"]:
        """Which networks hold every fact, with their margin, from weights as stored."""
        done = self._holds(now)
        if bool(done.any()) and self._schedule.weight_bits is not None:
            done &= self._holds(self._evaluate(self._schedule.weight_bits))
        return done

    def _holds(self, evaluation: Evaluation) -> Bool[Tensor, " b"]:
        right = (evaluation.right == self._stacked.present).all(dim=1)
        return right & (evaluation.least > self._schedule.margin)

    def _hopeless(self, now: Evaluation) -> Bool[Tensor, " b"]:
        """Which networks have too few facts right at 60 % of the steps to hold all of them at the end."""
        share = now.right.sum(dim=1) / self._stacked.present.sum(dim=1)
        return (share < self._schedule.give_up) & (self.step >= _GIVE_UP_AFTER * self._schedule.steps)

    def _evaluate(self, weight_bits: int | None) -> Evaluation:
        y = compute_outputs(self._networks, self._stacked, weight_bits=weight_bits)
        return evaluate(self._networks, self._stacked, y)

    def _finish_networks(self, gone: Bool[Tensor, " b"], *, diverged: bool = False) -> None:
        """Record the outcome of these networks and go on with the others."""
        right, stored = (
            self._evaluate(None).right.sum(dim=1),
            self._evaluate(self._schedule.weight_bits).right.sum(dim=1),
        )
        for at in torch.nonzero(gone)[:, 0].tolist():
            number = self.active[at]
            self._ended[number] = Outcome(
                facts=len(self._stacked.problems[at]),
                right=int(right[at]),
                stored_right=int(stored[at]),
                steps=self.step,
                seconds=self._seconds[number],
                diverged=diverged,
                peak_bytes=self._peak + self._own_bytes(),
                curve=self._curves[number],
                weights=self._arrays(at),
            )
        self._keep(torch.nonzero(~gone)[:, 0])

    def _keep(self, networks: Int64[Tensor, " kept"]) -> None:
        self.active = [self.active[at] for at in networks.tolist()]
        if not self.active:
            return
        kept = {name: weight.detach()[networks] for name, weight in self._networks.weights.items()}
        self._networks = Networks(self._shape, kept)
        self._fix_vectors()
        self._stacked.keep(networks)
        self._optimiser.keep(networks)

    def _arrays(self, at: int) -> Weights:
        return {name: weight[at].detach().cpu().numpy().copy() for name, weight in self._networks.weights.items()}

    def _own_bytes(self) -> int:
        """Weights and moments of one network."""
        tensors = [*self._networks.weights.values(), *self._optimiser.state.values()]
        return sum(tensor[0].numel() * tensor.element_size() for tensor in tensors)

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def save(self, kept: Checkpoint) -> None:
        tensors = {f"weight {name}": weight for name, weight in self._networks.weights.items()}
        tensors |= {f"moment {name}": moment for name, moment in self._optimiser.state.items()}
        kept.save(State(tensors, self.step, self.active, self._seconds, self._curves, self._ended))

    def resume(self, kept: Checkpoint) -> None:
        """Go on where a checkpoint ends, if there is one of these runs."""
        found = kept.load(self._device)
        if found is None:
            return
        self._keep(torch.tensor(found.active, device=self._device))
        self.active, self.step, self._seconds = found.active, found.step, found.seconds
        self._curves, self._ended = found.curves, found.ended
        for name, weight in self._networks.weights.items():
            weight.data = found.tensors[f"weight {name}"]
        self._optimiser.state = {
            name.removeprefix("moment "): moment for name, moment in found.tensors.items() if name.startswith("moment ")
        }


def _loss(shape: Shape, y: Float[Tensor, "b n outputs"], targets: Shaped[Tensor, "b n ..."]) -> Float[Tensor, "b n"]:
    """The loss of each fact: logistic over its code's bits, or the cross-entropy of its answer in nats."""
    if shape.readout == "codes":
        return torch.nn.functional.softplus(-y * targets).mean(dim=2)
    return torch.nn.functional.cross_entropy(y.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)


class _SavedBytes(torch.autograd.graph.saved_tensors_hooks):
    """Counts the bytes that a forward pass keeps for its gradients."""

    def __init__(self) -> None:
        self.bytes = 0
        self._seen: set[int] = set()
        super().__init__(self._count, lambda tensor: tensor)

    def _count(self, tensor: Tensor) -> Tensor:
        where = tensor.untyped_storage().data_ptr()
        if where not in self._seen:
            self._seen.add(where)
            self.bytes += tensor.untyped_storage().nbytes()
        return tensor
