import dataclasses

import msgspec
import numpy as np
import pandas as pd
import pytest

from rushlab.model.guess import Answer, Decision, Guess
from rushlab.model.reference import Reference
from rushlab.model.verdict import Audit, Check, Status, Validity, Verdict
from rushlab.show import guesses
from rushlab.show.findings import findings
from rushlab.show.run_series import BEHIND_S, RunSeries
from rushlab.show.views import RunView, Study


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


def test_a_pair_of_profiles_has_the_originals_ratio_and_the_shares_of_the_bound(study: Study) -> None:
    found = [item for item in findings(study) if " against stress-100" in item.sentence]
    assert [item.value for item in found] == [5210 / 2650, 316 / 151]
    assert "(original report: 3.20× slower)" in found[0].sentence
    assert "share of the bound 20.6 % against 35.7 %, 1.73× lower" in found[0].sentence
    assert found[0].runs == tuple(study.variants["report"][name].run.id for name in ("stress-100", "stress-500"))
    assert "peak-2000 against peak-1500: p95 703 ms against 405 ms, 1.74× slower" in sentences(study)


def test_a_pair_without_a_bound_has_no_share(study: Study) -> None:
    view = study.variants["report"]["stress-100"]
    assert view.figures
    figures = msgspec.structs.replace(view.figures, bound=None, bound_share=None)
    study.variants["report"]["stress-100"] = dataclasses.replace(view, figures=figures)
    found = next(item for item in findings(study) if "report, stress-500 against" in item.sentence)
    assert "share of the bound" not in found.sentence
    assert "12,100 against 11,400 requests" in found.sentence


def timeline(*p95_ms: float, vus: int) -> pd.DataFrame:
    # one row per second: second, vus, requests, failed, p50_ms, p90_ms, p95_ms, max_ms
    frame = pd.DataFrame({"second": range(len(p95_ms)), "vus": vus, "requests": 331, "failed": 0, "p95_ms": p95_ms})
    return frame.assign(p50_ms=1.0, p90_ms=1.0, max_ms=9999.0)


def test_the_onset_of_trouble_is_told_where_it_took_the_fewest_users(study: Study) -> None:
    quiet, slow = (5.0,) * 4, (5.0, 1200.0, 1300.0, 1400.0)
    for variant, views in study.variants.items():
        for name, view in views.items():
            line = timeline(*(slow if variant == "report" and name in ("load", "stress-500") else quiet), vus=900)
            views[name] = dataclasses.replace(view, timeline=line)
    views = study.variants["report"]
    views["load"] = dataclasses.replace(views["load"], timeline=timeline(*slow, vus=462))
    found = [item for item in findings(study) if "got into trouble" in item.sentence]
    assert [item.sentence for item in found] == [
        "Variant report got into trouble (p95 over 1.00 s for 3 seconds or more) on 2 of 6 profiles; at the fewest "
        "users on load, from second 1 (462 virtual users, 331 requests answered in it) for 3 seconds."
    ]
    assert (found[0].value, found[0].unit) == (462, "virtual users")
    assert found[0].runs == (views["load"].run.id, views["stress-500"].run.id)


def test_seconds_in_which_a_run_stood_nearly_still_are_told(one_run: Study) -> None:
    (view,) = one_run
    requests = [600] * 30 + [90, 14, 25, 52, 108, 172] + [600] * 20
    frame = timeline(*[5.0] * len(requests), vus=600).assign(requests=requests)
    cores = [
        ("cpu_machine", "{}", second + BEHIND_S["cpu_machine"], 20.0 if 30 <= second < 36 else 150.0)
        for second in range(len(requests))
    ]
    rows = pd.DataFrame(cores, columns=["name", "labels", "at", "value"])
    series = RunSeries(rows, None, 0.0, 60.0)
    name, variant = view.run.profile.name, view.run.variant
    one_run.variants[variant][name] = dataclasses.replace(view, timeline=frame, series=series)
    (found,) = [item for item in findings(one_run) if "stood nearly still" in item.sentence]
    assert "from second 30 to 35: 14 to 172 requests a second were answered, 600 before" in found.sentence
    assert "the processors idled (0.2 of 1.4 cores at work), so something else held it up" in found.sentence
    assert (found.value, found.unit, found.runs) == (6, "s", (view.run.id,))


