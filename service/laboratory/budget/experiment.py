"""What a memory of so many facts costs: parts of the dictionary are trained and asked, more is estimated from them, and
a plan leads there in three stages.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from schemas.experiments import Experiment, Statement, Task
from service.laboratory.bench import Asked, Bench
from service.laboratory.budget.forecast import FORECAST, HOURS, NIGHTS, Forecast, Quantity
from service.laboratory.budget.trials import PROFILES, Cost, Costing, Profile, cost_of
from service.laboratory.document import Findings, chart, estimate, measured, point, row, served_bound
from service.laboratory.sentences import said
from service.laboratory.synthetic import named
from service.memory import Facts

NIGHT = 8 * 3600.0
"""Seconds that a training may take."""
STAGES = (("small", 100, 1e-3), ("department", 10, 1e-4), ("company", 1, 0.0))
"""The share of the facts that each stage has, as a divisor, and the largest rate of false answers that its gate lets
pass, if that is more than was asked for.
"""
FAR = 10
"""So many times the facts of the largest memory that was trained; beyond that an estimate decides nothing."""
RULE_OF_THREE = 3
"""None seen of 3 / p leaves a rate above p improbable: 5 %."""
Costs = dict[Profile, list[Cost]]


def budget(asked: Asked, bench: Bench) -> Experiment:
    """Sizes from the smallest up, while there is time for the next; then the forecast and the plan."""
    findings = Findings()
    facts = _facts(asked)
    if not len(facts):
        findings.finding.append(said("budget_no_facts"))
        findings.recommendation.append(said("budget_recommends_nothing"))
        return findings.document(asked, bench)
    costs = _measure(facts, asked, bench, findings)
    study = _Study(asked, bench.device, asked.request.facts or len(facts), costs)
    study.draw(findings)
    study.tabulate(findings)
    study.judge(findings)
    if bench.device == "cpu":
        findings.left_out.append(said("budget_no_gpu"))
    return findings.document(asked, bench)


def _facts(asked: Asked) -> Facts:
    """The dictionary's, or those of the synthetic task where only that was asked for."""
    if Task.DICTIONARY in asked.tables or Task.SYNTHETIC not in asked.tables:
        return asked.facts
    return named(asked.tables[Task.SYNTHETIC])


def _measure(facts: Facts, asked: Asked, bench: Bench, findings: Findings) -> Costs:
    """One memory after the other: what is timed does not share the cores."""
    table = asked.tables.get(Task.DICTIONARY) or asked.tables[Task.SYNTHETIC]
    costing = Costing(facts, table.digest, asked.request.false_answers, bench.device, asked.request.seed)
    costs: Costs = {profile: [] for profile in PROFILES}
    for size, following in zip(costing.sizes, [*costing.sizes[1:], None], strict=True):
        start = bench.elapsed()
        for profile in PROFILES:
            cost = cost_of(bench.run(costing.trial(size, profile)))
            costs[profile] += [cost] if cost else []
        if following and bench.left() < 1.2 * (bench.elapsed() - start) * following / size:
            findings.left_out.append(said("budget_sizes_left_out", largest=size, next=following))
            break
    return costs


