"""Guesses decided from literal facts: each rule in every direction, and no answer that ignores what was measured."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from rushlab.judge.guess_answers import poison_batches, stop_holder
from rushlab.judge.guess_busy import Busy
from rushlab.judge.guess_facts import RunFacts, Trial
from rushlab.judge.guesses import RULES, answer, from_trials
from rushlab.model.guess import Decision, Guess, GuessList
from rushlab.model.run import Fault
from rushlab.model.verdict import Status
from rushlab.world.faults import parse_fault

CONFIRMED, REFUTED, OPEN = Decision
GUESSES = msgspec.json.decode(
    (Path(__file__).parents[2] / "data/reference/guesses.json").read_bytes(), type=GuessList
).guesses
BY_ID = {guess.id: guess for guess in GUESSES}


#: The service stopped for five seconds.
STOP = Fault(what="pause", process="service", start=100.0, end=105.0)


def replace_end(fault: Fault, end: float) -> Fault:
    return msgspec.structs.replace(fault, end=end)


KNOBS = {
    "reservation": "redis-lock",
    "workers": 1,
    "lock_ttl": 3.0,
    "lock_watchdog": True,
    "consumer_mode": "batch",
}
#: With a second process of the service, which could take a lock that ran out.
TWO = KNOBS | {"workers": 2}


def run(profile: str = "stress-500", **changes) -> RunFacts:
    facts = RunFacts(
        run=f"run-of-{profile}",
        profile=profile,
        variant="report",
        requests=10_000,
        failed=0,
        mean_ms=1000.0,
        median_ms=1100.0,
        p95_ms=2600.0,
        limit_ms=1000.0,
        bound=20_000,
        confirm_p95_ms=150.0,
        drain_s=0.1,
        load_s=100.0,
        cores=2,
        knobs=KNOBS,
        cpu_s={"host": 100.0, "service": 20.0},
        cpu_over_s=100.0,
        stage_s={"lock": 9000.0, "pool": 5.0, "write": 200.0, "commit": 400.0},
        gc_s={"service": 0.3, "broker": 0.1},
    )
    return replace(facts, **changes)


def decide(name: str, *runs: RunFacts):
    return answer(BY_ID[name], {one.profile: one for one in runs})


def test_every_rule_is_there_and_used() -> None:
    assert {guess.rule for guess in GUESSES} == set(RULES)


@pytest.mark.parametrize(
    ("name", "changes", "decision"),
    [
        ("failed-or-aborted", {}, REFUTED),
        ("failed-or-aborted", {"failed": 2_000}, CONFIRMED),
        ("failed-or-aborted", {"failed": 500}, OPEN),
        ("broker-slows-replies", {}, REFUTED),
        ("broker-slows-replies", {"drain_s": 30.0}, OPEN),
        ("broker-slows-replies", {"confirm_p95_ms": 2000.0}, OPEN),
        ("broker-slows-replies", {"p95_ms": 800.0}, OPEN),
        ("broker-slows-replies", {"confirm_p95_ms": None}, OPEN),
        ("broker-slows-replies", {"drain_s": None, "issued": 9000, "unconfirmed": 4000}, OPEN),
        ("consumption-lags", {}, REFUTED),
        ("consumption-lags", {"drain_s": 40.0, "confirm_p95_ms": 9000.0}, CONFIRMED),
        ("consumption-lags", {"drain_s": 40.0}, OPEN),
        ("consumption-lags", {"drain_s": None, "confirm_p95_ms": None}, OPEN),
        ("consumption-lags", {"drain_s": None, "issued": 9000, "unconfirmed": 4000}, CONFIRMED),
        ("consumption-lags", {"issued": 9000, "unconfirmed": 0}, REFUTED),
        ("consumption-lags", {"confirm_p95_ms": 1001.0}, OPEN),
        ("consumption-lags", {"confirm_p95_ms": 9000.0}, CONFIRMED),
        ("consumption-lags", {"confirm_p95_ms": 900.0, "p95_ms": 500.0}, REFUTED),
        ("consumption-lags", {"drain_s": 1.1, "confirm_p95_ms": 900.0, "p95_ms": 500.0}, CONFIRMED),
        ("broker-slows-replies", {"p95_ms": 9000.0, "confirm_p95_ms": 1001.0}, OPEN),
        ("row-locks", {}, REFUTED),
        ("row-locks", {"row_lock_s": 3000.0}, CONFIRMED),
        ("row-locks", {"row_lock_s": 300.0}, OPEN),
        ("row-locks", {"row_lock_s": 1.0}, REFUTED),
        ("row-locks", {"stage_s": {"write": 5000.0}}, OPEN),
        ("row-locks", {"stage_s": None}, OPEN),
        ("garbage-collection", {}, REFUTED),
        ("garbage-collection", {"gc_s": {"service": 0.3, "broker": 20.0}}, CONFIRMED),
        ("garbage-collection", {"gc_s": None}, OPEN),
        ("resources", {}, OPEN),
        ("resources", {"busy_when": {"host": Busy(0.5, "in its busiest 10 s")}}, REFUTED),
        ("resources", {"cpu_s": {"host": 195.0}}, CONFIRMED),
        ("resources", {"cpu_s": {"host": 390.0}, "cpu_over_s": 300.0}, OPEN),
        ("resources", {"cpu_s": {"host": 390.0}, "cpu_over_s": None}, OPEN),
        ("resources", {"cpu_s": {"host": 160.0}}, OPEN),
        ("resources", {"cpu_s": None}, OPEN),
        ("pool-size", {}, REFUTED),
        ("pool-size", {"stage_s": {"pool": 5000.0}}, OPEN),
        ("pool-size", {"stage_s": None}, OPEN),
        ("narrow-lock", {}, OPEN),
        ("narrow-lock", {"stage_s": {"lock": 1.0}}, REFUTED),
        ("narrow-lock", {"knobs": {"reservation": "redis-lua"}}, OPEN),
        ("partitions-and-consumers", {}, REFUTED),
        ("partitions-and-consumers", {"drain_s": 40.0}, OPEN),
        ("failures-one-by-one", {}, OPEN),
        ("failures-one-by-one", {"set_aside": Status.PASS}, CONFIRMED),
        ("failures-one-by-one", {"set_aside": Status.FAIL}, REFUTED),
        ("failures-one-by-one", {"set_aside": Status.PASS, "knobs": KNOBS | {"consumer_mode": "single"}}, OPEN),
        ("failures-one-by-one", {"set_aside": Status.FAIL, "knobs": KNOBS | {"consumer_mode": "async"}}, OPEN),
        ("watchdog", {}, OPEN),
        ("watchdog", {"holder_stopped": Status.PASS, "faults": (STOP,), "knobs": TWO}, CONFIRMED),
        ("watchdog", {"holder_stopped": Status.FAIL, "faults": (STOP,), "knobs": TWO}, REFUTED),
        ("watchdog", {"holder_stopped": Status.PASS, "faults": (STOP,)}, OPEN),
        ("watchdog", {"holder_stopped": Status.UNKNOWN, "faults": (STOP,)}, OPEN),
        ("watchdog", {"holder_stopped": Status.NA, "faults": (replace_end(STOP, 102.0),)}, OPEN),
    ],
)
def test_a_cause_is_confirmed_refuted_or_left_open_by_its_own_figure(name: str, changes, decision: Decision) -> None:
    assert decide(name, run(**changes)).decision is decision


def test_a_poisoned_run_says_in_which_mode_it_consumed() -> None:
    single = run(set_aside=Status.PASS, knobs=KNOBS | {"consumer_mode": "single"})
    found = decide("failures-one-by-one", single)
    assert "consumed in mode single, which says nothing of batches" in found.reason
    assert found.command == (
        "rushlab run load --variant report --scale full --set consumer_mode=batch --fault poison@5"
    )
    told = decide("failures-one-by-one", run("load"), run(set_aside=Status.PASS))
    assert (told.decision, told.runs) == (CONFIRMED, ("run-of-stress-500",)), "the run with poisonous messages decides"


def test_of_several_poisoned_runs_one_in_batches_decides_and_one_that_failed_before_others() -> None:
    single = run("load", set_aside=Status.FAIL, knobs=KNOBS | {"consumer_mode": "single"})
    passed, failed = run("steady", set_aside=Status.PASS), run("stress-500", set_aside=Status.FAIL)
    found = decide("failures-one-by-one", single, passed)
    assert (found.decision, found.runs) == (CONFIRMED, ("run-of-steady",))
    assert decide("failures-one-by-one", single, passed, failed).runs == ("run-of-stress-500",)
    stops = {"faults": (STOP,), "holder_stopped": Status.PASS, "knobs": TWO}
    broken = run("stress-500", **stops | {"holder_stopped": Status.FAIL})
    assert decide("watchdog", run("load", **stops), broken).decision is REFUTED


def test_what_is_to_stand_beside_the_runs_is_made_at_their_scale() -> None:
    demo = run("load", scale=0.1)
    assert decide("watchdog", demo).command == (
        "rushlab run load --variant report --scale demo --set workers=2 --fault pause:service@3+5"
    )
    assert "--scale demo --set consumer_mode=batch --fault poison@3" in decide("failures-one-by-one", demo).command
    between = run(scale=0.2, busy_when={"host": Busy(0.8, "in its busiest 10 s")})
    assert decide("resources", between).command == "rushlab run peak-2000 --variant report --scale 0.2"
    assert decide("queueing", run(scale=0.1)).command == "rushlab report --profiles stress-500,smoke --scale demo"
    assert answer(BY_ID["pool"], {}, (), 0.1).command == "rushlab report --profiles peak-2000 --scale demo"


def test_a_lock_runs_out_only_under_a_holder_that_was_stopped_for_longer() -> None:
    never = decide("watchdog", run("load"))
    assert "no holder of the lock was stopped on load" in never.reason
    assert never.command == "rushlab run load --variant report --scale full --set workers=2 --fault pause:service@30+5"
    short = decide("watchdog", run(faults=(replace_end(STOP, 102.0),), holder_stopped=Status.NA))
    assert "stopped for 2.0 s, within the lock's 3 s" in short.reason
    longer = decide("watchdog", run(knobs=KNOBS | {"lock_ttl": 30.0}))
    assert (
        longer.command == "rushlab run load --variant report --scale full --set workers=2 --fault pause:service@30+32"
    )
    held = decide("watchdog", run("load"), run(faults=(STOP,), holder_stopped=Status.PASS, knobs=TWO))
    assert (held.decision, held.runs) == (CONFIRMED, ("run-of-stress-500",))
    assert "stopped for 5.0 s, longer than the lock's 3 s" in held.reason
    alone = decide("watchdog", run(faults=(STOP,), holder_stopped=Status.NA))
    assert alone.reason.endswith("on stress-500, where no other process could have taken it")
    without = decide("watchdog", run(faults=(STOP,), knobs={"reservation": "redis-lua"}))
    assert "variant report has no lock" in without.reason


@pytest.mark.parametrize("scale", [1.0, 0.1, 0.05])
@pytest.mark.parametrize("command", [poison_batches, stop_holder])
def test_the_commands_that_break_something_are_understood(command, scale: float) -> None:
    assert parse_fault(command(scale).rpartition("--fault ")[2])


@pytest.mark.parametrize(("share", "decision"), [(0.2, REFUTED), (0.8, OPEN), (0.95, CONFIRMED)])
def test_the_services_thread(share: float, decision: Decision) -> None:
    found = decide("threads", run("peak-2000", busy_when={"service": Busy(share, "in its busiest 10 s")}))
    assert (found.decision, found.value) == (decision, share)


@pytest.mark.parametrize(("other", "decision"), [(12_000, CONFIRMED), (9_000, REFUTED)])
def test_fewer_requests_takes_both_profiles(other: int, decision: Decision) -> None:
    assert decide("fewer-requests", run(), run("stress-100", requests=other)).decision is decision
    assert decide("fewer-requests", run()).decision is OPEN


def test_requests_that_failed_were_not_answered() -> None:
    found = decide("fewer-requests", run(failed=1_000), run("stress-100", requests=9_500))
    assert (found.decision, found.value) == (CONFIRMED, pytest.approx(9_000 / 9_500))
    assert found.reason == "9,000 requests answered on stress-500, 9,500 on stress-100"


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("fewer-requests", (run("stress-100", requests=9_000),)),
        ("queueing", (run("smoke", median_ms=1050.0),)),
        ("saturation", (run("peak-1500", requests=7_000, bound=10_000),)),
    ],
)
def test_a_run_that_may_be_held_against_no_other_decides_nothing_beside_one(name: str, others) -> None:
    mine = run(BY_ID[name].profiles[0], bound=26_000)
    assert decide(name, mine, *others).decision is REFUTED
    why = "too many requests went wrong: http_req_failed rate<0.15 is missed (72.7 %)"
    for runs in ((replace(mine, doubt=why), *others), (mine, *(replace(one, doubt=why) for one in others))):
        found = decide(name, *runs)
        assert found.decision is OPEN
        assert found.reason.endswith(f"is held against no other run: {why}")
        assert found.command.startswith("rushlab report --profiles ")


def test_no_negative_number_of_requests_was_never_sent() -> None:
    assert (
        "the 10,000 that the schedule allows beyond them were never sent" in decide("failed-or-aborted", run()).reason
    )
    assert "never sent" not in decide("failed-or-aborted", run(requests=20_020)).reason


def test_a_dozen_requests_refute_no_share_of_failures() -> None:
    found = decide("failed-or-aborted", run(requests=12))
    assert (found.decision, found.value) == (OPEN, 0.0)
    assert found.reason.endswith("stress-500 has 12 requests only")
    assert decide("failed-or-aborted", run(requests=100)).decision is REFUTED


def test_a_guess_at_why_there_were_fewer_takes_that_there_were() -> None:
    milder = run("stress-100", requests=9_500)
    found = decide("failed-or-aborted", run(), milder)
    told = "there were not fewer here (10,000 answered against 9,500 on stress-100); and 0 of 10,000 requests failed"
    assert (found.decision, found.reason[: len(told)]) == (REFUTED, told)
    assert decide("failed-or-aborted", run(requests=13_000, failed=2_000), milder).decision is OPEN
    assert decide("failed-or-aborted", run(failed=2_000), milder).decision is CONFIRMED
    assert "not fewer" not in decide("failed-or-aborted", run(), replace(milder, doubt="UNKNOWN")).reason


def test_coupons_that_were_not_confirmed_in_the_end_are_behind_and_not_unknown() -> None:
    found = decide("consumption-lags", run(drain_s=None, confirm_p95_ms=None, issued=9_000, unconfirmed=4_000))
    assert (found.decision, found.value) == (CONFIRMED, pytest.approx(4 / 9))
    assert "4,000 of 9,000 coupons were still not confirmed when the wait for them ended" in found.reason
    assert "something to gain" not in decide("partitions-and-consumers", run(drain_s=None)).reason


def test_a_share_has_the_same_digits_in_the_sentence_and_beside_it() -> None:
    found = decide("pool-size", run(stage_s={"pool": 0.00001}))
    assert "requests spent < 0.001 % waiting for a database connection" in found.reason
    gained = decide("narrow-lock", run(stage_s={"lock": 9_985.0}))
    assert gained.reason == (
        "of the time that users waited on stress-500, requests spent 99.9 % waiting for the Redis lock: "
        "at most so much could be gained"
    )


MILDER = {"requests": 19_000, "bound": 20_000, "p95_ms": 500.0}


@pytest.mark.parametrize(("requests", "decision"), [(19_000, CONFIRMED), (24_700, REFUTED), (22_800, OPEN)])
def test_saturation_is_more_users_without_more_requests(requests: int, decision: Decision) -> None:
    milder = run("peak-1500", **MILDER)
    assert decide("saturation", run("peak-2000", requests=requests, bound=26_000), milder).decision is decision


@pytest.mark.parametrize("trouble", [{"p95_ms": 1481.0}, {"requests": 17_000}, {"requests": 17_000, "limit_ms": None}])
def test_what_was_saturated_before_was_not_saturated_in_between(trouble: dict) -> None:
    found = decide("saturation", run("peak-2000", bound=26_000), run("peak-1500", **MILDER | trouble))
    assert found.decision is REFUTED
    assert "saturated on peak-1500 already" in found.reason
    share = 85.0 if "requests" in trouble else 95.0
    assert f"peak-1500 did {share:.1f} % of what its schedule allows" in found.reason
    assert "peak-2000 38.5 % (p95 2,600 ms)" in found.reason


@pytest.mark.parametrize(("median", "decision"), [(1000.0, CONFIRMED), (15.0, OPEN), (4.0, REFUTED)])
def test_queueing_is_a_median_far_above_a_lone_users(median: float, decision: Decision) -> None:
    assert decide("queueing", run(median_ms=median), run("smoke", median_ms=2.5)).decision is decision


def test_a_ratio_says_when_it_rests_on_few_requests() -> None:
    alone = run("smoke", median_ms=2.5, requests=10)
    assert "smoke has 10 requests only" in decide("queueing", run(), alone).reason
    assert "requests only" not in decide("queueing", run(), run("smoke", median_ms=2.5, requests=100)).reason


def test_seconds_agree_with_the_share_that_they_make() -> None:
    found = decide("garbage-collection", run(gc_s={"broker": 0.11628}, load_s=511.19))
    assert found.reason == "the process stopped longest was the broker: 0.12 s of 511 s on stress-500"
    assert found.value == pytest.approx(0.11628 / 511.19)


@pytest.mark.parametrize("name", ["threads", "resources"])
def test_a_processor_is_judged_when_it_mattered_not_on_the_whole(name: str) -> None:
    process = {"threads": "service", "resources": "host"}[name]
    mean = decide(name, run(BY_ID[name].profiles[0]))
    assert (mean.decision, mean.value) == (OPEN, {"threads": 0.2, "resources": 0.5}[name])
    assert "a mean over the whole run" in mean.reason
    assert "hides how busy it was at its height" in mean.reason
    spike = run(BY_ID[name].profiles[0], busy_when={process: Busy(0.95, "in the 20 seconds of trouble")})
    found = decide(name, spike)
    assert (found.decision, found.value) == (CONFIRMED, 0.95)
    assert "95.0 % busy in the 20 seconds of trouble" in found.reason


def test_what_one_load_leaves_open_another_may_decide() -> None:
    between, spike, idle = ({"busy_when": {"host": Busy(share, "in its busiest 10 s")}} for share in (0.8, 0.95, 0.5))
    alone = decide("resources", run(**between))
    assert (alone.decision, alone.command) == (OPEN, "rushlab run peak-2000 --variant report --scale full")
    found = decide("resources", run(**between), run("peak-2000", **spike))
    assert (found.decision, found.runs) == (CONFIRMED, ("run-of-peak-2000",))
    both = decide("resources", run(**between), run("peak-2000", **between))
    assert (both.decision, both.runs) == (OPEN, ("run-of-stress-500",))
    assert both.command == "rushlab report --variants report --profiles stress-500,peak-2000 --scale full --repeat 5"
    assert decide("resources", run(**idle), run("peak-2000", **spike)).decision is CONFIRMED
    for runs in ((run(**between), run("peak-2000", **idle)), (run(**idle), run("peak-2000", **between))):
        assert decide("resources", *runs).decision is OPEN, "one idle load refutes nothing that another leaves open"
    refuted = decide("resources", run(**idle), run("peak-2000", **idle))
    assert (refuted.decision, refuted.runs) == (REFUTED, ("run-of-stress-500",))


def test_processors_that_no_sample_tells_of_are_not_known() -> None:
    found = decide("resources", run(cpu_over_s=None), run("peak-2000", busy_when={"host": Busy(0.5, "there")}))
    assert (found.decision, found.value) == (OPEN, None)
    assert "how busy the processors were during the load of stress-500 is not known" in found.reason
    assert found.command.endswith("--scale full --repeat 5")


def test_a_thread_is_told_for_what_it_is() -> None:
    told = decide("threads", run("peak-2000")).reason
    assert "the service has no pool of threads: one thread serves all requests of a worker" in told


def test_queueing_is_not_decided_from_the_lone_user_alone() -> None:
    found = decide("queueing", run("smoke"))
    assert (found.decision, found.reason) == (OPEN, "there is no usable run of stress-500")


def test_without_its_runs_a_guess_is_open_and_names_the_command_that_makes_them() -> None:
    found = answer(BY_ID["pool"], {})
    assert found.decision is OPEN
    assert found.command == "rushlab report --profiles peak-2000 --scale full"


def test_what_only_an_experiment_settles_names_it() -> None:
    found = decide("narrow-lock", run())
    assert (found.decision, found.command) == (OPEN, "rushlab tune plans/lock-scope.yaml")
    assert found.value == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("verdict", "decision"),
    [("better", CONFIRMED), ("worse", REFUTED), ("equivalent", REFUTED), ("inconclusive", OPEN)],
)
def test_an_experiment_on_the_measures_own_knobs_decides_before_any_run(verdict: str, decision: Decision) -> None:
    found = answer(BY_ID["narrow-lock"], {"stress-500": run()}, [trial(verdict)])
    assert (found.decision, found.runs, found.value) == (decision, ("lock-scope-1",), 0.5)
    assert answer(BY_ID["pool-size"], {"stress-500": run()}, [trial(verdict)]).runs == ("run-of-stress-500",)


def trial(verdict: str, changes=None, **more) -> Trial:
    fields = {
        "experiment": "lock-scope-1",
        "arm": "narrow",
        "against": "baseline",
        "changes": changes or {"lock_scope": ("wide", "narrow")},
        "metric": "accept p95",
        "verdict": verdict,
        "ratio": 0.5,
        "interval": (0.4, 0.6),
    }
    return Trial(**fields | more)


@pytest.mark.parametrize(
    ("name", "changes", "same"),
    [
        ("pool-size", {"pool_size": (10, 20)}, True),
        ("pool-size", {"pool_size": (10, 2)}, False),
        ("pool-size", {"pool_size": (10, 20), "outbox": ("per-request", "grouped")}, False),
        ("partitions-and-consumers", {"partitions": (1, 4), "consumers": (1, 4)}, True),
        ("partitions-and-consumers", {"partitions": (1, 4), "partition_key": ("coupon", "user")}, True),
        ("partitions-and-consumers", {"partitions": (4, 1)}, False),
        ("batch-or-async", {"consumer_mode": ("single", "async")}, True),
        ("batch-or-async", {"consumer_mode": ("batch", "single")}, False),
        ("atomic", {"reservation": ("redis-lock", "redis-lua")}, True),
        ("atomic", {"reservation": ("redis-lock", "db-lock")}, False),
        ("watchdog", {"lock_ttl": (30.0, 3.0)}, True),
        ("watchdog", {}, False),
    ],
)
def test_a_trial_counts_only_when_it_changes_the_measures_knobs_its_way(name: str, changes: dict, same: bool) -> None:
    assert BY_ID[name].carried_out_by(changes) is same
    found = answer(BY_ID[name], {}, [trial("worse", changes)] if changes else [])
    assert (found.decision is REFUTED) is same


@pytest.mark.parametrize(
    ("verdicts", "decision"),
    [
        (("better", "equivalent"), CONFIRMED),
        (("better", "inconclusive"), CONFIRMED),
        (("better", "worse"), OPEN),
        (("equivalent", "worse"), REFUTED),
        (("equivalent", "inconclusive"), OPEN),
    ],
)
def test_several_trials_of_one_measure_are_taken_together(verdicts, decision: Decision) -> None:
    trials = [trial(one, experiment=f"e-{place}") for place, one in enumerate(verdicts)]
    found = answer(BY_ID["narrow-lock"], {}, trials)
    assert found.decision is decision
    assert set(found.runs) == {"e-0", "e-1"}
    assert all(one in found.reason for one in verdicts)


@pytest.mark.parametrize("guess", [one for one in GUESSES if one.kind == "measure"], ids=lambda guess: guess.id)
def test_no_answer_of_an_experiment_is_open_without_a_command(guess: Guess) -> None:
    values = {"more": (1, 2), "less": (2, 1), None: (1, 2)}
    for knob in guess.knobs:
        towards = guess.towards.get(knob)
        changes = {knob: ("other", towards[0]) if isinstance(towards, tuple) else values[towards]}
        for verdict, fields in (("inconclusive", {}), ("inconclusive", {"trap": True}), ("equivalent", {"rate": True})):
            found = from_trials(guess, [trial(verdict, changes, **fields)])
            assert found.decision is OPEN
            assert found.command and found.command.startswith("rushlab ")


def test_a_trap_refutes_only_where_nothing_else_was_tried() -> None:
    trap = trial("equivalent", {"pool_size": (10, 30)}, arm="pool", trap=True)
    helped = trial("better", {"pool_size": (2, 20)}, arm="twenty", experiment="pool-size-1", ratio=0.3)
    alone, both = answer(BY_ID["pool-size"], {}, [trap]), answer(BY_ID["pool-size"], {}, [trap, helped])
    assert (alone.decision, both.decision, both.value) == (REFUTED, CONFIRMED, 0.3)
    assert "pool_size 10 → 30 ('pool' against 'baseline'): equivalent, where no effect was expected" in both.reason
    assert both.runs == ("pool-size-1", "lock-scope-1")


def test_an_undecided_trap_leaves_the_word_to_the_run() -> None:
    trap = trial("inconclusive", {"pool_size": (10, 30)}, trap=True)
    found = answer(BY_ID["pool-size"], {"stress-500": run()}, [trap])
    assert (found.decision, found.runs) == (REFUTED, ("run-of-stress-500",))
    alone = answer(BY_ID["pool-size"], {}, [trap])
    assert (alone.decision, alone.runs) == (OPEN, ("lock-scope-1",))


def test_a_rate_that_no_arm_can_raise_above_the_load_refutes_nothing_when_it_is_equal() -> None:
    changes = {"partitions": (1, 4), "consumers": (1, 4), "partition_key": ("coupon", "user")}
    met = trial("equivalent", changes, rate=True)
    trap = trial("equivalent", {"partitions": (1, 4)}, trap=True)
    for trials in ([met], [met, trap]):
        found = answer(BY_ID["partitions-and-consumers"], {"stress-500": run(drain_s=40.0)}, trials)
        assert (found.decision, found.runs) == (OPEN, ("run-of-stress-500",))
    alone = from_trials(BY_ID["partitions-and-consumers"], [met])
    assert alone.decision is OPEN
    assert "which says nothing: both may have met the load" in alone.reason
    for verdict, decision in (("better", CONFIRMED), ("worse", REFUTED)):
        told = trial(verdict, changes, rate=True)
        assert from_trials(BY_ID["partitions-and-consumers"], [met, told]).decision is decision


def test_an_undecided_trial_says_why_it_is_and_what_it_changed() -> None:
    why = "-67.8 %, interval 0.107 to 0.966, but it does not stand after Holm's correction over 8 comparisons"
    found = from_trials(BY_ID["narrow-lock"], [trial("inconclusive", reason=why)])
    told = f"lock_scope wide → narrow ('narrow' against 'baseline'): inconclusive, accept p95 × 0.500: {why}"
    assert found.reason == f"experiments: {told}"
    assert why not in from_trials(BY_ID["narrow-lock"], [trial("better", reason=why)]).reason


#: Per rule a change of the facts that must change what is said.
TELLING = {
    "fewer_requests": {"requests": 9_999},
    "failures": {"failed": 1},
    "queueing": {"median_ms": 1101.0},
    "broker_slows_replies": {"confirm_p95_ms": 151.0},
    "consumption_lags": {"confirm_p95_ms": 151.0},
    "row_locks": {"stage_s": {"write": 300.0}},
    "garbage_collection": {"gc_s": {"service": 0.4}},
    "resources": {"cpu_s": {"host": 110.0}},
    "saturation": {"requests": 9_000},
    "threads": {"cpu_s": {"service": 30.0}},
    "pool": {"stage_s": {"pool": 50.0}},
    "relieve_pool": {"stage_s": {"pool": 50.0}},
    "relieve_lock": {"stage_s": {"lock": 800.0}},
    "relieve_database": {"stage_s": {"commit": 800.0}},
    "relieve_consumption": {"confirm_p95_ms": 151.0},
    "failures_one_by_one": {"set_aside": Status.PASS},
    "watchdog": {"faults": (STOP,), "holder_stopped": Status.PASS, "knobs": TWO},
}


@pytest.mark.parametrize("guess", GUESSES, ids=lambda guess: guess.id)
def test_no_answer_stays_the_same_whatever_was_measured(guess: Guess) -> None:
    profiles = ("smoke", "stress-100", "stress-500", "peak-1500", "peak-2000")
    runs = {name: run(name, bound={"peak-2000": 26_000}.get(name, 20_000)) for name in profiles}
    name = next(name for name in guess.profiles if name in runs)
    changed = runs | {name: replace(runs[name], **TELLING[guess.rule])}
    assert answer(guess, runs).reason != answer(guess, changed).reason


#: What the facts of a run may be, besides the literal ones: unknown, or between two bounds.
FACTS = [
    {},
    dict.fromkeys(("mean_ms", "median_ms", "p95_ms", "confirm_p95_ms", "drain_s", "bound", "cpu_s", "stage_s", "gc_s")),
    {"failed": 500, "cpu_s": {"host": 160.0, "service": 80.0}, "gc_s": {"service": 3.0}, "median_ms": 15.0},
    {"stage_s": dict.fromkeys(("pool", "lock", "write"), 500.0), "row_lock_s": 300.0, "drain_s": 40.0},
    {"knobs": {"reservation": "redis-lua"}, "p95_ms": 800.0, "requests": 19_000},
    {"faults": (STOP,), "holder_stopped": Status.UNKNOWN, "set_aside": Status.UNKNOWN},
]


@pytest.mark.parametrize("guess", GUESSES, ids=lambda guess: guess.id)
@pytest.mark.parametrize("changes", FACTS)
def test_no_answer_of_a_rule_is_open_without_a_command(guess: Guess, changes: dict) -> None:
    steeper = {"peak-2000": {"bound": 26_000, "requests": 22_800}}
    lone = {"smoke": {"median_ms": 2.5}}
    for profiles in ((), guess.profiles[:1], ("smoke", "stress-100", "stress-500", "peak-1500", "peak-2000", "load")):
        runs = {name: run(name, **changes | steeper.get(name, {}) | lone.get(name, {})) for name in profiles}
        found = answer(guess, runs)
        assert found.decision is not OPEN or (found.command or "").startswith("rushlab ")
