"""A study as JUnit XML: every run a suite, its thresholds, checks and invariants the cases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from xml.etree import ElementTree

from rushlab.model.results import ThresholdResult
from rushlab.model.verdict import Check, Status, Validity
from rushlab.show import units
from rushlab.show.views import RunView, Study

#: What XML 1.0 cannot hold, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Result = Literal["passed", "failure", "error", "skipped"]

OUTCOMES: dict[Status, Result] = {
    Status.PASS: "passed",
    Status.WARN: "passed",
    Status.FAIL: "failure",
    Status.UNKNOWN: "skipped",
    Status.NA: "skipped",
}

COUNTED: dict[str, Result] = {"failures": "failure", "errors": "error", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class Case:
    """One test case: where it belongs, its name, how it ended, and what there is to say."""

    group: str
    name: str
    result: Result
    message: str


def junit_xml(study: Study) -> str:
    """The XML text. INVALID runs and runs that are missing are errors; UNKNOWN and NA are skipped."""
    root = ElementTree.Element("testsuites", name=f"rushlab report, scale {study.scale_label}")
    suites = [_suite(view) for view in study.every]
    if study.missing:
        missing = [Case("study", sentence, "error", sentence) for sentence in study.missing]
        suites.append(_element("missing runs", missing))
    root.extend(suites)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(view: RunView) -> ElementTree.Element:
    suite = _element(f"{view.run.profile.name}.{view.run.variant}", list(cases(view)))
    if view.run.timing.started is not None:
        suite.set("timestamp", datetime.fromtimestamp(view.run.timing.started, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    suite.set("time", f"{view.run.load.elapsed_s or 0:.3f}")
    properties = ElementTree.Element("properties")
    ElementTree.SubElement(properties, "property", name="run", value=_text(view.run.id))
    suite.insert(0, properties)
    return suite


def cases(view: RunView) -> Iterator[Case]:
    """The verdict, then every threshold, check and invariant of a run."""
    yield _verdict(view)
    for result in view.figures.thresholds if view.figures else ():
        yield _threshold(result)
    for check in view.run.verdict.checks if view.run.verdict else ():
        yield _check("check", check)
    for check in view.run.audit.invariants if view.run.audit else ():
        yield _check("invariant", check)


def _verdict(view: RunView) -> Case:
    reason = view.run.verdict.reason if view.run.verdict else view.run.problem or "the run was not judged"
    results: dict[Validity, Result] = {Validity.INVALID: "error", Validity.UNKNOWN: "skipped", Validity.VALID: "passed"}
    return Case("verdict", "run is valid", results[view.validity], f"{view.validity}: {reason}")


def _threshold(result: ThresholdResult) -> Case:
    outcome: Result = "skipped" if result.passed is None else "passed" if result.passed else "failure"
    value = units.UNKNOWN if result.value is None else f"{result.value:g}"
    return Case("threshold", f"{result.metric} {result.expression}", outcome, f"value {value}")


def _check(group: str, check: Check) -> Case:
    message = f"{check.status}: {check.value}, limit {check.limit} ({check.evidence})"
    return Case(group, f"{check.id} {check.title}", OUTCOMES[check.status], message)


def _element(name: str, found: list[Case]) -> ElementTree.Element:
    results = [case.result for case in found]
    suite = ElementTree.Element("testsuite", name=_text(name), tests=str(len(found)))
    for attribute, result in COUNTED.items():
        suite.set(attribute, str(results.count(result)))
    for case in found:
        labels = {"classname": _text(f"{name}.{case.group}"), "name": _text(case.name)}
        _say(ElementTree.SubElement(suite, "testcase", labels), case)
    return suite


def _say(element: ElementTree.Element, case: Case) -> None:
    if case.result == "passed":
        ElementTree.SubElement(element, "system-out").text = _text(case.message)
    else:
        ElementTree.SubElement(element, case.result, message=_text(case.message))


def _text(text: str) -> str:
    return FORBIDDEN.sub("�", text)
