import dataclasses

import msgspec

from rushlab.model.reference import Reference
from rushlab.model.verdict import Audit, Check, Status, Validity, Verdict
from rushlab.show.findings import findings
from rushlab.show.views import Study


def sentences(study: Study) -> str:
    return repr(findings(study))


def test_thresholds_are_told_per_variant_with_their_values(study: Study) -> None:
    text = sentences(study)
    assert "Variant report misses http_req_duration p(95)<1000 on 5 profiles: load 1.91 s" in text
    assert "Variant recommended meets all 18 thresholds." in text


def test_a_comparison_has_its_range_its_runs_and_its_doubt(study: Study) -> None:
    found = next(item for item in findings(study) if item.sentence.startswith("Variant recommended against report"))
    assert "from 17.5× faster (stress-100) to 3.31× faster (peak-2000)" in found.sentence
    assert "exploratory" in found.sentence
    assert len(found.runs) == 10
    assert found.unit == "ratio of p95"


def test_profiles_that_the_report_discusses_in_pairs(study: Study) -> None:
    assert "Variant report, stress-500 against stress-100: p95 5.21 s against 2.65 s, 1.97× slower" in sentences(study)


def test_every_sentence_with_a_figure_changes_with_the_figures(study: Study, make_study, reference: Reference) -> None:
    other = make_study(reference)
    for views in other.variants.values():
        for name, view in views.items():
            faster = {field: getattr(view.figures, field) * 1.37 for field in ("p95_ms", "bound_share", "drain_s")}
            limits = tuple(
                msgspec.structs.replace(one, value=(one.value or 0) * 1.37, passed=one.passed)
                for one in view.figures.thresholds
            )
            figures = msgspec.structs.replace(
                view.figures, thresholds=limits, requests=view.figures.requests + 7, **faster
            )
            views[name] = dataclasses.replace(view, figures=figures)
    before = {item.sentence for item in findings(study) if item.unit not in ("thresholds", "")}
    after = {item.sentence for item in findings(other)}
    ratios = {text for text in before if text.startswith("Variant recommended against report")}
    assert before & after == ratios  # both variants changed by the same factor: their ratio did not


def test_an_invalid_run_yields_its_reason_and_no_figure(study: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.INVALID, checks=(), reason="a bad inner line.")
    broken = exchange(study, "report", "load", verdict=verdict)
    text = sentences(broken)
    assert "load · report is INVALID: a bad inner line." in text
    assert "on 4 profiles: stress-100" in text


def test_lost_coupons_come_first(study: Study, exchange) -> None:
    lost = Check(id="I3", title="no lost accept", status=Status.FAIL, value="2 lost", limit="0", evidence="issues")
    audit = Audit(verdict=Status.FAIL, invariants=(lost,), counts={})
    found = list(findings(exchange(study, "report", "load", audit=audit)))
    assert found[0].sentence == "load · report: I3 (no lost accept) is FAIL: 2 lost; allowed 0."
    assert found[0].tone == "bad"


def test_unconfirmed_coupons_are_counted(study: Study) -> None:
    view = study.variants["report"]["load"]
    assert view.figures
    figures = msgspec.structs.replace(view.figures, confirmed=3918)
    study.variants["report"]["load"] = dataclasses.replace(view, figures=figures)
    assert "2 of 3,920 accepted coupons were never confirmed" in sentences(study)


def test_hostile_text_is_escaped(hostile: Study) -> None:
    markup = findings(hostile)._repr_html_()
    assert "<img" not in markup
    assert "&lt;img" in markup
