"""The original's three questions: every answer changes with what was measured, and says when it cannot be given."""

import json
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pandas as pd
import pytest

from rushlab.model.run import Fault
from rushlab.model.verdict import Audit, Status, Validity, Verdict
from rushlab.show.questions import ASKED, questions
from rushlab.show.reply import CANNOT_TELL, Reply
from rushlab.show.run_series import RunSeries
from rushlab.show.views import RunView, Study

BROKER, BOTTLENECK, LIMIT = ASKED


def reply(study: Study, asked: str, variant: str = "report") -> Reply:
    return next(one for one in questions(study).replies[asked] if one.variant == variant)


def changed(study: Study, profile: str, variant: str = "report", **figures: object) -> Study:
    view = study.variants[variant][profile]
    assert view.figures
    study.variants[variant][profile] = replace(view, figures=msgspec.structs.replace(view.figures, **figures))
    return study


def with_stages(view: RunView, **seconds: float) -> RunView:
    """The run with a service that timed its stages, 100 s of requests in all."""
    grown = {("request_sum", "{}"): 100.0, ("request_count", "{}"): 10.0}
    grown |= {("stage_sum", json.dumps({"stage": stage})): spent for stage, spent in seconds.items()}
    rows = [(*key, at, value) for key, total in grown.items() for at, value in ((0.0, 0.0), (50.0, total))]
    frame = pd.DataFrame(rows, columns=["name", "labels", "at", "value"])
    return replace(view, series=RunSeries(frame, None, 1.0, 60.0))


def test_every_variant_answers_every_question_and_names_its_runs(study: Study) -> None:
    for replies in questions(study).replies.values():
        assert [one.variant for one in replies] == ["report", "recommended"]
        assert all(one.finding.runs for one in replies)


def test_the_broker_is_judged_on_the_hardest_spike(study: Study) -> None:
    found = reply(changed(study, "peak-2000", drain_s=0.4), BROKER)
    assert (found.word, found.finding.tone, found.section) == ("yes", "good", "Peak test")
    assert "1,790 of 1,790 accepted coupons were confirmed by way of Kafka" in found.finding.sentence
    assert "95 of 100 within 48.0 ms of the answer, the last 0.4 s after" in found.finding.sentence
    assert (found.finding.value, found.finding.unit) == (48.0, "ms")
    assert found.finding.runs == (study.variants["report"]["peak-2000"].run.id,)
    del study.variants["report"]["peak-2000"]
    assert "On peak-1500" in reply(study, BROKER).finding.sentence


@pytest.mark.parametrize(
    ("figures", "word", "tone"),
    [
        ({"confirmed": 1700, "drain_s": None}, "no, coupons are missing", "bad"),
        ({"drain_s": 31.0}, "yes, but late", "warn"),
        ({"drain_s": 0.1, "confirm_ms": {"p95": 20_000.0}}, "yes, but late", "warn"),
        ({"confirmed": None, "reasons": {"confirmed": "Kafka was gone"}}, CANNOT_TELL, "warn"),
    ],
)
def test_a_broker_that_loses_or_lags_or_is_unknown(study: Study, figures: dict, word: str, tone: str) -> None:
    found = reply(changed(study, "peak-2000", **figures), BROKER)
    assert (found.word, found.finding.tone) == (word, tone)


def test_a_broker_whose_audit_does_not_pass_is_no_plain_yes(study: Study, exchange: Callable[..., Study]) -> None:
    audit = Audit(verdict=Status.UNKNOWN, invariants=(), counts={})
    found = reply(changed(exchange(study, "report", "peak-2000", audit=audit), "peak-2000", drain_s=0.1), BROKER)
    assert (found.word, found.finding.tone) == ("yes, as far as the audit (UNKNOWN) goes", "warn")


def test_without_a_spike_the_command_that_would_tell_is_named(study: Study) -> None:
    for name in ("peak-1500", "peak-2000"):
        del study.variants["report"][name]
    found = reply(study, BROKER)
    assert (found.word, found.finding.runs) == (CANNOT_TELL, ())
    assert "rushlab report --profiles peak-2000" in found.finding.sentence


@pytest.mark.parametrize(
    ("stages", "word"),
    [
        ({"lock": 80.0, "commit": 5.0}, "waiting for the coupon's lock in Redis"),
        ({"lock": 5.0, "pool": 60.0}, "waiting for a database connection"),
        ({"lock": 5.0}, "the rest: the event loop's turn, the request itself"),
    ],
)
def test_the_bottleneck_is_the_stage_that_held_the_slowest_run(study: Study, stages: dict, word: str) -> None:
    slowest = study.variants["report"]["stress-500"]
    study.variants["report"]["stress-500"] = with_stages(slowest, **stages)
    found = reply(study, BOTTLENECK)
    assert (found.word, found.section) == (word, "Stress test")
    assert (
        "On stress-500, the slowest profile, 95 of 100 answers came within 5.21 s, over the limit of 1.00 s"
        in found.finding.sentence
    )
    assert found.finding.value == pytest.approx(max(*stages.values(), 100 - sum(stages.values())) / 100)


