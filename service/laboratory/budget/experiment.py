"""What a memory of so many facts costs: parts of the dictionary are trained and queried, larger memories are estimated
from them, and a plan leads there in three stages.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from schemas.experiments import Experiment, Statement, Task
from service.laboratory.bench import Bench, Inputs
from service.laboratory.budget.forecast import FORECAST, HOURS, NIGHTS, Forecast, Quantity
from service.laboratory.budget.trials import PROFILES, Cost, CostTrials, Profile, read_cost
from service.laboratory.document import Findings, chart, estimate, measurement, point, row, served_bound
from service.laboratory.statements import statement
from service.laboratory.synthetic import to_facts
from service.memory import Facts

NIGHT = 8 * 3600.0
"""The most seconds that a training may take."""
STAGES = (("small", 100, 1e-3), ("department", 10, 1e-4), ("company", 1, 0.0))
"""By stage: what the number of facts is divided by, and the largest rate of false answers that its gate lets pass,
unless the request allows more.
"""
FAR = 10
"""An estimate for more than this many times the facts of the largest memory trained decides nothing."""
RULE_OF_THREE = 3
"""Where the rate is p, the chance of seeing none in 3 / p probes is 5 %."""
Costs = dict[Profile, list[Cost]]


def budget(inputs: Inputs, bench: Bench) -> Experiment:
    """Measure sizes from the smallest up, while there is time for the next; then forecast and plan."""
    findings = Findings()
    facts = _facts(inputs)
    if not len(facts):
        findings.finding.append(statement("budget_no_facts"))
        findings.recommendation.append(statement("budget_recommends_nothing"))
        return findings.to_document(inputs, bench)
    costs = _measure(facts, inputs, bench, findings)
    study = _Study(inputs, bench.device, inputs.request.facts or len(facts), costs)
    study.draw(findings)
    study.tabulate(findings)
    study.judge(findings)
    if bench.device == "cpu":
        findings.left_out.append(statement("budget_no_gpu"))
    return findings.to_document(inputs, bench)


def _facts(inputs: Inputs) -> Facts:
    """The dictionary's facts, or those of the synthetic task where only that was requested."""
    if Task.DICTIONARY in inputs.tables or Task.SYNTHETIC not in inputs.tables:
        return inputs.facts
    return to_facts(inputs.tables[Task.SYNTHETIC])


def _measure(facts: Facts, inputs: Inputs, bench: Bench, findings: Findings) -> Costs:
    """Train one memory after the other, so that what is timed has the cores to itself."""
    table = inputs.tables.get(Task.DICTIONARY) or inputs.tables[Task.SYNTHETIC]
    trials = CostTrials(facts, table.digest, inputs.request.false_answers, bench.device, inputs.request.seed)
    costs: Costs = {profile: [] for profile in PROFILES}
    for size, following in zip(trials.sizes, [*trials.sizes[1:], None], strict=True):
        start = bench.elapsed()
        for profile in PROFILES:
            cost = read_cost(bench.run(trials.trial(size, profile)))
            costs[profile] += [cost] if cost else []
        if following and bench.left() < 1.2 * (bench.elapsed() - start) * following / size:
            findings.left_out.append(statement("budget_sizes_left_out", largest=size, next=following))
            break
    return costs


