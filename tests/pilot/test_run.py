import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from pilot.checks.target import CheckPlan
from pilot.client import FactStore
from pilot.embedded import ServiceAddress, embedded_service
from pilot.errors import NotHeld, ServiceFailed, UnusableInput
from pilot.run import RunRequest, run
from schemas.checks import CheckId, Verdict
from schemas.report import Report
from tests.running import Running

HEADER = "subject,relation,answer\n"
QUICK = CheckPlan(probes=300, noisy=20, singles=100, batches=1, members=50, strangers=5)
PARTS = HEADER + "".join(
    f"部品-{n:03d},{relation},{n % 3}{relation}\n" for n in range(20) for relation in ("色", "材質")
)


def pilot(*words: str | Path, key: str | None = None) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | ({} if key is None else {"FACTSTORE_API_KEY": key})
    command = [sys.executable, "-m", "pilot", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=200)


def write(folder: Path, content: str, name: str = "facts.csv") -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


def counts(report: Report, check: CheckId) -> tuple[int, int, int]:
    found = next(held for held in report.checks if held.id is check)
    return found.right, found.wrong, found.abstained


def test_a_table_goes_in_and_a_report_comes_out(service: Running, tmp_path: Path) -> None:
    """With --url, a run exits with 0 and writes three files, with all pairs and questions right and the file's name."""
    file = write(tmp_path, PARTS, "得意先 マスタ（最終版）.csv")
    questions = write(
        tmp_path, "question,subject,relation,answer\n部品-001の色は？,部品-001,色,1色\n部品-999の色は？,,,\n", "q.csv"
    )
    out = tmp_path / "out"
    done = pilot(
        *(
            "run",
            file,
            "--url",
            service.url,
            "--questions",
            questions,
            "--lang",
            "ja",
            "--out",
            out,
            "--probes",
            "500",
            "--timed",
            "100",
        ),
        key=service.key,
    )
    assert done.returncode == 0, done.stderr
    assert str(out / "report.html") in done.stdout
    document = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert document["verdict"] == "pass"
    assert document["coverage"] == {"taught": 40, "rows": 40, "answered": 40, "asked": 40}
    assert document["dictionary"]["file"] == file.name
    assert document["dictionary"]["differences"] == []
    assert [check["id"] for check in document["checks"]] == [*CheckId]
    assert all(check["passed"] for check in document["checks"])
    assert document["left_out"] == []
    with FactStore(service.url, service.key) as store:
        assert not [held for held in store.list_dictionaries() if held.name.startswith("pilot scratch")]
    assert service.key not in (out / "report.json").read_text(encoding="utf-8")
    assert (out / "report.junit.xml").exists()