@pytest.mark.parametrize(
    ("busy_s", "told"),
    [
        (57.0, "95.0 % busy (a mean over the whole run), load generator included, a bottleneck"),
        (30.0, "50.0 %"),
        (48.0, "80.0"),
    ],
)
def test_processors_are_told_beside_it(study: Study, busy_s: float, told: str) -> None:
    view = with_stages(study.variants["report"]["stress-500"], lock=80.0)
    run = msgspec.structs.replace(
        view.run, cpu_s={"host": busy_s}, cpu_over_s=60.0, environment=view.run.environment | {"host": {"cores": 1}}
    )
    study.variants["report"]["stress-500"] = replace(view, run=run)
    sentence = reply(study, BOTTLENECK).finding.sentence
    assert told in sentence
    assert "with room" not in sentence, "a mean over the whole run hides its height"
    older = msgspec.structs.replace(run, cpu_over_s=None)
    study.variants["report"]["stress-500"] = replace(view, run=older)
    assert "processors" not in reply(study, BOTTLENECK).finding.sentence


@pytest.mark.parametrize(
    ("percent", "rest"), [(190.0, ", a bottleneck of their own"), (160.0, ""), (100.0, ", with room")]
)
def test_processors_are_told_of_the_seconds_that_mattered(study: Study, percent: float, rest: str) -> None:
    """200 CPU seconds of load and drain, held against the load alone, would be more than all."""
    view = with_stages(study.variants["report"]["stress-500"], lock=80.0)
    rows = [("cpu_machine", "{}", 1.0 + second + 6.25, percent) for second in range(0, 50, 5)]
    frame = pd.concat([view.series.frame, pd.DataFrame(rows, columns=view.series.frame.columns)])
    run = msgspec.structs.replace(view.run, cpu_s={"host": 200.0}, environment={"host": {"cores": 2}})
    changed_view = course(replace(view, run=run, series=replace(view.series, frame=frame)), 100, *[5.0] * 40)
    study.variants["report"]["stress-500"] = changed_view
    told = f"; the processors were {percent / 2:.1f} % busy in its busiest 10 s, load generator included{rest}."
    assert told in reply(study, BOTTLENECK).finding.sentence


def test_no_user_feels_a_bottleneck_below_the_limit(study: Study) -> None:
    view = study.variants["recommended"]["peak-2000"]
    study.variants["recommended"]["peak-2000"] = with_stages(view, write=70.0)
    found = reply(study, BOTTLENECK, "recommended")
    assert (found.word, found.finding.tone) == ("none that a user would feel", "good")
    assert "95 of 100 answers came within 703 ms, below the limit" in found.finding.sentence
    assert "70.0 % of the time inside the service went to statements" in found.finding.sentence


def test_without_stages_the_bottleneck_is_not_known(study: Study) -> None:
    assert reply(study, BOTTLENECK).word == CANNOT_TELL


def course(view: RunView, vus: int, *p95_ms: float) -> RunView:
    frame = pd.DataFrame({"second": range(len(p95_ms)), "vus": vus, "requests": 331, "failed": 0, "p95_ms": p95_ms})
    return replace(view, timeline=frame.assign(p50_ms=1.0, p90_ms=1.0, max_ms=9999.0))


def test_the_limit_is_the_onset_with_the_fewest_users(study: Study) -> None:
    runs = study.variants["report"]
    for name in runs:
        runs[name] = course(runs[name], 100, *[5.0] * 8)
    runs["load"] = course(runs["load"], 700, 5, 5, 1500, 1500, 1500)
    runs["peak-2000"] = course(runs["peak-2000"], 400, 5, 1500, 1500, 1500, 5, 1500)
    found = reply(study, LIMIT)
    assert (found.word, found.finding.value) == ("reached with 400 to 700 virtual users, by profile", 400)
    assert found.finding.sentence.startswith(
        "On peak-2000 the p95 stayed over 1.00 s for 3 seconds in a row from second 1 (400 virtual users, 331 requests "
        "answered in it); it was over in 4 seconds of the run in all; at most 331 requests"
    )
    assert found.finding.runs == (runs["peak-2000"].run.id, runs["load"].run.id)
    del runs["load"]
    assert reply(study, LIMIT).word == "reached with 400 virtual users"


def test_seconds_before_the_row_are_not_denied_and_no_others_are_not_told(study: Study) -> None:
    runs = {"load": course(study.variants["report"]["load"], 1000, 5, 1500, 5, 1500, 1500, 1500)}
    told = reply(replace(study, variants={"report": runs}), LIMIT).finding.sentence
    assert "for 3 seconds in a row from second 3" in told
    assert "it was over in 4 seconds of the run in all" in told
    runs["load"] = course(runs["load"], 1000, 5, 1500, 1500, 1500)
    assert "in all" not in reply(replace(study, variants={"report": runs}), LIMIT).finding.sentence


