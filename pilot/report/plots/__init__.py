"""Charts of experiments: figures of the document as places in per cent, which the page draws as they are."""

from pilot.report.plots.plot import Plot, plot_chart

__all__ = ["Plot", "plot_chart"]
