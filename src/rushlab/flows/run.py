"""One run: reset, warm up, drive, drain, collect, judge. Every run of every flow goes through here."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from rushlab.flows import measures
from rushlab.flows.figures import run_figures
from rushlab.flows.judging import judge_folder
from rushlab.flows.order import Order
from rushlab.flows.workbench import Listener, Silent, Workbench
from rushlab.model.errors import LoadError, RushlabError, StackError, StorageError
from rushlab.model.run import Fault, State
from rushlab.world import evidence, points, prometheus
from rushlab.world.cpu import CpuMeter
from rushlab.world.files import storage_error, write_json
from rushlab.world.folders import RunFolder, create_run
from rushlab.world.host import code, host
from rushlab.world.injector import Injector, prepared
from rushlab.world.k6 import K6Order, K6Result, drive, find_k6, k6_version
from rushlab.world.samples import Sample, sampled
from rushlab.world.scraping import await_watched
from rushlab.world.service import counters, create_coupon, live_p95
from rushlab.world.stack.backend import Backend, Target
from rushlab.world.surroundings import Surroundings

#: Series begin so long before the load, so that its first second has something to stand out from.
SERIES_LEAD_S = 5.0

#: The profile that drives a second coupon, so that the first measured request meets open connections and warm caches.
WARM_UP = "warm-up"
WARM_UP_STOCK = 100_000
WARM_UP_LIMIT_S = 120.0


def execute(bench: Workbench, backend: Backend, order: Order, listener: Listener | None = None) -> RunFolder:
    """Make one run on a stack that is up; the folder ends verified, failed or aborted.

    A RushlabError marks the run failed and is raised again; Ctrl-C marks it aborted.
    """
    environment = _environment(bench, backend, order)
    folder = create_run(
        bench.settings.runs,
        order.profile,
        order.scale,
        order.variant,
        model=order.model,
        environment=environment,
    )
    try:
        _Execution(bench, backend, order, folder, listener or Silent()).carry_out()
    except RushlabError as error:
        _end(folder, State.FAILED, error.sentence)
        raise
    except KeyboardInterrupt:
        _end(folder, State.ABORTED, "interrupted by the user")
        raise
    except OSError as error:
        refused = storage_error(folder.path, error)
        _end(folder, State.FAILED, refused.sentence)
        raise refused from error
    return folder


def _end(folder: RunFolder, state: State, problem: str) -> None:
    """Mark a run that came to nothing; on a full disk it stays as it is, which does not look whole either."""
    with suppress(StorageError):
        folder.advance(state, problem=problem)


@dataclass(frozen=True, slots=True)
class _Execution:
    """The steps of one run, in order; each leaves its files in the run's folder."""

    bench: Workbench
    backend: Backend
    order: Order
    folder: RunFolder
    listener: Listener

    def carry_out(self) -> None:
        target = self.backend.reset(self.order.variant, stock=self.order.stock, step=self.listener.step)
        self.listener.step("warming up")
        baseline = self._warm_up(target)
        self._await_series(target)
        self.folder.advance(State.RUNNING)
        with prepared(self.backend, target, self.order.faults, self.listener.step):
            with CpuMeter(self.backend.running) as meter, Surroundings(self.backend.running) as around:
                result, samples, faults = self._drive(target)
                drained, undrained = self._drain(target)
                given_up = time.time()
            self._collect(target, baseline, drained, undrained, samples)
        self._collect_series(result, drained or given_up)
        self._read_points(result, drained, meter, around, faults)
        self._judge()

    def _warm_up(self, target: Target) -> dict[str, int] | None:
        """Drive a second coupon until it is confirmed; the service's counters after it."""
        scratch = self.folder.path / ".warm-up"
        coupon = create_coupon(target.service, WARM_UP_STOCK)
        home = self.bench.settings.home
        profile = self.bench.profile(WARM_UP)
        order = K6Order(profile=profile, base_url=target.service, coupon_id=coupon, folder=scratch, home=home)
        ended = drive(replace(order, port=self.bench.settings.k6_port), lambda progress: None)
        if ended.exit_code != 0:
            raise LoadError(f"The warm-up failed: k6 ended with exit code {ended.exit_code}", do=f"See {order.log}.")
        if self.backend.drain(target, timeout_s=WARM_UP_LIMIT_S, step=self.listener.step) is None:
            raise StackError("The warm-up's coupons were not confirmed", do="See `rushlab logs consumer-0` and relay.")
        shutil.rmtree(scratch)
        return counters(target.metrics.get("service", ()))

    def _await_series(self, target: Target) -> None:
        """Let Prometheus find the processes of this run before the load begins, and forget those of the last one."""
        wanted = [url for urls in target.metrics.values() for url in urls]
        if amiss := await_watched(self.backend.endpoints().prometheus, wanted):
            self.listener.step(f"series may be missing at the begin: {amiss}")

    def _drive(self, target: Target) -> tuple[K6Result, Sequence[Sample], tuple[Fault, ...]]:
        """The load itself: how k6 ended, the stock meanwhile, what was broken on purpose."""
        with (
            sampled(self.backend.endpoints(), target) as sampler,
            Injector(self.backend, target, self.order.faults, self.listener.step) as injector,
        ):
            result = drive(
                self._k6_order(target), lambda progress: self.listener.progress(self.order.profile.name, progress)
            )
        return result, sampler.samples, injector.done

    def _drain(self, target: Target) -> tuple[float | None, str | None]:
        """When everything was confirmed; or why that cannot be asked: the rest of the evidence stands without it."""
        self.listener.step("waiting until every accepted coupon is confirmed")
        try:
            return self.backend.drain(target, timeout_s=self.order.drain_limit_s, step=self.listener.step), None
        except (StackError, StorageError) as error:
            self.listener.step(error.sentence)
            return None, f"{error.what}: {error.why}"

    def _collect(
        self,
        target: Target,
        baseline: dict[str, int] | None,
        drained: float | None,
        undrained: str | None,
        samples: Sequence[Sample],
    ) -> None:
        self.listener.step("collecting evidence")
        evidence.collect(
            self.backend.endpoints(),
            target,
            self.folder.evidence,
            baseline=baseline,
            drained=drained,
            undrained=undrained,
            samples=samples,
        )

    def _collect_series(self, result: K6Result, drained: float) -> None:
        """Until all had drained, or until it was waited for no longer."""
        begin, end = result.started - SERIES_LEAD_S, max(result.ended, drained)
        facts = prometheus.collect(self.backend.endpoints().prometheus, begin, end, self.folder.path)
        if facts.reason is not None:
            self.listener.step(f"no series: {facts.reason}")

    def _read_points(
        self,
        result: K6Result,
        drained: float | None,
        meter: CpuMeter,
        around: Surroundings,
        faults: tuple[Fault, ...],
    ) -> None:
        self.listener.step("reading k6's points")
        ingested = points.ingest(self.folder.points_file, self.folder.points)
        record = self.folder.record
        cpu_s, cpu_reason = meter.seconds(k6=result.cpu_s)
        facts = {"lines": ingested.lines, "points": ingested.points, "truncated": ingested.truncated}
        self.folder.advance(
            State.COLLECTED,
            timing=replace(record.timing, started=result.started, ended=result.ended, drained=drained),
            load=replace(record.load, exit_code=result.exit_code, elapsed_s=result.elapsed_s, version=result.version),
            environment=record.environment | {"ingest": facts, "surroundings": around.facts},
            cpu_s=cpu_s,
            cpu_reason=cpu_reason,
            cpu_over_s=None if cpu_s is None else meter.over_s,
            faults=faults,
        )

    def _judge(self) -> None:
        self.listener.step("judging")
        audit, verdict = judge_folder(self.folder)
        figures = msgspec.to_builtins(run_figures(self.folder))
        write_json(self.folder.path / measures.FILE, measures.measure(self.folder))
        self.folder.advance(State.VERIFIED, audit=audit, verdict=verdict, figures=figures)

    def _k6_order(self, target: Target) -> K6Order:
        return K6Order(
            profile=self.order.profile,
            scale=self.order.scale,
            base_url=target.service,
            coupon_id=target.coupon_id,
            folder=self.folder.path,
            model=self.order.model,
            repeat_users=float(self.order.variant["repeat_users"]),
            seed=self.order.seed,
            home=self.bench.settings.home,
            port=self.bench.settings.k6_port,
            live_p95=live_p95(target.metrics.get("service", ())),
        )


def provenance(bench: Workbench, backend: Backend) -> dict[str, Any]:
    """Where runs are made: backend, host, code, and the version of every server and of k6."""
    versions = dict(backend.versions()) | {"k6": k6_version(find_k6())}
    return {"backend": backend.name, "host": host(), "code": code(bench.settings), "versions": versions}


def _environment(bench: Workbench, backend: Backend, order: Order) -> dict[str, Any]:
    return {
        **provenance(bench, backend),
        "seed": order.seed,
        "drain_limit_s": order.drain_limit_s,
        **order.labels,
    }
