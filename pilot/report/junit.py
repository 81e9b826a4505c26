"""The report as JUnit XML, for build servers: one test case for each limit of the gate and each experiment."""

import re
from xml.etree import ElementTree as ET

from schemas.checks import LeftOut, Threshold, Verdict
from schemas.experiments import Experiment, ExperimentId
from schemas.report import Report

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report) -> bytes:
    """Write the report as JUnit XML, one suite for each check.

    A limit that is not decisive fails like one that is missed; the type of the failure tells them apart.
    """
    root = ET.Element("testsuites", name="fact-store pilot")
    for check in report.checks:
        limits = [threshold for threshold in report.gate if threshold.check is check.id]
        failures = [limit for limit in limits if limit.verdict is not Verdict.PASS]
        suite = ET.SubElement(root, "testsuite", name=check.id, tests=str(len(limits)), failures=str(len(failures)))
        suite.set("time", f"{check.seconds:.3f}")
        properties = ET.SubElement(suite, "properties")
        for name in ("asked", "right", "wrong", "abstained"):
            ET.SubElement(properties, "property", name=name, value=str(getattr(check, name)))
        for limit in limits:
            _add_case(suite, report, limit)
    _add_laboratory(root, report)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_laboratory(root: ET.Element, report: Report) -> None:
    """Add the experiments. A finding is output and always passes; an experiment without a result is skipped."""
    missing = [left for left in report.left_out if isinstance(left.check, ExperimentId)]
    cases: list[Experiment | LeftOut] = [*report.experiments, *missing]
    if not cases:
        return
    suite = ET.SubElement(root, "testsuite", name="laboratory", tests=str(len(cases)), failures="0")
    suite.set("skipped", str(len(missing)))
    suite.set("time", f"{sum(experiment.seconds for experiment in report.experiments):.3f}")
    for each in cases:
        name = each.check if isinstance(each, LeftOut) else each.id
        case = ET.SubElement(suite, "testcase", classname=f"{_dictionary_name(report)}.laboratory", name=name)
        if isinstance(each, LeftOut):
            ET.SubElement(case, "skipped", message=f"{each.reason}: {each.detail}" if each.detail else each.reason)
        else:
            text = f"{each.verdict}: {each.finding} {each.recommendation}"
            ET.SubElement(case, "system-out").text = _NOT_XML.sub("\ufffd", text)


def _dictionary_name(report: Report) -> str:
    return _NOT_XML.sub("\ufffd", report.dictionary.name)


def _add_case(suite: ET.Element, report: Report, limit: Threshold) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"{_dictionary_name(report)}.{limit.check}", name=limit.name)
    if limit.verdict is not Verdict.PASS:
        measured = f"{limit.k} of {limit.n}" if limit.n else f"{limit.measured:.3f}"
        ET.SubElement(case, "failure", type=limit.verdict, message=f"{limit.name} {limit.limit:g}, measured {measured}")