@dataclass(frozen=True)
class _Study:
    """What was measured, and for how many facts the cost is wanted."""

    inputs: Inputs
    device: str
    wanted: int
    costs: Costs

    @cached_property
    def forecasts(self) -> dict[Profile, Forecast]:
        return {profile: Forecast(costs) for profile, costs in self.costs.items() if costs}

    @property
    def smaller(self) -> Profile:
        """The profile with fewer bytes of weights; of two alike, `fast`, which trains faster."""
        fast, compact = (self.forecasts[profile].at("bytes", self.wanted)[0] for profile in PROFILES)
        return "compact" if compact < fast else "fast"

    @property
    def recommended(self) -> Profile | None:
        """The smaller of the profiles that are trained within a night even at the upper end of their interval."""
        choices = sorted(PROFILES, key=lambda profile: profile != self.smaller)
        fits = (profile for profile in choices if self.forecasts[profile].most("seconds", self.wanted) <= NIGHT)
        return next(fits, None)

    def draw(self, findings: Findings) -> None:
        """Draw bytes, time and latency by facts, with estimates and their intervals beyond what was trained."""
        charts = {"bytes": "bytes", "seconds": "seconds", "single_p99_ms": "milliseconds"}
        for drawn, quantity in charts.items():
            findings.charts.append(chart(drawn, ("facts", "log"), (quantity, "log")))
            for profile, costs in self.costs.items():
                points = [point(cost.facts, getattr(cost, drawn)) for cost in costs]
                findings.series.append(measurement(profile, drawn, points))
        drawn_beyond: tuple[Quantity, ...] = ("bytes", "seconds")
        for profile, forecast in self.forecasts.items():
            beyond = [self.wanted * times for times in FORECAST if self.wanted * times > forecast.largest.facts]
            for quantity in drawn_beyond if beyond else ():
                points = [point(facts, *forecast.at(quantity, facts)) for facts in beyond]
                findings.series.append(estimate(f"{profile}_estimate", quantity, points))

    def tabulate(self, findings: Findings) -> None:
        """Add rows: what was measured, what is expected, its monthly cost and the assumptions of that, and the plan."""
        for profile, costs in self.costs.items():
            findings.rows += [row(profile, None, kind="measured", **cost.figures) for cost in costs]
        for profile, forecast in self.forecasts.items():
            for times in FORECAST:
                expected = forecast.expected(self.wanted * times, self.inputs.request, self.device)
                findings.rows.append(row(f"{profile}_{times}x", None, **expected))
        request = self.inputs.request
        prices = {"core_hour": request.core_hour, "gpu_hour": None if self.device == "cpu" else request.gpu_hour}
        monthly = {"trainings_per_month": NIGHTS, "serving_hours": HOURS, "serving_cores": 1}
        findings.rows.append(row("assumptions", None, **monthly, **prices, latency_ms=request.latency_ms))
        for stage, share, rate in STAGES:
            gate = max(rate, request.false_answers)
            limits = {"minimum_recall": 1.0, "maximum_false_answers": gate, "minimum_sample": _sample(gate)}
            findings.rows.append(row(f"stage_{stage}", None, kind="plan", facts=self._stage(share), **limits))

    def judge(self, findings: Findings) -> None:
        """Recommend the smaller memory whose training fits into a night. That is decisive from three sizes of each
        profile on, for at most FAR times as many facts as were trained, when every pair came back and the latency is
        met by 99 of 100 recalls or missed by half of them.
        """
        if set(self.forecasts) != set(PROFILES):
            findings.finding.append(statement("budget_not_held", facts=self.wanted))
            findings.recommendation.append(statement("budget_recommends_nothing"))
            return
        profile = self.recommended
        findings.finding += self._state_expected(profile or "fast")
        findings.finding += served_bound(self.inputs)
        largest, latency = self.forecasts[profile or "fast"].largest, self.inputs.request.latency_ms
        every_pair = all(cost.right == cost.pairs for costs in self.costs.values() for cost in costs)
        clear = largest.single_p99_ms <= latency or largest.single_ms > latency
        sizes_suffice = all(len(costs) > 2 for costs in self.costs.values()) and self.wanted <= FAR * largest.facts
        findings.decisive = every_pair and clear and sizes_suffice
        rate = self.inputs.request.false_answers
        findings.recommendation.append(self._recommend(profile, rate))
        sizes = {stage: self._stage(share) for stage, share, _ in STAGES}
        samples = {f"{stage}_sample": _sample(max(gate, rate)) for stage, _, gate in STAGES}
        findings.recommendation.append(statement("budget_stages", **sizes, **samples))

    def _recommend(self, profile: Profile | None, rate: float) -> Statement:
        if profile is None:
            return statement("budget_too_long", facts=self.wanted)
        code = "budget_use_smaller" if profile == self.smaller else "budget_use_other"
        other = next(each for each in PROFILES if each != profile)
        return statement(code, profile=profile, other=other, rate=rate, facts=self.wanted)

    def _state_expected(self, profile: Profile) -> list[Statement]:
        forecast, request = self.forecasts[profile], self.inputs.request
        expected, largest = forecast.expected(self.wanted, request, self.device), forecast.largest
        figures = {name: expected[name] for name in ("facts", "parameters", "bytes", "bytes_total", "seconds")}
        if expected["kind"] == "measured":
            size = statement("budget_measured", profile=profile, **figures)
        else:
            size = statement("budget_estimated", profile=profile, largest=largest.facts, **figures)
        met = "budget_latency_met" if largest.single_p99_ms <= request.latency_ms else "budget_latency_missed"
        times = {"median": largest.single_ms, "p99": largest.single_p99_ms, "latency": request.latency_ms}
        monthly = {"training": _cents(expected["training_per_month"]), "serving": expected["serving_per_month"]}
        gpu = {} if self.device == "cpu" else {"gpu": request.gpu_hour}
        cost = statement("budget_cost_gpu" if gpu else "budget_cost", **monthly, **gpu, price=request.core_hour)
        return [size, statement(met, facts=largest.facts, **times), cost]

    def _stage(self, divisor: int) -> int:
        return max(1, math.ceil(self.wanted / divisor))


def _sample(rate: float) -> int:
    """How many probes must all go unanswered for the rate to be believed."""
    return math.ceil(RULE_OF_THREE / rate - 1e-6)


def _cents(cost: float) -> float:
    """Rounded up."""
    return math.ceil(100 * cost) / 100
