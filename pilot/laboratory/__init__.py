"""The laboratory in the pilot: which experiments are requested, for how long, and what they found."""

from pilot.laboratory.conduct import ExperimentOutcome, ExperimentSetting, LaboratoryPlan, conduct_experiments

__all__ = ["ExperimentOutcome", "ExperimentSetting", "LaboratoryPlan", "conduct_experiments"]
