"""The texts of the report and the console in the language of a run: prose, findings, steps and errors.

What a language has no text for is written in English.
"""

import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from pilot.errors import PilotError
from pilot.report.quantities import format_number
from schemas.problems import Code, Problem
from schemas.uploads import Finding

Prose = dict[str, Any]
_HERE = Path(__file__).parent


@cache
def read_prose(lang: str) -> Prose:
    """Read the headings and sentences of the report in this language."""
    return _read(f"prose.{lang}.toml")


@cache
def read_messages(lang: str) -> Prose:
    """Read the texts of findings, steps, errors and problems by code; empty for English, which is in the code."""
    return {} if lang == "en" else _read(f"messages.{lang}.toml")


def _read(name: str) -> Prose:
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))


_NUMBER = re.compile(r"[0-9][0-9,]*")
_ID = re.compile(r"\b[a-z]{3}_[0-9a-f]{16}\b")
_DEFAULTS = {"mode": "upsert", "on_conflict": "refuse", "header": "auto", "layout": "long", "dry_run": "false"}
_NOT_A_WORD = re.compile(r"[^a-z]+")


def describe_finding(finding: Finding, lang: str) -> str:
    """Describe a finding of an upload by its kind and figures; where there is no text for it, by its message."""
    words = read_messages(lang).get("finding", {})
    template = words.get(finding.kind)
    if template is None:
        return finding.message
    figures = {"count": format_number(finding.count), "relation": finding.relation or ""}
    if finding.personal is not None:
        personal = finding.personal
        figures |= {"kind": words["kind"][personal.kind], "of": words["of"][personal.of]}
        figures |= {"matching": format_number(personal.matching), "looked_at": format_number(personal.looked_at)}
    if finding.uniqueness is not None:
        alone, listed = finding.uniqueness, read_prose(lang)["marks"]["list"]
        figures |= {"subjects": format_number(alone.subjects), "unique": format_number(alone.unique)}
        figures["relations"] = listed.join(alone.relations)
    try:
        return str(template.format(**figures))
    except KeyError:  # a receipt of an older version has neither of the two
        return finding.message


def describe_refusal(code: Code, lang: str) -> str:
    """Say why rows were refused with this code; empty where the language has no text for it."""
    return str(read_messages(lang).get("problem", {}).get(code, ""))


def describe_step(step: str, lang: str) -> str:
    """Describe a step such as `recall: every pair`. The part after the colon is left out if there is no text for it."""
    words = read_messages(lang).get("progress")
    if words is None:
        return step
    head, _, rest = step.partition(": ")
    whole, detail = _describe_part(head, words), _describe_part(rest, words)
    if whole is None:
        return step
    return whole if detail is None else f"{whole.removesuffix('…')}{read_prose(lang)['marks']['colon']}{detail}"


def _describe_part(step: str, words: Prose) -> str | None:
    found = _NUMBER.search(step)
    template: str | None = words.get(_to_code(_NUMBER.sub("n", step)))
    return None if template is None else template.format(n=found.group() if found else "")


def describe_reason(reason: str, lang: str) -> str:
    """Say why a version was put in place. A reason that a person wrote stays as it is."""
    found = _ID.search(reason)
    template = read_messages(lang).get("reason", {}).get(_to_code(_ID.sub("", reason)))
    return reason if template is None else str(template.format(id=found.group() if found else ""))


def list_options(problem: Problem | None) -> str:
    """The options of the command line by which the service would take a file; empty where it offers none."""
    offered = problem.extra.get("try") if problem else None
    chosen = parse_qsl(offered) if isinstance(offered, str) else []
    stated = [(name, value) for name, value in chosen if _DEFAULTS.get(name) != value]
    return " ".join(f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in stated)


def _to_code(text: str) -> str:
    return _NOT_A_WORD.sub("_", text.lower()).strip("_")


def describe_error(error: PilotError, lang: str) -> str:
    """Describe an error for a person: what happened, why, what to do, and the code."""
    messages = read_messages(lang)
    problem, options = error.problem, list_options(error.problem)
    if not messages:
        return f"pilot: {error}" + (f"\nOn the command line: {options}" if options else "")
    if problem is not None:
        header = problem.extra.get("header")
        named = "｜".join(map(str, header)) if isinstance(header, list) else ""
        said = str(messages["problem"][problem.code]).format(header=named)
        advice = f"\n{messages['error']['options'].format(options=options)}" if options else ""
        return f"{said} [{problem.code}]\n{problem.detail}{advice}"
    template = messages["error"].get(error.message_code)
    return f"pilot: {error}" if template is None else f"{template.format(**error.figures)} [{error.message_code}]"
