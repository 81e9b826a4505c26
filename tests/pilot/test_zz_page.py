"""Draw the page."""

import sys
from pathlib import Path

from pilot.report.write import write_report
from schemas.experiments import Experiment
from tests.pilot.conftest import *  # noqa


def test_page(report_on, parts):
    docs = [Experiment.model_validate_json(Path(p).read_text()) for p in sys.argv if False]
    docs = [
        Experiment.model_validate_json(p.read_text())
        for p in sorted(Path("/tmp/w").glob("sizes_*_1*.json")) + sorted(Path("/tmp/w").glob("sizes_alloc*_200.json"))
    ]
    r = report_on(parts).model_copy(update={"experiments": docs})
    for lang in ("en", "ja"):
        Path(f"/tmp/w/page_{lang}").mkdir(exist_ok=True)
        write_report(r, Path(f"/tmp/w/page_{lang}"), lang)
