"""Charts of experiments: figures of the document as coordinates in per cent, which the page draws unchanged."""

from pilot.report.plots.plot import Plot, plot_chart

__all__ = ["Plot", "plot_chart"]
