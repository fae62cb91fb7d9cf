"""One run: reset, warm up, drive, drain, collect, judge. Every run of every flow goes through here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import msgspec

from rushlab.flows.figures import run_figures
from rushlab.flows.judging import judge_folder
from rushlab.flows.workbench import Listener, Silent, Workbench
from rushlab.model.errors import RushlabError
from rushlab.model.profile import Model, Profile
from rushlab.model.run import Load, State
from rushlab.model.variant import Variant
from rushlab.world import evidence, points
from rushlab.world.folders import RunFolder, create_run
from rushlab.world.host import code, host
from rushlab.world.k6 import K6Order, K6Result, drive, find_k6, k6_version
from rushlab.world.service import counters, create_coupon, live_p95
from rushlab.world.stack.backend import Backend, Target

#: Seconds that accepted coupons may take to be confirmed after the load has ended.
DRAIN_LIMIT_S = 120.0

#: The profile that drives a second coupon, so that the first measured request meets open connections and warm caches.
WARM_UP = "warm-up"
WARM_UP_STOCK = 100_000


@dataclass(frozen=True, slots=True)
class Order:
    """What one run shall be: a profile at a scale against a variant."""

    profile: Profile
    variant: Variant
    scale: float
    model: Model = "closed"
    seed: int = 1


def execute(bench: Workbench, backend: Backend, order: Order, listener: Listener | None = None) -> RunFolder:
    """Make one run on a stack that is up; the folder ends verified, failed or aborted.

    A RushlabError marks the run failed and is raised again; Ctrl-C marks it aborted.
    """
    listener = listener or Silent()
    environment = _environment(bench, backend, order)
    folder = create_run(
        bench.settings.runs, order.profile, order.scale, order.variant, model=order.model, environment=environment
    )
    try:
        _carry_out(bench, backend, order, folder, listener)
    except RushlabError as error:
        folder.advance(State.FAILED, problem=error.sentence)
        raise
    except KeyboardInterrupt:
        folder.advance(State.ABORTED, problem="interrupted by the user")
        raise
    return folder


def _carry_out(bench: Workbench, backend: Backend, order: Order, folder: RunFolder, listener: Listener) -> None:
    target = backend.reset(order.variant, stock=_stock(order), step=listener.step)
    listener.step("warming up")
    baseline = _warm_up(bench, backend, target, folder)
    timing = msgspec.structs.replace(folder.record.timing, started=time.time())
    folder.advance(State.RUNNING, timing=timing)
    result = drive(
        _k6_order(bench, order, target, folder),
        lambda progress: listener.progress(order.profile.name, progress),
    )
    _collect(backend, order, folder, target, result, baseline, listener)
    _judge(folder, listener)


def _warm_up(bench: Workbench, backend: Backend, target: Target, folder: RunFolder) -> dict[str, int] | None:
    """Drive the warm-up coupon, wait until it is confirmed, and return the service's counters after it."""
    scratch = folder.path / "warm-up"
    scratch.mkdir()
    order = K6Order(
        profile=bench.profile(WARM_UP),
        scale=1.0,
        base_url=target.service,
        coupon_id=create_coupon(target.service, WARM_UP_STOCK),
        folder=scratch,
        home=bench.settings.home,
    )
    drive(order, lambda progress: None)
    backend.drain(target, timeout_s=10, step=lambda text: None)
    for name in ("points.json.gz", "summary.json"):
        (scratch / name).unlink(missing_ok=True)
    return counters(target.metrics.get("service", ()))


def _collect(
    backend: Backend,
    order: Order,
    folder: RunFolder,
    target: Target,
    result: K6Result,
    baseline: dict[str, int] | None,
    listener: Listener,
) -> None:
    listener.step("waiting until every accepted coupon is confirmed")
    drained = backend.drain(target, timeout_s=DRAIN_LIMIT_S, step=listener.step)
    listener.step("collecting evidence")
    evidence.collect(backend.up(lambda text: None), target, folder.evidence, baseline=baseline)
    listener.step("reading k6's points")
    ingested = points.ingest(folder.points_file, folder.points)
    facts = {"lines": ingested.lines, "points": ingested.points, "truncated": ingested.truncated}
    timing = msgspec.structs.replace(folder.record.timing, started=result.started, ended=result.ended, drained=drained)
    load = Load(
        model=order.model, exit_code=result.exit_code, elapsed_s=result.elapsed_s, version=folder.record.load.version
    )
    environment = folder.record.environment | {"ingest": facts}
    folder.advance(State.COLLECTED, timing=timing, load=load, environment=environment)


def _judge(folder: RunFolder, listener: Listener) -> None:
    listener.step("judging")
    audit, verdict = judge_folder(folder)
    figures = run_figures(folder)
    folder.advance(State.VERIFIED, audit=audit, verdict=verdict, figures=msgspec.to_builtins(figures))


def _k6_order(bench: Workbench, order: Order, target: Target, folder: RunFolder) -> K6Order:
    return K6Order(
        profile=order.profile,
        scale=order.scale,
        base_url=target.service,
        coupon_id=target.coupon_id,
        folder=folder.path,
        model=order.model,
        repeat_users=float(order.variant["repeat_users"]),
        seed=order.seed,
        home=bench.settings.home,
        live_p95=live_p95(target.metrics.get("service", ())),
    )


def _stock(order: Order) -> int:
    return int(order.variant["stock"]) if order.profile.stock is None else order.profile.stock


def _environment(bench: Workbench, backend: Backend, order: Order) -> dict[str, Any]:
    versions = dict(backend.versions()) | {"k6": k6_version(find_k6())}
    return {
        "backend": backend.name,
        "host": host(),
        "code": code(bench.settings),
        "versions": versions,
        "seed": order.seed,
    }
