import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from pilot.checks.target import CheckPlan
from pilot.cli import app
from pilot.client import FactStore
from pilot.embedded import ServiceAddress
from pilot.errors import ServiceFailed
from pilot.laboratory import ExperimentOutcome, ExperimentSetting, LaboratoryPlan, conduct_experiments
from pilot.laboratory.conduct import LEAST_SECONDS, SHARES
from pilot.report.write import write_report
from pilot.run import RunRequest, run
from schemas.experiments import ExperimentId
from schemas.report import Report
from tests.pilot import experimenting
from tests.running import Running

NOON = "2025-01-31T12:00:00Z"
EVERY = {experiment.id: experiment for experiment in experimenting.every()}
Reply = Callable[[ExperimentId], dict[str, object]]


def make_job(**stated: object) -> dict[str, object]:
    ended = {"memory": None, "result": None, "problem": None, "attempts": 1, "progress": 1.0, "step": "", "id": "j"}
    times = {"created_at": NOON, "started_at": NOON, "ended_at": NOON}
    return {"kind": "experiment", **ended, **times, **stated}


def make_succeeded_job(kind: ExperimentId) -> dict[str, object]:
    return make_job(state="succeeded", result=EVERY[kind].model_dump(mode="json"))


def make_failed_job(_: ExperimentId) -> dict[str, object]:
    problem = {"type": "about:blank", "title": "", "status": 500, "detail": "it broke", "code": "internal", "extra": {}}
    return make_job(state="failed", problem=problem)


NOW = 1000.0  # seconds: no time passes here


class ScriptedService:
    """A service whose jobs end at once as scripted, in place of the HTTP transport.

    `asked`: the requests; `cancelled`: the jobs.
    """

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[dict[str, object]] = []
        self.cancelled: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            self.cancelled.append(request.url.path.rsplit("/", 1)[-1])
            return httpx.Response(204)
        if request.method == "POST":
            self.asked.append(json.loads(request.content))
            return httpx.Response(202, json=make_job(state="queued", progress=0.0))
        return httpx.Response(200, json=self.reply(ExperimentId(str(self.asked[-1]["kind"]))))

    def conduct_experiments(self, laboratory: LaboratoryPlan) -> ExperimentOutcome:
        with FactStore("http://service", "k", transport=httpx.MockTransport(self)) as store:
            ends = NOW + laboratory.seconds
            bench = ExperimentSetting(store, "d", ends, seed=7, false_answers=1e-4, clock=lambda: NOW)
            return conduct_experiments(laboratory, bench, lambda *_: None)


def test_the_plan_gives_every_experiment_a_share_of_what_is_left() -> None:
    """The shares add up to all of the time, and what one experiment does not use is divided among those after it."""
    plan = dict(LaboratoryPlan().in_order_of_work())
    assert set(plan) == set(ExperimentId)
    left, given = 900.0, {}
    for kind, share in plan.items():
        given[kind] = share * left
        left -= share * left
    assert left == pytest.approx(0, abs=1e-9)
    parts = sum(SHARES.values())
    assert all(given[kind] == pytest.approx(900 * SHARES[kind] / parts) for kind in ExperimentId)
    assert dict(LaboratoryPlan((ExperimentId.HEADS,)).in_order_of_work()) == {ExperimentId.HEADS: 1.0}


def test_experiments_are_asked_for_one_by_one_and_reported_in_order() -> None:
    """Each request has its seconds, the seed and the recipe's share of false answers; unused time passes on."""
    service = ScriptedService(make_succeeded_job)
    found = service.conduct_experiments(LaboratoryPlan(seconds=140, facts=10**6, latency_ms=20))
    assert [experiment.id for experiment in found.experiments] == [*ExperimentId]
    assert found.left_out == []
    assert [ask["kind"] for ask in service.asked] == list(SHARES)
    assert all((ask["seed"], ask["false_answers"], ask["facts"]) == (7, 1e-4, 10**6) for ask in service.asked)
    seconds = [float(str(ask["seconds"])) for ask in service.asked]
    assert seconds[0] == pytest.approx(10)
    assert seconds[-1] == pytest.approx(140)  # nothing was used up before it


def test_an_experiment_is_made_also_when_the_minutes_are_used_up() -> None:
    """Training and checks may take all the time; each experiment still gets a few seconds."""
    service = ScriptedService(make_succeeded_job)
    assert len(service.conduct_experiments(LaboratoryPlan(seconds=-5)).experiments) == len(ExperimentId)
    assert {ask["seconds"] for ask in service.asked} == {LEAST_SECONDS}


