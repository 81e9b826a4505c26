"""The three drawings of a report, each put in place whole."""

from pathlib import Path

from pilot.errors import UnusableInput
from pilot.report.html import html
from pilot.report.junit import junit
from schemas.report import Report


def write_report(report: Report, folder: Path, lang: str) -> Path:
    """Writes report.json, report.html and report.junit.xml into `folder`; returns the path of the page."""
    drawings = {
        "report.json": (report.model_dump_json(indent=2) + "\n").encode(),
        "report.junit.xml": junit(report),
        "report.html": html(report, lang).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in drawings.items():
            half = folder / f".{name}.part"
            half.write_bytes(content)
            half.replace(folder / name)
    except OSError as error:
        raise UnusableInput(f"the report cannot be written: {error}", "report_unwritable", why=error) from None
    return folder / "report.html"
