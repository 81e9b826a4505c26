"""A million facts as a long CSV, a wide CSV and a wide workbook of 50,000 rows and 20 columns: from upload to served.

Bar: the workbook in at most 1.5 times the long CSV's time. The memories are of the same facts in the same dictionary,
so all have one digest.

    python -m tests.benchmarks wide
"""

import csv
import random
import statistics
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import httpx

from tests.running import running_service, wait

SUBJECTS, RELATIONS, ROUNDS = 50_000, 20, 3
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
Grid = list[list[str]]


def main() -> None:
    grid = list(make_grid())
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("long.csv", "wide.csv", "wide.xlsx")}
        write_csv(files["wide.csv"], grid)
        long = ([row[0], name, cell] for row in grid[1:] for name, cell in zip(grid[0][1:], row[1:], strict=True))
        write_csv(files["long.csv"], [["subject", "relation", "answer"], *long])
        write_workbook(files["wide.xlsx"], grid)
        with running_service(Path(folder) / "data") as service, service.client() as api:
            api.timeout = httpx.Timeout(600)
            dictionary = api.post("/v1/dictionaries", json={"name": "wide or long"}).json()["id"]
            serve(api, dictionary, files["long.csv"])  # not counted: the first training loads PyTorch
            taken: dict[str, list[float]] = {name: [] for name in files}
            digests = set[str]()
            for _ in range(ROUNDS):
                for name, path in files.items():
                    seconds, digest = serve(api, dictionary, path)
                    taken[name].append(seconds)
                    digests.add(digest)
    assert len(digests) == 1, "the memories differ"
    base = statistics.median(taken["long.csv"])
    for name, found in taken.items():
        middle = statistics.median(found)
        span = f"{min(found):.1f} to {max(found):.1f}"
        print(f"{name:<10} {middle:6.1f} s ({span}), {middle / base:.2f} of the long CSV")


def make_grid() -> Iterator[list[str]]:
    draw = random.Random(1)
    yield ["part", *(f"attribute {at}" for at in range(RELATIONS))]
    for subject in range(SUBJECTS):
        cells = (f"value {draw.randrange(6 if at % 2 else 20_000)}" for at in range(RELATIONS))
        yield [f"PART-{subject:06}", *cells]


def write_csv(path: Path, grid: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(grid)


def write_workbook(path: Path, grid: Grid) -> None:
    """Write a workbook as Excel does: cells with addresses, and shared texts."""
    texts: dict[str, int] = {}
    columns = [chr(ord("A") + at) for at in range(len(grid[0]))]
    rows = [
        f'<row r="{line}">'
        + "".join(
            f'<c r="{column}{line}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'
            for column, cell in zip(columns, row, strict=True)
        )
        + "</row>"
        for line, row in enumerate(grid, start=1)
    ]
    links = [("officeDocument", "xl/workbook.xml"), ("worksheet", "sheet.xml"), ("sharedStrings", "texts.xml")]
    sheet = '<sheet name="x" r:id="r0"/>'
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": _link(links[:1]),
        "xl/_rels/workbook.xml.rels": _link(links[1:]),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets>{sheet}</sheets></workbook>',
        "xl/sheet.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>',
        "xl/texts.xml": f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{escape(text)}</t></si>" for text in texts)}</sst>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _link(links: Sequence[tuple[str, str]]) -> str:
    made = "".join(
        f'<Relationship Id="r{at}" Type="{LINKS}/{kind}" Target="{target}"/>' for at, (kind, target) in enumerate(links)
    )
    return f'<Relationships xmlns="{PACKAGE}">{made}</Relationships>'


def serve(api: httpx.Client, dictionary: str, path: Path) -> tuple[float, str]:
    """Upload a file in place of all facts, train and recall one; the seconds that took, and the memory's digest."""
    root = f"/v1/dictionaries/{dictionary}"
    query = {"mode": "replace"} | ({"layout": "wide", "subject": "part"} if path.stem == "wide" else {})
    kind = {"content-type": XLSX if path.suffix == ".xlsx" else "text/csv"}
    content, started = path.read_bytes(), time.perf_counter()
    receipt = api.post(f"{root}/uploads", params=query, content=content, headers=kind).raise_for_status().json()
    assert receipt["accepted"] == SUBJECTS * RELATIONS
    job = wait(api, api.post(f"{root}/memories").json()["id"], 600)
    asked = {"subject": "PART-000007", "relation": "attribute 3"}
    assert api.post(f"{root}/recall", json=asked).json()["status"] == "answered"
    return time.perf_counter() - started, api.get(f"/v1/memories/{job['memory']}").json()["digest"]


if __name__ == "__main__":
    main()