def test_an_experiment_that_fails_does_not_lose_the_others() -> None:
    """A failed experiment is left out with the code and detail of its problem, and so is one that was cancelled."""

    def reply(kind: ExperimentId) -> dict[str, object]:
        ends = {ExperimentId.RANK: make_failed_job(kind), ExperimentId.DEPTH: make_job(state="cancelled")}
        return ends.get(kind, make_succeeded_job(kind))

    found = ScriptedService(reply).conduct_experiments(LaboratoryPlan())
    assert [(left.check, left.reason, left.detail) for left in found.left_out] == [
        ("rank", "internal", "it broke"),
        ("depth", "cancelled", None),
    ]
    assert len(found.experiments) == len(ExperimentId) - 2


def test_a_service_that_is_gone_ends_the_run() -> None:
    """A service that does not reply ends the run with exit code 3."""

    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("gone", request=request)

    with (
        FactStore("http://service", "k", transport=httpx.MockTransport(gone)) as store,
        pytest.raises(ServiceFailed) as raised,
    ):
        conduct_experiments(
            LaboratoryPlan(), ExperimentSetting(store, "d", NOW + 9, 0, 1e-6, lambda: NOW), lambda *_: None
        )
    assert raised.value.exit_code == 3


def test_an_interrupt_cancels_the_running_job() -> None:
    """Ctrl-C cancels the job at the service, so that it does not go on training."""

    def interrupted(_: ExperimentId) -> dict[str, object]:
        raise SystemExit(130)

    service = ScriptedService(interrupted)
    with pytest.raises(SystemExit):
        service.conduct_experiments(LaboratoryPlan())
    assert service.cancelled == ["j"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--experiments", "rank,speed"], "speed"),
        (["--experiments", ""], "is empty"),
        (["--experiments", " , "], "capacity"),
        (["--minutes", "0"], "minutes"),
        (["--minutes", "nan"], "minutes"),
        (["--facts", "0"], "facts"),
        (["--core-hour", "-1"], "core-hour"),
        (["--memory", "m"], "--url"),
        (["--mode", "sideways"], "sideways"),
    ],
)
def test_unusable_options_are_exit_2(tmp_path: Path, words: list[str], message: str) -> None:
    """Nothing is started, and an unknown experiment brings the list of the known ones."""
    file = tmp_path / "facts.csv"
    file.write_text("subject,relation,answer\na,r,x\n", encoding="utf-8")
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["laboratory", str(file), *words])
    assert done.exit_code == 2
    assert message in done.output
    if "--experiments" in words:
        assert all(name in done.output for name in ExperimentId)


def test_the_laboratory_takes_every_option_of_run() -> None:
    """Every option of run is an option of laboratory, which has more."""
    helped = {
        name: CliRunner(env={"COLUMNS": "300"}).invoke(app, [name, "--help"]).output for name in ("run", "laboratory")
    }
    options = {name: {word for word in text.split() if word.startswith("--")} for name, text in helped.items()}
    assert options["run"] < options["laboratory"]
    assert {"--experiments", "--minutes", "--facts", "--latency-ms", "--core-hour", "--gpu-hour"} <= options[
        "laboratory"
    ]


def test_the_page_of_the_laboratory_tells_the_plan() -> None:
    """docs/laboratory.md lists the experiments in the report's order, each with its parts of the time."""
    text = (Path(__file__).parents[2] / "docs" / "laboratory.md").read_text("utf-8")
    rows = re.findall(r"\[(\w+)\]\(laboratory/\w+\.md\) \| (\d+) \|", text)
    assert rows == [(kind, str(SHARES[kind])) for kind in ExperimentId]


def test_a_real_service_makes_a_real_experiment(service: Running, tmp_path: Path) -> None:
    """The rank of a small table, requested over HTTP, is in all three files; the checks that change facts are not."""
    file = tmp_path / "facts.csv"
    rows = (f"s{n},{relation},{n % 3}{relation}" for n in range(6) for relation in "ab")
    file.write_text("\n".join(["subject,relation,answer", *rows]), encoding="utf-8")
    request = RunRequest(
        file=file,
        command="",
        address=ServiceAddress(service.url, service.key),
        plan=CheckPlan(probes=100, noisy=10, singles=50, batches=1, members=20, strangers=2, changes=False),
        laboratory=LaboratoryPlan((ExperimentId.RANK,), seconds=1),
    )
    report = run(request, lambda *_: None)
    page = write_report(report, tmp_path / "out", "ja").read_text("utf-8")
    (made,) = Report.model_validate_json((tmp_path / "out" / "report.json").read_text("utf-8")).experiments
    assert made.id is ExperimentId.RANK
    assert made.facts == 12
    assert made.finding not in page  # it is said in Japanese
    assert '<article id="rank">' in page
    assert [left.check for left in report.left_out if left.reason == "not_wanted"] == [
        "retention",
        "deletion",
        "rollback",
    ]
