"""Every process of the stack killed, stopped, slowed or fed poison under load: every coupon is accounted for."""

from __future__ import annotations

import pytest

from rushlab.flows import single
from rushlab.flows.run import execute
from rushlab.model.errors import UsageError
from rushlab.model.run import Run
from rushlab.model.verdict import Check, Status
from rushlab.world import evidence, points
from rushlab.world.folders import RunFolder

pytestmark = pytest.mark.integration

#: Seconds of load at this scale of `load`: 6.
SCALE = 0.05


def broken(stack, *faults, variant="recommended", scale=SCALE, **knobs) -> Run:
    """The record of a short run with these faults."""
    return driven(stack, *faults, variant=variant, scale=scale, **knobs).record


def driven(stack, *faults, profile="load", variant="recommended", scale=SCALE, **knobs) -> RunFolder:
    """A short run with these faults."""
    order = single.parse_order(stack.bench, profile, variant, knobs, scale=scale, faults=faults)
    return execute(stack.bench, stack.backend, order)


def median_wait(folder: RunFolder, *, during: bool) -> float:
    """Seconds that half of the requests took at most, of those begun while the fault lasted or of all others."""
    (fault,), asked = folder.record.faults, points.attempts(folder.points)
    within = asked["started"].between(fault.start, fault.end - 0.1)
    return (asked["ended"] - asked["started"])[within == during].median()


def accepted_after(folder: RunFolder) -> int:
    """Coupons that were accepted after the fault."""
    (fault,) = folder.record.faults
    return (evidence.load(folder.evidence).issues["accepted_at"] > fault.end).sum()


def invariant(record: Run, id: str) -> Check:
    return next(check for check in record.audit.invariants if check.id == id)


def require_whole(record: Run, *, accepted: int = 200) -> None:
    """Every invariant decided and held, the faults recorded, nothing lost; prints how long recovery took."""
    print(invariant(record, "I12").value)  # noqa: T201 - how long recovery took, with pytest -s
    assert record.audit.verdict in (Status.PASS, Status.WARN), record.audit.invariants
    assert {check.status for check in record.audit.invariants if check.id != "I6"} <= {Status.PASS, Status.NA}
    counts = record.audit.counts
    assert counts["confirmed"] == counts["rows"] >= counts["accepted"] > accepted
    assert (counts["lost"], counts["unexpected"], counts["duplicated"], counts["oversold"]) == (0, 0, 0, 0)
    assert invariant(record, "I12").status is Status.PASS
    assert all(fault.end is not None for fault in record.faults)
    assert record.faults


@pytest.mark.slow
@pytest.mark.parametrize("process", ["service", "consumer-0", "redis", "mariadb", "kafka"])
def test_a_process_that_is_killed_under_load_costs_no_coupon(stack, process):
    record = broken(stack, f"kill:{process}@2+0.5")
    require_whole(record)
    assert [(fault.what, fault.process) for fault in record.faults] == [("kill", process)]


@pytest.mark.slow
@pytest.mark.parametrize("process", ["service", "redis", "mariadb"])
def test_the_reports_design_survives_it_too(stack, process):
    require_whole(broken(stack, f"kill:{process}@2+0.5", variant="report"))


@pytest.mark.slow
@pytest.mark.parametrize("process", ["relay", "consumer-0", "service", "redis"])
def test_a_process_that_is_stopped_under_load_costs_no_coupon(stack, process):
    require_whole(broken(stack, f"pause:{process}@2+2"))


@pytest.mark.slow
def test_a_consumer_stopped_until_the_group_gave_its_partitions_to_another_applies_nothing_twice(stack):
    require_whole(broken(stack, "pause:consumer-0@2+14", consumers=2))


@pytest.mark.slow
def test_the_lock_holder_stopped_past_its_time_to_live_breaks_nothing(stack):
    """Two workers, no watchdog, so that the other one gets the lock while its holder is stopped."""
    record = broken(
        stack, "pause:service@2+2", variant="report", lock_ttl=0.5, lock_watchdog=False, workers=2, pool_size=4
    )
    require_whole(record)
    assert invariant(record, "I14").status is Status.PASS, invariant(record, "I14")


def test_a_killed_relay_and_poisonous_messages_cost_no_coupon(stack):
    record = broken(stack, "poison@1.5", "kill:relay@3+0.5")
    require_whole(record)
    fault, killed = record.faults
    assert (killed.what, killed.process) == ("kill", "relay")
    assert record.audit.counts["dead_letters"] == fault.count == 4 * record.knobs["partitions"]
    assert invariant(record, "I11").status is Status.PASS, invariant(record, "I11")


@pytest.mark.slow
@pytest.mark.parametrize("process", ["redis", "mariadb", "kafka"])
def test_a_slow_server_costs_no_coupon(stack, process):
    folder = driven(stack, f"slow:{process}@4+3", scale=0.1)
    require_whole(folder.record)
    (fault,) = folder.record.faults
    assert (fault.what, fault.process, fault.share) == ("slow", process, 0.8)
    assert fault.end - fault.start >= 3
    assert accepted_after(folder) > 0
    if process != "kafka":  # nobody waits for the broker to be answered
        assert median_wait(folder, during=True) > 2 * median_wait(folder, during=False)


@pytest.mark.slow
def test_the_reports_design_survives_a_slow_database(stack):
    require_whole(broken(stack, "slow:mariadb@1.5+3", variant="report", scale=0.1), accepted=50)


@pytest.mark.slow
@pytest.mark.parametrize("process", ["mariadb", "kafka"])
def test_a_full_disk_costs_no_coupon(stack, process):
    """`load` writes so little that the database may need no room for seconds."""
    try:
        folder = driven(stack, f"disk-full:{process}@4+3", profile="peak-1500", scale=0.15)
    except UsageError as refused:  # this user may not mount
        pytest.skip(refused.sentence)
    require_whole(folder.record)
    (fault,) = folder.record.faults
    assert (fault.what, fault.process) == ("disk-full", process)
    assert fault.count > 0, "the server felt it"
    if process != "kafka":  # it ends itself, and starting it again takes longer than the load
        assert accepted_after(folder) > 0


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["single", "batch", "async"])
def test_consumers_that_come_and_go_cost_no_coupon(stack, mode):
    record = broken(stack, "rebalance@1+6", scale=0.1, consumers=2, consumer_mode=mode)
    require_whole(record)
    (fault,) = record.faults
    assert (fault.what, fault.process) == ("rebalance", "group")
    assert fault.count >= 4, "joined and left at least twice"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["single", "async"])
def test_poisonous_messages_under_every_way_to_consume(stack, mode):
    record = broken(stack, "poison@1.5", consumer_mode=mode, partition_key="coupon")
    require_whole(record)
    assert invariant(record, "I11").status is Status.PASS, invariant(record, "I11")
    assert invariant(record, "I10").status is Status.PASS, invariant(record, "I10")