def test_a_study_of_one_run_names_its_profile_without_counting(one_run: Study) -> None:
    text = sentences(one_run)
    assert "Variant recommended got into trouble (p95 over 1.00 s for 3 seconds or more) on load, from second" in text
    assert "of 1 profile" not in text


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
            assert view.timeline is not None
            timeline = view.timeline.assign(vus=view.timeline["vus"] + 1)
            views[name] = dataclasses.replace(view, figures=figures, timeline=timeline)
    before = {item.sentence for item in findings(study) if item.unit not in ("thresholds", "")}
    after = {item.sentence for item in findings(other)}
    ratios = {text for text in before if text.startswith("Variant recommended against report")}
    assert before & after == ratios  # both variants changed by the same factor: their ratio did not


def measured_otherwise(study: Study, factor: float) -> Study:
    """The same runs, everything measured times `factor` (shares of it where they cannot exceed 1)."""

    def other(view: RunView) -> RunView:
        assert view.figures
        known = view.figures
        times = {name: getattr(known, name) * factor for name in ("mean_ms", "median_ms", "p90_ms", "p95_ms", "p99_ms")}
        results = tuple(
            msgspec.structs.replace(one, value=one.value * factor if one.metric.endswith("duration") else one.value / 9)
            for one in known.thresholds
        )
        changes = {
            "requests": round(known.requests * factor) + 1,
            "bound_share": (known.bound_share or 0) / (1 + factor),
            "drain_s": (known.drain_s or 0) * factor,
            "confirm_ms": {name: (value or 0) * factor for name, value in known.confirm_ms.items()},
            "thresholds": tuple(msgspec.structs.replace(one, passed=False) for one in results),
        }
        line = None if view.timeline is None else view.timeline.assign(p95_ms=view.timeline["p95_ms"] * factor)
        return dataclasses.replace(view, figures=msgspec.structs.replace(known, **times, **changes), timeline=line)

    variants = {
        name: {profile: other(view) for profile, view in views.items()} for name, views in study.variants.items()
    }
    # one variant alone is changed: two changed by the same factor would keep their ratio, and rightly so
    return dataclasses.replace(
        study, variants={"report": variants["report"], "recommended": study.variants["recommended"]}
    )


@pytest.mark.parametrize("factor", np.random.default_rng(11).uniform(0.2, 5.0, 12).round(3).tolist())
def test_no_sentence_about_a_run_survives_other_measurements(literal_study: Study, factor: float) -> None:
    before = literal_study
    after = measured_otherwise(before, factor)
    changed = {view.run.id for view in after.variants["report"].values()}
    kept = {item.sentence for item in findings(before)} & {item.sentence for item in findings(after)}
    resting = [item for item in findings(before) if item.sentence in kept and changed & set(item.runs)]
    assert [item.sentence for item in resting] == []


def test_a_sale_is_told_with_its_last_coupon(study: Study) -> None:
    times = {"median_ms": 12.0, "p95_ms": 9.0, "p99_ms": 12.0, "max_ms": 30.0}
    frame = pd.DataFrame({"outcome": ["issued", "sold_out"], "requests": [5000, 700]})
    view = study.variants["report"]["load"]
    sale = frame.assign(**times, first=[0.1, 18.0], last=[18.2, 60.0])
    study.variants["report"]["load"] = dataclasses.replace(view, populations=sale)
    (found,) = [item for item in findings(study) if "coupons went" in item.sentence]
    assert "the last of 5,000 coupons went 18.2 s after the start; then 700 requests" in found.sentence
    assert (found.value, found.unit, found.runs) == (18.2, "s", (view.run.id,))


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


