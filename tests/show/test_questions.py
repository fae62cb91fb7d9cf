"""The original's three questions: every answer changes with what was measured, and says when it cannot be given."""

import json
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pandas as pd
import pytest

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
    ("busy_s", "told"), [(57.0, "95.0 % busy, load generator included, a bottleneck"), (30.0, "50.0 %"), (48.0, "80.0")]
)
def test_processors_are_told_beside_it(study: Study, busy_s: float, told: str) -> None:
    view = with_stages(study.variants["report"]["stress-500"], lock=80.0)
    elapsed = view.run.load.elapsed_s
    run = msgspec.structs.replace(
        view.run, cpu_s={"host": busy_s / 60 * elapsed}, environment=view.run.environment | {"host": {"cores": 1}}
    )
    study.variants["report"]["stress-500"] = replace(view, run=run)
    sentence = reply(study, BOTTLENECK).finding.sentence
    assert told in sentence
    assert ("with room" in sentence) is (busy_s < 42)


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
    assert "first went over 1.00 s on peak-2000 in second 1 (400 virtual users, 331 requests" in found.finding.sentence
    assert "answered in it), for 3 seconds, for 4 of all its seconds; in no second" in found.finding.sentence
    assert found.finding.runs == (runs["peak-2000"].run.id, runs["load"].run.id)
    del runs["load"]
    assert reply(study, LIMIT).word == "reached with 400 virtual users"


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
