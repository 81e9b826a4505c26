"""The engine on CUDA beside the CPU: training and recall of a million facts, and whether both recall the same."""

import statistics
import sys
import time

import numpy as np
import torch

from service.memory import Memory, Recipe, fit
from service.memory.hashing import Keyring
from tests.benchmarks import million
from tests.benchmarks.engine import SECRET, to_facts


def main(subjects: int = 100_000) -> None:
    if not torch.cuda.is_available():
        sys.exit("no CUDA device: nothing was measured")
    print(torch.cuda.get_device_name())
    facts = to_facts(million.make_rows(subjects))
    for profile in ("fast", "compact"):
        memories = {}
        for device in ("cpu", "cuda"):
            started = time.perf_counter()
            memories[device] = fit(facts, Recipe(profile=profile), secret=SECRET, device=device)
            print(f"{profile} on {device}: trained and verified in {time.perf_counter() - started:.2f} s")
        beside = Memory(memories["cuda"].stored, Keyring(SECRET), "cpu")
        for size in (1, 10_000, 100_000):
            asked = list(facts.subjects[:size]), list(facts.relations[:size])
            for name, memory in (("cuda", memories["cuda"]), ("cpu", beside)):
                seconds = statistics.median(time_recall(memory, *asked) for _ in range(9))
                print(f"{profile} recall on {name}, batches of {size:,}: {size / seconds:,.0f} facts/s")
        one, other = (memory.recall(facts.subjects, facts.relations) for memory in (memories["cuda"], beside))
        same = one.answers == other.answers and np.array_equal(one.margins, other.margins)
        print(f"{profile}: one artefact, both devices: {'equal answers and margins' if same else 'DIFFERENT'}")


def time_recall(memory: Memory, subjects: list[str], relations: list[str]) -> float:
    started = time.perf_counter()
    memory.recall(subjects, relations)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
