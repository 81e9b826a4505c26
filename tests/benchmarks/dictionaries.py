"""Every pair of every dictionary, over HTTP, before and after a restart of the service; in both profiles.

Bar: 100 % right, 0 wrong, 0 abstained.

    python -m tests.benchmarks.dictionaries [FOLDER ...]
"""

import csv
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx

from tests.running import fresh_dictionary, running_service, train

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "sample_dictionaries", ROOT / "tests" / "data" / "dictionaries")
HEADER = ["subject", "relation", "answer"]
BATCH = 10_000
Pairs = dict[tuple[str, str], set[str]]


def main(folders: Sequence[Path] = FOLDERS) -> None:
    tables = {path: pairs for folder in folders for path in sorted(folder.glob("*.csv")) if (pairs := read(path))}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        with running_service(data) as service, service.client() as api:
            held = {path: teach(api, path) for path in tables}
            before = {path: count(api, held[path], pairs) for path, pairs in tables.items()}
        with running_service(data, service.key) as service, service.client() as api:
            after = {path: count(api, held[path], pairs) for path, pairs in tables.items()}
    for path, pairs in tables.items():
        same = "the same after a restart" if before[path] == after[path] else f"after a restart {dict(after[path])}"
        print(f"{path.name}: {len(pairs):,} pairs, fast and compact: {dict(before[path])}, {same}")


def read(path: Path) -> Pairs:
    """Each pair's answers; nothing for a file of another shape."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except UnicodeDecodeError:
        return {}
    pairs: Pairs = {}
    for subject, relation, answer in rows[1:] if rows and rows[0] == HEADER else ():
        pairs.setdefault((subject.strip(), relation.strip()), set()).add(answer)
    return pairs


def teach(api: httpx.Client, path: Path) -> str:
    """The dictionary, with its champion trained by `fast` and an alias `small` by `compact`."""
    dictionary = fresh_dictionary(api, path.read_text("utf-8"), on_conflict="many")
    assert train(api, dictionary, recipe=None)["state"] == "succeeded"
    assert train(api, dictionary, recipe={"profile": "compact"}, publish="small")["state"] == "succeeded"
    return dictionary


def count(api: httpx.Client, dictionary: str, pairs: Pairs) -> Counter[str]:
    counts: Counter[str] = Counter(right=0, wrong=0, abstained=0)
    asked = list(pairs)
    for alias in ("champion", "small"):
        for start in range(0, len(asked), BATCH):
            part = asked[start : start + BATCH]
            body = {"subjects": [s for s, _ in part], "relations": [r for _, r in part], "alias": alias}
            reply = api.post(f"/v1/dictionaries/{dictionary}/recall:batch", json=body).json()
            for pair, answers in zip(part, reply["answers"], strict=True):
                counts["right" if set(answers) == pairs[pair] else "wrong" if answers else "abstained"] += 1
    return counts


if __name__ == "__main__":
    main(list(map(Path, sys.argv[1:])) or FOLDERS)
