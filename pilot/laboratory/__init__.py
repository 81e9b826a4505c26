"""The laboratory's side of the pilot: which experiments are asked for, for how long, and what came of them."""

from pilot.laboratory.conduct import ExperimentOutcome, ExperimentSetting, LaboratoryPlan, conduct_experiments

__all__ = ["ExperimentOutcome", "ExperimentSetting", "LaboratoryPlan", "conduct_experiments"]
