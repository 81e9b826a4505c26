"""The report as JUnit XML: a test case a check and a limit of the gate, so that a build server shows what failed."""

import re
from xml.etree import ElementTree as ET

from schemas.checks import Threshold, Verdict
from schemas.report import Report

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> bytes:
    """One suite a check; a limit that is not decisive fails like one that is broken, and says which it is."""
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
            _case(suite, report, limit)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _case(suite: ET.Element, report: Report, limit: Threshold) -> None:
    named = _NOT_XML.sub("\ufffd", report.dictionary.name)
    case = ET.SubElement(suite, "testcase", classname=f"{named}.{limit.check}", name=limit.name)
    if limit.verdict is not Verdict.PASS:
        measured = f"{limit.k} of {limit.n}" if limit.n else f"{limit.measured:.3f}"
        ET.SubElement(case, "failure", type=limit.verdict, message=f"{limit.name} {limit.limit:g}, measured {measured}")