def test_the_ceiling_is_that_of_every_run_and_counts_what_did_not_fail(study: Study) -> None:
    runs = study.variants["report"]
    for name in runs:
        runs[name] = course(runs[name], 100, *[5.0] * 8)
    runs["peak-2000"] = course(runs["peak-2000"], 400, 5, 1500, 1500, 1500)
    runs["stress-500"] = replace(runs["stress-500"], timeline=runs["stress-500"].timeline.assign(requests=737))
    runs["load"] = replace(runs["load"], timeline=runs["load"].timeline.assign(requests=2000, failed=1900))
    told = reply(study, LIMIT).finding.sentence
    assert told.endswith("at most 737 requests were answered in any second (stress-500).")


@pytest.mark.parametrize("how", ["stock", "refusals"])
def test_a_sale_that_ends_bears_no_load(study: Study, how: str) -> None:
    runs = study.variants["recommended"]
    for name in runs:
        runs[name] = course(runs[name], 100, *[5.0] * 8)
    sale = replace(runs["peak-2000"], timeline=runs["peak-2000"].timeline.assign(requests=9000))
    profile = msgspec.structs.replace(sale.run.profile, name="sold-out", stock=5000 if how == "stock" else None)
    figures = msgspec.structs.replace(sale.figures, p95_ms=900.0)
    if how == "refusals":
        figures = msgspec.structs.replace(figures, outcomes={"issued": 400, "sold_out": 4080})
    runs["sold-out"] = replace(sale, run=msgspec.structs.replace(sale.run, profile=profile), figures=figures)
    found = reply(study, LIMIT, "recommended")
    assert "On peak-2000, up to 2,000 virtual users and 331 answers in a second" in found.finding.sentence
    assert "on none of 5 runs" in found.finding.sentence
    runs["sold-out"] = course(runs["sold-out"], 50, 5, 1500, 1500, 1500)
    assert reply(study, LIMIT, "recommended").word == "not reached with 2,000 virtual users"


def test_a_load_whose_requests_went_wrong_was_not_borne(study: Study) -> None:
    view = course(study.variants["report"]["peak-2000"], 100, *[5.0] * 8)
    missed = tuple(
        msgspec.structs.replace(one, value=0.6, passed=False) if one.metric == "http_req_failed" else one
        for one in view.figures.thresholds
    )
    figures = msgspec.structs.replace(view.figures, thresholds=missed)
    only = replace(study, variants={"report": {"peak-2000": replace(view, figures=figures)}})
    assert reply(only, LIMIT).word == CANNOT_TELL


def test_a_run_that_was_broken_on_purpose_answers_none_of_the_questions(
    study: Study, exchange: Callable[..., Study]
) -> None:
    stop = Fault(what="pause", process="service", start=0.0, end=5.0)
    only = replace(study, variants={"report": {"peak-2000": study.variants["report"]["peak-2000"]}})
    for asked, replies in questions(exchange(only, "report", "peak-2000", faults=(stop,))).replies.items():
        assert [one.word for one in replies] == [CANNOT_TELL], asked


def test_a_limit_that_was_not_reached_says_how_far_it_was_tried(study: Study) -> None:
    runs = study.variants["recommended"]
    for name in runs:
        runs[name] = course(runs[name], 100, *[5.0] * 8)
    found = reply(study, LIMIT, "recommended")
    assert (found.word, found.finding.tone) == ("not reached with 2,000 virtual users", "good")
    assert "331 answers in a second, the p95 was 703 ms; on none of 5 runs" in found.finding.sentence
    slow = reply(changed(study, "peak-2000", "recommended", p95_ms=1700.0), LIMIT, "recommended")
    assert (slow.word, slow.finding.tone) == ("cannot tell from seconds", "warn")


def test_a_doubtful_run_says_so_and_an_invalid_one_says_nothing(study: Study, exchange: Callable[..., Study]) -> None:
    unknown = Verdict(validity=Validity.UNKNOWN, checks=(), reason="no counts")
    doubtful = exchange(study, "report", "peak-2000", verdict=unknown)
    assert "This run is doubtful: UNKNOWN: no counts." in reply(doubtful, BROKER).finding.sentence
    invalid = exchange(
        study, "report", "peak-2000", verdict=msgspec.structs.replace(unknown, validity=Validity.INVALID)
    )
    assert "On peak-1500" in reply(invalid, BROKER).finding.sentence


def test_hostile_names_stay_text(hostile: Study) -> None:
    markup = questions(hostile)._repr_html_()
    assert "<img" not in markup
    assert "</script>" not in markup
