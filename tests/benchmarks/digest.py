"""The same million facts in another order and with another number of threads: the same digest."""

import os
import random

from service.memory import Recipe, devices, fit
from tests.benchmarks import million
from tests.benchmarks.engine import SECRET, to_facts


def main(subjects: int = 100_000) -> None:
    table = million.make_rows(subjects)
    shuffled = random.Random(3).sample(table, len(table))
    for profile in ("fast", "compact"):
        digests = {}
        for name, rows, threads in (("in order", table, 2), ("shuffled", shuffled, 2), ("one thread", table, 1)):
            os.environ[devices.THREADS] = str(threads)
            digests[name] = fit(to_facts(rows), Recipe(profile=profile), secret=SECRET).digest
        same = "equal" if len(set(digests.values())) == 1 else "DIFFERENT"
        print(f"{profile}: {', '.join(f'{name} {digest[:12]}' for name, digest in digests.items())}: {same}")
    os.environ.pop(devices.THREADS)


if __name__ == "__main__":
    main()