def test_a_missed_gate_is_exit_1(service: Running, tmp_path: Path) -> None:
    """A limit that the sample cannot decide ends the run with 1, and the report is still written."""
    gate = write(tmp_path, "maximum_false_answers = 1e-6\n", "GATE.toml")
    file = write(tmp_path, HEADER + "a,r,x\n")
    done = pilot(
        *(
            "run",
            file,
            "--url",
            service.url,
            "--gate",
            gate,
            "--out",
            tmp_path / "out",
            "--probes",
            "50",
            "--timed",
            "100",
        ),
        key=service.key,
    )
    assert done.returncode == 1, done.stderr
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["verdict"] == "not_decisive"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (HEADER, "no_usable_row"),
        ("", "empty_file"),
        ("a,b,c\n1,2,3\n", "header_unclear"),
        ("{}[", "unsupported_media_type"),
    ],
)
def test_an_unusable_file_is_exit_2_with_the_service_s_code(
    service: Running, api: httpx.Client, tmp_path: Path, content: str, code: str
) -> None:
    """The code and detail of the service's problem are printed without a traceback, and no dictionary stays behind."""
    before = api.get("/v1/dictionaries").json()
    done = pilot("run", write(tmp_path, content), "--url", service.url, key=service.key)
    assert done.returncode == 2
    assert code in done.stderr
    assert "Traceback" not in done.stderr
    assert api.get("/v1/dictionaries").json() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--url", "http://127.0.0.1:9"], "--api-key"),
        (["--url", "http://127.0.0.1:9", "--api-key", "secret\nkey"], "printable ASCII"),
        (["--gate", "broken.toml"], "gate"),
        (["--recipe", "broken.toml"], "recipe"),
        (["--questions", "facts.csv"], "questions"),
        (["--memory", "m"], "--url"),
        (["--mode", "sideways"], "sideways"),
        (["--gate", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_unusable_arguments_are_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    """Arguments and small files are read before anything is started."""
    write(tmp_path, PARTS)
    write(tmp_path, "minimum_recal = 1", "broken.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.delenv("FACTSTORE_API_KEY", raising=False)
    done = pilot("run", "facts.csv", *words)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "secret" not in done.stdout + done.stderr


def test_a_service_that_is_not_there_is_exit_3(tmp_path: Path) -> None:
    """A service that does not reply is a failure of the service, not of the caller."""
    done = pilot("run", write(tmp_path, PARTS), "--url", "http://127.0.0.1:9", "--api-key", "k" * 40)
    assert done.returncode == 3


def test_the_pilot_judges_by_the_file_not_by_the_ledger(service: Running, tmp_path: Path) -> None:
    """A memory that differs from the file is wrong: a changed and a missing fact are listed with their lines."""
    with FactStore(service.url, service.key) as store:
        dictionary = store.create_dictionary(f"judged {tmp_path.name}")
        store.upload(
            dictionary.id, (HEADER + "a,r,1\nb,r,2\nc,r,3\nd,r,4\n").encode(), RunRequest(tmp_path, "").options
        )
        memory = store.wait(store.train(dictionary.id).id).memory
    request = RunRequest(
        file=write(tmp_path, HEADER + "a,r,1\nb,r,two\nx,r,9\n"),
        command="",
        address=ServiceAddress(service.url, service.key),
        dictionary=dictionary.name,
        memory=memory,
        plan=QUICK,
    )
    report = run(request, lambda *_: None)
    assert report.verdict is Verdict.FAIL
    assert counts(report, CheckId.RECALL) == (1, 1, 1)
    failing = report.checks[0].failing
    assert [(each.subject, each.expected, each.answers, each.line) for each in failing] == [
        ("b", ["two"], ["2"], 3),
        ("x", ["9"], [], 4),
    ]
    assert counts(report, CheckId.UNKNOWN)[1] == 0  # the memory is right to know c and d


@pytest.mark.parametrize(
    "content",
    [
        "a,r,x\n",
        "".join(f"{chr(97 + n)},r,same\n" for n in range(26)) + "ＡＢ,r,1\nAB,r,2\nab,r,3\nか\u3099,r,4\nが,r,5\n",
    ],
    ids=["one fact", "one letter, one answer, spellings"],
)
def test_any_table_makes_a_report(service: Running, tmp_path: Path, content: str) -> None:
    """Tables of one fact, of one-letter names, of equal answers, and of names alike but for spelling have reports."""
    address = ServiceAddress(service.url, service.key)
    request = RunRequest(file=write(tmp_path, HEADER + content), command="", address=address, plan=QUICK)
    report = run(request, lambda *_: None)
    assert counts(report, CheckId.RECALL) == (report.dictionary.pairs, 0, 0)
    assert counts(report, CheckId.UNKNOWN)[1] == 0
    assert counts(report, CheckId.RETENTION) == (report.dictionary.pairs, 0, 0)
    assert counts(report, CheckId.ROLLBACK)[1:] == (0, 0)
    spared = [left.check for left in report.left_out if left.reason == "too_few_pairs"]
    assert spared == ([CheckId.DELETION] if report.dictionary.pairs == 1 else [])


def test_facts_that_a_recipe_cannot_hold_are_exit_1(service: Running, tmp_path: Path) -> None:
    """A network too small for the table ends the run with 1, since neither the input nor the service is at fault."""
    recipe = {"rows": "attention", "heads": 4, "d_head_vo": 8, "d_model": 32, "block_facts": 128}
    many = "".join(f"s{n},r,{n * 7919 % 2999}\n" for n in range(3000))
    request = RunRequest(
        file=write(tmp_path, HEADER + many),
        command="",
        address=ServiceAddress(service.url, service.key),
        recipe=write(tmp_path, json.dumps(recipe), "recipe.json"),
        plan=QUICK,
    )
    with pytest.raises(NotHeld, match="facts are in blocks") as held:
        run(request, lambda *_: None)
    assert held.value.exit_code == 1


def test_a_resolved_recipe_judges_the_dictionary_it_was_resolved_for(service: Running, tmp_path: Path) -> None:
    """The reported memory has the digest of the one that the recipe is from. A scratch copy, which has another secret,
    uses only the choices in it. Without the dictionary, or with a field missing, the recipe is unusable input.
    """
    with FactStore(service.url, service.key) as store:
        dictionary = store.create_dictionary(f"resolved {tmp_path.name}")
        store.upload(dictionary.id, PARTS.encode(), RunRequest(tmp_path, "").options)
        first = store.get_memory(store.train_and_wait(dictionary.id, {"profile": "compact"}))
    recipe = write(tmp_path, json.dumps(first.recipe), "recipe.json")
    request = RunRequest(
        file=write(tmp_path, PARTS),
        command="",
        address=ServiceAddress(service.url, service.key),
        dictionary=dictionary.name,
        recipe=recipe,
        plan=QUICK,
    )
    report = run(request, lambda *_: None)
    assert (report.memory.digest, report.memory.recipe) == (first.digest, first.recipe)
    assert CheckId.RETENTION in {check.id for check in report.checks}
    for unusable in (replace(request, dictionary=None), replace(request, address=None)):
        with pytest.raises(UnusableInput, match="--dictionary"):
            run(unusable, lambda *_: None)
    write(tmp_path, json.dumps({**first.recipe, "k": None, "load": 1} | {"extra": 1}), "recipe.json")
    with pytest.raises(UnusableInput, match=r"k: .*extra: "):
        run(request, lambda *_: None)
    write(tmp_path, json.dumps({name: first.recipe[name] for name in first.recipe if name != "k"}), "recipe.json")
    with pytest.raises(UnusableInput, match="half of a resolved recipe: k is missing"):
        run(request, lambda *_: None)


def test_priority_facts_have_a_line_of_their_own(service: Running, tmp_path: Path) -> None:
    """Priority facts are also counted separately, before and after a change; --no-changes is named as the reason."""
    request = RunRequest(
        file=write(tmp_path, PARTS),
        command="",
        address=ServiceAddress(service.url, service.key),
        gate=write(tmp_path, '[priority]\nrelations = ["色"]\n', "GATE.toml"),
        plan=QUICK,
    )
    report = run(request, lambda *_: None)
    lines = [(limit.check, limit.k, limit.n) for limit in report.gate if limit.name == "minimum_priority"]
    assert lines == [(CheckId.RECALL, 20, 20), (CheckId.RETENTION, 20, 20)]
    still = run(replace(request, plan=replace(QUICK, changes=False)), lambda *_: None)
    left_out = [left.check for left in still.left_out if left.reason == "not_wanted"]
    assert left_out == [CheckId.RETENTION, CheckId.DELETION, CheckId.ROLLBACK]
    assert still.verdict is report.verdict


def test_the_embedded_service_goes_with_its_run() -> None:
    """The embedded service answers during the run and has stopped after it, even if the run is interrupted."""
    with pytest.raises(KeyboardInterrupt), embedded_service() as own:  # noqa: PT012
        with FactStore(own.url, own.api_key) as store:
            assert store.list_dictionaries() == []
        raise KeyboardInterrupt
    assert urlsplit(own.url).port
    with FactStore(own.url, own.api_key) as store, pytest.raises(ServiceFailed):
        store.list_dictionaries()
