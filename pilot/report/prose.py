"""The words of the report and of the console, by language."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

Prose = dict[str, Any]
_HERE = Path(__file__).parent


@cache
def read_prose(lang: str) -> Prose:
    """The headings and sentences of the report in this language."""
    return _read(f"prose.{lang}.toml")


@cache
def read_messages(lang: str) -> Prose:
    """Findings, steps, errors and problems by their codes; empty for English, in which the code says them itself."""
    return {} if lang == "en" else _read(f"messages.{lang}.toml")


def _read(name: str) -> Prose:
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))
