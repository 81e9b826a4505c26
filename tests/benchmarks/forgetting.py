"""Forgetting: 20 edits of 2,000 facts, by fine-tuning a memory that was trained by gradient, and by the kit.

The gradient recipe is the papers': one attention layer and one MLP read at the last token, soft-max over the answers,
every weight trained end to end by AdamW, the learning rate decayed to 0. Once it holds every fact, 20 facts get other
answers, and it is fine-tuned on these until it holds all 20 (or 400 steps are over).

Bar: the kit holds every edit and loses 0 of the others; the recipe, measured beside it, loses 10 to 82 %.
"""

import random
import time
from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from service.memory import Changes, Editor, Facts, Recipe, fit

SUBJECTS, RELATIONS, ANSWERS, EDITS = 200, 10, 500, 20
EPOCHS, BATCH, RATE, FINE_STEPS = 50, 250, 1e-2, 400
FINE_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
SECRET = bytes(range(32))
Table = list[tuple[int, int, int]]
"""Subject, relation and answer, by number."""


class Layer(nn.Module):
    """Tokens [subject, relation, end] of width 64 -> 4 heads, residual -> MLP of 128, residual -> logits of answers."""

    def __init__(self, width: int = 64, heads: int = 4, hidden: int = 128) -> None:
        super().__init__()
        self.tokens = nn.Embedding(SUBJECTS + RELATIONS + 1, width)
        nn.init.normal_(self.tokens.weight, std=0.2)  # wider, and soft-max locks on one token before it has learned
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.answers = nn.Linear(width, ANSWERS)

    def forward(self, asked: Tensor) -> Tensor:
        """(n, 2) numbers of subject and relation -> (n, answers)."""
        end = torch.full((len(asked), 1), SUBJECTS + RELATIONS)
        x = self.tokens(torch.cat([asked + torch.tensor([0, SUBJECTS]), end], dim=1))
        last = x[:, -1:]
        read = last + self.attention(last, x, x, need_weights=False)[0]
        logits: Tensor = self.answers((read + self.mlp(read))[:, 0])
        return logits


def main() -> None:
    table = draw_facts()
    edited = draw_edits(table)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    start = time.perf_counter()
    layer, right = train(table)
    weights = sum(weight.numel() for weight in layer.parameters())
    seconds = time.perf_counter() - start
    print(f"gradient recipe: {right} of {len(table)} facts held after {seconds:.1f} s, {weights:,} weights", flush=True)
    others = [fact for fact in table if fact[:2] not in {edit[:2] for edit in edited}]
    for rate in FINE_RATES:
        print(f"fine-tuned at {rate:.0e}: {fine_tune(deepcopy(layer), rate, edited, others)}", flush=True)
    print(f"the kit: {edit_with_kit(table, edited, others)}", flush=True)


def draw_facts() -> Table:
    draw = random.Random(0)
    return [(s, r, draw.randrange(ANSWERS)) for s in range(SUBJECTS) for r in range(RELATIONS)]


def draw_edits(table: Table) -> Table:
    draw = random.Random(1)
    return [(s, r, (answer + draw.randrange(1, ANSWERS)) % ANSWERS) for s, r, answer in draw.sample(table, EDITS)]


def train(table: Table) -> tuple[Layer, int]:
    """The layer, and how many facts it holds at the end."""
    layer = Layer()
    asked, answers = to_tensors(table)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=RATE, weight_decay=0.0)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    for _ in range(EPOCHS):
        for part in torch.split(torch.randperm(len(table)), BATCH):
            step(layer, optimiser, asked[part], answers[part])
        decay.step()
    return layer, count_held(layer, table)


def fine_tune(layer: Layer, rate: float, edited: Table, others: Table) -> str:
    """Only the edits are shown; it stops as soon as all of them are held."""
    asked, answers = to_tensors(edited)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=rate, weight_decay=0.0)
    steps = 0
    while count_held(layer, edited) < len(edited) and steps < FINE_STEPS:
        step(layer, optimiser, asked, answers)
        steps += 1
    lost = len(others) - count_held(layer, others)
    return (
        f"{count_held(layer, edited)} of {len(edited)} edits held after {steps} steps, "
        f"{lost} of {len(others)} others lost ({lost / len(others):.0%})"
    )


def step(layer: Layer, optimiser: torch.optim.Optimizer, asked: Tensor, answers: Tensor) -> None:
    optimiser.zero_grad()
    nn.functional.cross_entropy(layer(asked), answers).backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def to_tensors(table: Table) -> tuple[Tensor, Tensor]:
    asked = torch.tensor([fact[:2] for fact in table])
    return asked, torch.tensor([fact[2] for fact in table])


def count_held(layer: Layer, table: Table) -> int:
    asked, answers = to_tensors(table)
    with torch.no_grad():
        return int((layer(asked).argmax(dim=1) == answers).sum())


def edit_with_kit(table: Table, edited: Table, others: Table) -> str:
    memory = fit(name_facts(table), Recipe(), secret=SECRET)
    editor = Editor.of(memory, name_facts(table))
    start = time.perf_counter()
    for edit in edited:
        editor.accept(editor.stage(Changes(upsert=name_facts([edit]), delete=[])))
    milliseconds = 1000 * (time.perf_counter() - start) / len(edited)
    right, kept = count_recalled(editor, edited), count_recalled(editor, others)
    return (
        f"{right} of {len(edited)} edits held, {milliseconds:.1f} ms each, "
        f"{len(others) - kept} of {len(others)} others lost"
    )


def count_recalled(editor: Editor, table: Table) -> int:
    wanted = name_facts(table)
    answers = editor.memory.recall(wanted.subjects, wanted.relations).answers
    return sum(got == (answer,) for got, answer in zip(answers, wanted.answers, strict=True))


def name_facts(table: Sequence[tuple[int, int, int]]) -> Facts:
    subjects, relations, answers = zip(*table, strict=True)
    return Facts([f"s{s}" for s in subjects], [f"r{r}" for r in relations], [f"answer {a}" for a in answers])


if __name__ == "__main__":
    main()
