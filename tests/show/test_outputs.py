"""JUnit, JSON, Markdown and the terminal, all from one study."""

import dataclasses
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
from rich.console import Console

from rushlab.model.verdict import Check, Status, Validity, Verdict
from rushlab.show import markdown, terminal
from rushlab.show.junit import junit_xml
from rushlab.show.report_json import report_json
from rushlab.show.views import Study

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/report.schema.json").read_text("utf-8"))


def plain(renderable: object) -> str:
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_junit_has_a_suite_per_run_and_a_case_per_threshold_and_invariant(study: Study) -> None:
    root = ElementTree.fromstring(junit_xml(study))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("156", "5", "0")
    suite = next(suite for suite in root if suite.get("name") == "load.report")
    missed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert missed == ["http_req_duration p(95)<1000"]


def test_junit_invalid_is_an_error_and_unknown_is_never_passed(study: Study, exchange) -> None:
    unknown = Check(id="V2", title="counts", status=Status.UNKNOWN, value="none", limit="equal", evidence="summary")
    verdict = Verdict(validity=Validity.INVALID, checks=(unknown,), reason="k6 was killed")
    root = ElementTree.fromstring(junit_xml(exchange(study, "report", "load", verdict=verdict)))
    suite = next(suite for suite in root if suite.get("name") == "load.report")
    assert (suite.get("errors"), suite.get("skipped")) == ("1", "1")
    assert "k6 was killed" in str(suite.find(".//error").get("message"))  # type: ignore[union-attr]


def test_junit_says_what_is_missing_and_holds_any_text(hostile: Study) -> None:
    odd = dataclasses.replace(hostile, missing=["a NUL \x00 and a bell \x07"])
    root = ElementTree.fromstring(junit_xml(odd))
    assert root.get("errors") == "1"
    assert "a NUL � and" in str(root.find(".//error").get("message"))  # type: ignore[union-attr]


def test_json_follows_its_schema_and_has_the_promised_names(study: Study, hostile: Study) -> None:
    for one in (study, hostile):
        value = json.loads(json.dumps(report_json(one), allow_nan=False))
        jsonschema.validate(value, SCHEMA)
    load = report_json(study)["variants"]["recommended"]["profiles"]["load"]
    assert (load["requests"], load["p95_ms"], load["verdict"], load["audit"]) == (9410, 143.0, "VALID", "PASS")
    assert load["thresholds"]["http_req_duration"]["p(95)<1000"] == {"ok": True, "value": 143.0}


def test_json_has_the_onset_of_trouble_or_why_there_is_none(study: Study) -> None:
    view = study.variants["report"]["load"]
    assert view.timeline is not None
    slow = view.timeline.assign(p95_ms=1500.0)
    study.variants["report"]["load"] = dataclasses.replace(view, timeline=slow)
    study.variants["report"]["smoke"] = dataclasses.replace(study.variants["report"]["smoke"], timeline=None)
    value = report_json(study)
    jsonschema.validate(json.loads(json.dumps(value, allow_nan=False)), SCHEMA)
    profiles = value["variants"]["report"]["profiles"]
    first = slow.iloc[0]
    assert profiles["load"]["onset"] == {
        **{
            "second": 0,
            "lasted_s": len(slow),
            "over_s": len(slow),
            "vus": int(first["vus"]),
            "rate_per_s": int(first["requests"]),
        },
        "p95_ms": 1500.0,
    }
    assert profiles["smoke"]["onset"] is None
    assert profiles["smoke"]["reasons"]["onset"] == "the run has no timeline"


def test_markdown_has_what_was_answered_only_where_it_says_something(study: Study, one_run: Study) -> None:
    assert "what was answered" not in markdown.report(study)
    assert "| sold out \\(410\\) | 3,500 | 37\\.2 % |" in markdown.report(one_run)


def test_json_gives_a_reason_for_every_null(study: Study) -> None:
    study.variants["report"]["load"] = dataclasses.replace(study.variants["report"]["load"], figures=None)
    load = report_json(study)["variants"]["report"]["profiles"]["load"]
    jsonschema.validate(json.loads(json.dumps(report_json(study))), SCHEMA)
    assert load["p95_ms"] is None
    assert set(load["reasons"]) == {name for name, value in load.items() if value is None}


def test_the_schema_refuses_a_value_without_its_unit_in_range(study: Study) -> None:
    value = report_json(study)
    value["variants"]["report"]["profiles"]["load"]["success_rate"] = 95
    errors = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(value))
    assert [list(error.path)[-1] for error in errors] == ["success_rate"]


def test_markdown_has_verdicts_findings_and_tables(study: Study) -> None:
    text = markdown.report(dataclasses.replace(study, missing=["load failed"]))
    assert "**This report is partial.**" in text
    assert "| p95, ms | 1,170 | 1,912 | 1\\.63× slower | 143 | 8\\.18× faster |" in text
    assert "Variant recommended meets all 18 thresholds" in text
    assert text.index("**Where is the bottleneck?**") < text.index("Variant recommended meets all")


def test_markdown_leaves_no_markup_of_others(hostile: Study) -> None:
    assert "<img" not in markdown.report(hostile).replace("\\<", "")


def test_the_terminal_says_partial_and_prints_hostile_text_as_text(study: Study, hostile: Study) -> None:
    assert "This report is partial." in plain(terminal.report_summary(hostile))
    assert "This report is partial." not in plain(terminal.report_summary(study))
    view = study.variants["report"]["load"]
    odd = dataclasses.replace(view, run=type(view.run)(**{**_fields(view.run), "problem": "[bold]k6 [/nothing]"}))
    assert "[bold]k6 [/nothing]" in plain(terminal.run_summary(odd, study))


def _fields(run: object) -> dict[str, object]:
    return {name: getattr(run, name) for name in run.__struct_fields__}  # type: ignore[attr-defined]