@dataclass(frozen=True)
class _Study:
    """What was measured, and of how many facts the cost is wanted."""

    asked: Asked
    device: str
    wanted: int
    costs: Costs

    @cached_property
    def forecasts(self) -> dict[Profile, Forecast]:
        return {profile: Forecast(found) for profile, found in self.costs.items() if found}

    @property
    def smaller(self) -> Profile:
        """The profile with fewer bytes of weights; `fast`, which trains faster, where they are alike."""
        fast, compact = (self.forecasts[profile].at("bytes", self.wanted)[0] for profile in PROFILES)
        return "compact" if compact < fast else "fast"

    @property
    def recommended(self) -> Profile | None:
        """The smaller one of those that are trained within a night, at the upper end of their interval."""
        choices = sorted(PROFILES, key=lambda profile: profile != self.smaller)
        fits = (profile for profile in choices if self.forecasts[profile].most("seconds", self.wanted) <= NIGHT)
        return next(fits, None)

    def draw(self, findings: Findings) -> None:
        """Bytes, time and latency by facts; beyond what was trained, estimates with their intervals."""
        charts = {"bytes": "bytes", "seconds": "seconds", "single_p99_ms": "milliseconds"}
        for drawn, quantity in charts.items():
            findings.charts.append(chart(drawn, ("facts", "log"), (quantity, "log")))
            for profile, found in self.costs.items():
                points = [point(cost.facts, getattr(cost, drawn)) for cost in found]
                findings.series.append(measured(profile, drawn, points))
        drawn_beyond: tuple[Quantity, ...] = ("bytes", "seconds")
        for profile, forecast in self.forecasts.items():
            beyond = [self.wanted * times for times in FORECAST if self.wanted * times > forecast.largest.facts]
            for quantity in drawn_beyond if beyond else ():
                points = [point(facts, *forecast.at(quantity, facts)) for facts in beyond]
                findings.series.append(estimate(f"{profile}_estimate", quantity, points))

    def tabulate(self, findings: Findings) -> None:
        """What was measured; what is expected, with its monthly cost and what that assumes; and the plan."""
        for profile, found in self.costs.items():
            findings.rows += [row(profile, None, kind="measured", **cost.figures) for cost in found]
        for profile, forecast in self.forecasts.items():
            for times in FORECAST:
                expected = forecast.expected(self.wanted * times, self.asked.request, self.device)
                findings.rows.append(row(f"{profile}_{times}x", None, **expected))
        request = self.asked.request
        prices = {"core_hour": request.core_hour, "gpu_hour": None if self.device == "cpu" else request.gpu_hour}
        monthly = {"trainings_per_month": NIGHTS, "serving_hours": HOURS, "serving_cores": 1}
        findings.rows.append(row("assumptions", None, **monthly, **prices, latency_ms=request.latency_ms))
        for stage, share, rate in STAGES:
            gate = max(rate, request.false_answers)
            limits = {"minimum_recall": 1.0, "maximum_false_answers": gate, "minimum_sample": _sample(gate)}
            findings.rows.append(row(f"stage_{stage}", None, kind="plan", facts=self._stage(share), **limits))

    def judge(self, findings: Findings) -> None:
        """The smaller memory is recommended while its training fits into a night. Decided from three sizes of each
        profile on, for at most FAR times as many facts as were trained, when every pair came back and the latency is
        met by 99 of 100 recalls or missed by half of them.
        """
        if set(self.forecasts) != set(PROFILES):
            findings.finding.append(said("budget_not_held", facts=self.wanted))
            findings.recommendation.append(said("budget_recommends_nothing"))
            return
        profile = self.recommended
        findings.finding += self._found(profile or "fast")
        findings.finding += served_bound(self.asked)
        largest, latency = self.forecasts[profile or "fast"].largest, self.asked.request.latency_ms
        every_pair = all(cost.right == cost.pairs for found in self.costs.values() for cost in found)
        clear = largest.single_p99_ms <= latency or largest.single_ms > latency
        sizes_suffice = all(len(found) > 2 for found in self.costs.values()) and self.wanted <= FAR * largest.facts
        findings.decisive = every_pair and clear and sizes_suffice
        rate = self.asked.request.false_answers
        findings.recommendation.append(self._use(profile, rate))
        sizes = {stage: self._stage(share) for stage, share, _ in STAGES}
        samples = {f"{stage}_sample": _sample(max(gate, rate)) for stage, _, gate in STAGES}
        findings.recommendation.append(said("budget_stages", **sizes, **samples))

    def _use(self, profile: Profile | None, rate: float) -> Statement:
        if profile is None:
            return said("budget_too_long", facts=self.wanted)
        code = "budget_use_smaller" if profile == self.smaller else "budget_use_other"
        other = next(each for each in PROFILES if each != profile)
        return said(code, profile=profile, other=other, rate=rate, facts=self.wanted)

    def _found(self, profile: Profile) -> list[Statement]:
        forecast, request = self.forecasts[profile], self.asked.request
        expected, largest = forecast.expected(self.wanted, request, self.device), forecast.largest
        figures = {name: expected[name] for name in ("facts", "parameters", "bytes", "bytes_total", "seconds")}
        if expected["kind"] == "measured":
            size = said("budget_measured", profile=profile, **figures)
        else:
            size = said("budget_estimated", profile=profile, largest=largest.facts, **figures)
        met = "budget_latency_met" if largest.single_p99_ms <= request.latency_ms else "budget_latency_missed"
        times = {"median": largest.single_ms, "p99": largest.single_p99_ms, "latency": request.latency_ms}
        monthly = {"training": _cents(expected["training_per_month"]), "serving": expected["serving_per_month"]}
        gpu = {} if self.device == "cpu" else {"gpu": request.gpu_hour}
        cost = said("budget_cost_gpu" if gpu else "budget_cost", **monthly, **gpu, price=request.core_hour)
        return [size, said(met, facts=largest.facts, **times), cost]

    def _stage(self, divisor: int) -> int:
        return max(1, math.ceil(self.wanted / divisor))


def _sample(rate: float) -> int:
    """Probes of which none may be answered, for the rate to be believed."""
    return math.ceil(RULE_OF_THREE / rate - 1e-6)


def _cents(cost: float) -> float:
    """Rounded up."""
    return math.ceil(100 * cost) / 100
