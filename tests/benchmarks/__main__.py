"""Run all measurements except the GPU's, or those that are named.

python -m tests.benchmarks [dictionaries] [density] [disk] [engine] [digest] [unknowns] [forgetting] [http] [edits]
                           [edits_in_process] [kills] [gradient] [small_memory] [solvers] [reference] [start] [gpu]
                           [wide] [upload_memory] [crowd]
"""

import sys
from collections.abc import Callable, Sequence

from tests.benchmarks import (
    crowd,
    density,
    dictionaries,
    digest,
    disk,
    edits,
    engine,
    forgetting,
    gpu,
    gradient,
    http_edits,
    http_recall,
    killed_edits,
    reference,
    small_memory,
    solvers,
    start,
    unknowns,
    upload_memory,
    wide,
)

MEASURED: dict[str, Callable[[], None]] = {
    "dictionaries": dictionaries.main,
    "density": density.main,
    "disk": disk.main,
    "engine": engine.main,
    "digest": digest.main,
    "unknowns": unknowns.main,
    "forgetting": forgetting.main,
    "http": http_recall.main,
    "edits": http_edits.main,
    "edits_in_process": edits.main,
    "kills": killed_edits.main,
    "gradient": gradient.main,
    "small_memory": small_memory.main,
    "solvers": solvers.main,
    "reference": reference.main,
    "start": start.main,
    "wide": wide.main,
    "upload_memory": upload_memory.main,
    "crowd": crowd.main,
}


def main(names: Sequence[str]) -> None:
    known = MEASURED | {"gpu": gpu.main}
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.exit(f"no such measurement: {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names or MEASURED:
        print(f"== {name}", flush=True)
        known[name]()


main(sys.argv[1:])