def test_the_slowest_drain_or_that_there_was_none(study: Study) -> None:
    view = study.variants["report"]["load"]
    for name, drain in (("report", 2.6), ("recommended", 0.0)):
        for profile, other in study.variants[name].items():
            seconds = drain if profile == "load" else 0.0
            figures = msgspec.structs.replace(other.figures, drain_s=seconds)  # type: ignore[type-var]
            study.variants[name][profile] = dataclasses.replace(other, figures=figures)
    slow, fast = (item for item in findings(study) if "every accepted coupon" in item.sentence)
    assert slow.sentence.endswith("was confirmed at most 2.6 s after the load ended (load).")
    assert (slow.value, slow.runs) == (2.6, (view.run.id,))
    assert fast.sentence.endswith("was confirmed before the load ended, on 6 profiles.")
    assert len(fast.runs) == 6


def test_a_run_that_left_coupons_open_is_not_said_to_have_confirmed_every_one(study: Study) -> None:
    view = study.variants["report"]["peak-2000"]
    assert view.figures
    left = msgspec.structs.replace(view.figures, confirmed=view.figures.requests - 400, drain_s=None)
    study.variants["report"]["peak-2000"] = dataclasses.replace(view, figures=left)
    told, whole = (item for item in findings(study) if "every accepted coupon" in item.sentence)
    assert (
        "Variant report: every accepted coupon was confirmed at most 1.4 s after the load ended (smoke), on 5 of 6 "
        in (told.sentence)
    )
    assert "peak-2000" not in told.sentence
    assert view.run.id not in told.runs
    assert whole.sentence.endswith("after the load ended (smoke).")


def test_a_run_that_left_coupons_open_with_a_known_drain_counts_as_little(study: Study) -> None:
    for name, view in study.variants["report"].items():
        assert view.figures
        left = msgspec.structs.replace(view.figures, confirmed=view.figures.requests - 1)
        study.variants["report"][name] = dataclasses.replace(view, figures=left)
    assert "Variant report: every accepted coupon" not in sentences(study)


def test_the_worst_of_missed_shares_is_the_lowest_where_they_must_be_high(study: Study) -> None:
    for name, share in (("load", 0.8), ("peak-2000", 0.2), ("stress-100", 0.5)):
        view = study.variants["report"][name]
        assert view.figures
        speed, failures, success = view.figures.thresholds
        limits = (speed, failures, msgspec.structs.replace(success, value=share, passed=False))
        figures = msgspec.structs.replace(view.figures, thresholds=limits)
        study.variants["report"][name] = dataclasses.replace(view, figures=figures)
    (found,) = [item for item in findings(study) if "misses success_rate" in item.sentence]
    assert found.value == 0.2
    (slow,) = [item for item in findings(study) if "Variant report misses http_req_duration" in item.sentence]
    assert slow.value == 5210.0


def test_what_is_grave_comes_first_whatever_rule_told_it(study: Study, exchange) -> None:
    doubtful = exchange(study, "report", "load", verdict=Verdict(validity=Validity.UNKNOWN, checks=(), reason="no k6"))
    tones = [item.tone for item in findings(doubtful)]
    assert {"bad", "warn", "good", ""} <= set(tones)
    assert tones == sorted(tones, key=lambda tone: {"bad": 0, "warn": 1}.get(tone, 2))


def test_a_variant_that_confirms_later_is_told_so(study: Study) -> None:
    for number, view in enumerate(study.variants["recommended"].values()):
        assert view.figures
        slower = msgspec.structs.replace(view.figures, confirm_ms={"p50": 30.0, "p95": 72.0 + 6 * number})
        study.variants["recommended"][view.run.profile.name] = dataclasses.replace(view, figures=slower)
    (found,) = [item for item in findings(study) if item.unit == "ratio of the p95 to confirm"]
    assert found.sentence == (
        "Variant recommended against report, p95 of the time from accept to confirm: from 1.62× slower (load) to "
        "2.12× slower (peak-2000) (one run each, so without a noise floor: exploratory)."
    )
    assert len(found.runs) == 10, "smoke has too few coupons"


def test_equal_ratios_are_those_of_every_profile(study: Study) -> None:
    (found,) = [item for item in findings(study) if item.unit == "ratio of the p95 to confirm"]
    assert "equal on each of 5 profiles" in found.sentence


def test_milder_against_steeper_is_one_run_each_too(study: Study) -> None:
    steps = [item.sentence for item in findings(study) if " against stress-100: " in item.sentence]
    assert len(steps) == 2
    assert all(text.endswith(" (one run each, so without a noise floor: exploratory).") for text in steps)


def guess(name: str) -> Guess:
    fields = {"section": "5.1", "kind": "guess", "rule": "saturation", "quote": "", "says": ""}
    return Guess(id=name, profiles=("load",), **fields)  # type: ignore[arg-type]


def test_what_became_of_the_guesses_is_a_sentence(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    became = (Decision.CONFIRMED, Decision.REFUTED, Decision.REFUTED, Decision.OPEN)
    names = ("queueing", "row-lock", "gc-pause", "more-workers")
    answers = tuple(
        Answer(guess=guess(name), decision=decision, reason="so") for name, decision in zip(names, became, strict=True)
    )
    monkeypatch.setattr(guesses, "answers", lambda _: answers)
    (found,) = [item for item in findings(study) if "guesses and measures" in item.sentence]
    assert found.sentence == (
        "Of the original's 4 guesses and measures, 1 is confirmed, 2 are refuted and 1 stays open "
        "(confirmed: queueing; refuted: row lock, gc pause; open: more workers)."
    )


def test_hostile_text_is_escaped(hostile: Study) -> None:
    markup = findings(hostile)._repr_html_()
    assert "<img" not in markup
    assert "&lt;img" in markup


def gone_wrong(study: Study, variant: str, profile: str, **outcomes: int) -> Study:
    """A study in which that run's thresholds on failures and successes are judged from these outcomes."""
    view = study.variants[variant][profile]
    assert view.figures
    total = sum(outcomes.values())
    failed = (outcomes.get("failed", 0) + outcomes.get("rejected", 0)) / total
    succeeded = outcomes["issued"] / total
    speed, failures, successes = view.figures.thresholds
    limits = (
        speed,
        msgspec.structs.replace(failures, value=failed, passed=failed < 0.15),
        msgspec.structs.replace(successes, value=succeeded, passed=succeeded > 0.85),
    )
    figures = msgspec.structs.replace(view.figures, requests=total, outcomes=outcomes, thresholds=limits)
    variants = {name: dict(views) for name, views in study.variants.items()}
    variants[variant][profile] = dataclasses.replace(view, figures=figures)
    return dataclasses.replace(study, variants=variants)


def told_of(study: Study, run: str) -> list[str]:
    """The sentences about ratios that rest on a run."""
    return [item.sentence for item in findings(study) if item.unit == "ratio of p95" and run in item.runs]


def test_a_run_whose_requests_failed_is_never_faster(study: Study) -> None:
    run = study.variants["recommended"]["peak-2000"].run.id
    assert len(told_of(study, run)) == 3
    wrong = gone_wrong(study, "recommended", "peak-2000", issued=655, failed=8891)
    assert told_of(wrong, run) == []
    assert (
        "peak-2000 · recommended: its times are held against no other run's: too many requests went wrong: "
        "http_req_failed rate<0.15 is missed (93.1 %)." in sentences(wrong)
    )


def test_a_sale_that_ended_may_be_faster(study: Study) -> None:
    run = study.variants["recommended"]["peak-2000"].run.id
    assert len(told_of(gone_wrong(study, "recommended", "peak-2000", issued=500, sold_out=9500), run)) == 3


def test_what_is_unknown_is_never_faster(study: Study, exchange) -> None:
    run = study.variants["recommended"]["peak-2000"].run.id
    verdict = Verdict(validity=Validity.UNKNOWN, checks=(), reason="evidence missing: V2")
    doubtful = exchange(study, "recommended", "peak-2000", verdict=verdict)
    assert told_of(doubtful, run) == []
    assert "peak-2000 · recommended: its times are held against no other run's: UNKNOWN: evidence" in sentences(
        doubtful
    )
    assert "peak-2000 · recommended: its times" in sentences(exchange(study, "recommended", "peak-2000", verdict=None))
