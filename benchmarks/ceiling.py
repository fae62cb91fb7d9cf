"""The most that the service can do here: accepted and confirmed per second, and CPU time per request by process.

    python benchmarks/ceiling.py [--scale 1] [--reservation redis-lua …] [--outbox grouped …] [--workers 1 …]

Drives 100 virtual users without a pause (profile `ceiling`, 10 s at scale 1) against every reservation × outbox of the
`recommended` variant, each from a fresh state, on loopback, and audits each run as any other.

How to read it: `accepted/s` is over the load, `confirmed/s` over the time until everything had drained. The CPU
milliseconds are per confirmed request; where their sum comes near 1000 × cores / accepted/s the machine is full, and
only a cheaper request makes it faster. `sum` is everything but the workbench. k6 writes its points meanwhile, which
is a good part of what it costs. What is promised for `redis-lua` × `grouped`: 4,000 accepted/s and 2,000 confirmed/s
on two cores that do nothing else.

Takes about 25 s for each pair at scale 1; compare only lines of one table, made on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import sys
from itertools import product

from rushlab.flows.driving import running_stack
from rushlab.flows.order import Order
from rushlab.flows.run import execute
from rushlab.flows.workbench import Silent, Workbench
from rushlab.model.run import Run

RESERVATIONS = ("redis-lua", "redis-zset", "redis-lock", "db-lock")
OUTBOXES = ("grouped", "per-request")
#: Processes in the order of a request's way; those of one role are added up.
ROLES = ("k6", "service", "relay", "consumer", "mariadb", "redis", "kafka", "prometheus")
WIDTH = 8


def main() -> int:
    """Print one line per variant; 1 when an audit failed."""
    told = arguments()
    bench = Workbench.open()
    head = f"{'reservation':<11} {'outbox':<11} {'workers':>7} {'accepted/s':>10} {'confirmed/s':>11} {'drain s':>7}"
    print(f"CPU ms per confirmed request, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")  # noqa: T201
    print(head + "".join(f"{role[:WIDTH]:>{WIDTH + 1}}" for role in (*ROLES, "sum")) + "  audit")  # noqa: T201
    wrong = 0
    with running_stack(bench, "native", Silent()) as backend:
        for reservation, outbox, workers in product(told.reservation, told.outbox, told.workers):
            variant = bench.variant("recommended", {"reservation": reservation, "outbox": outbox, "workers": workers})
            run = execute(bench, backend, Order(bench.profile("ceiling"), variant, told.scale)).record
            print(f"{reservation:<11} {outbox:<11} {workers:>7} " + line(run), flush=True)  # noqa: T201
            wrong += run.audit is None or run.audit.verdict == "FAIL"
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the 10 s (at most 6)")
    parser.add_argument("--reservation", nargs="+", choices=RESERVATIONS, default=RESERVATIONS)
    parser.add_argument("--outbox", nargs="+", choices=OUTBOXES, default=OUTBOXES)
    parser.add_argument("--workers", nargs="+", type=int, default=[1])
    told = parser.parse_args()
    if not 0 < told.scale <= 6:
        parser.error("--scale is a factor from above 0 to 6")
    return told


def line(run: Run) -> str:
    """Rates and costs of a run; a dash where something is not known."""
    figures, cpu_s = run.figures or {}, run.cpu_s or {}
    accepted, confirmed = figures.get("outcomes", {}).get("issued"), figures.get("confirmed")
    length = run.profile.at_scale(run.scale).length_s
    drain = figures.get("drain_s")
    rates = [
        text(accepted and accepted / length, 10, 0),
        text(confirmed and drain is not None and confirmed / (length + drain), 11, 0),
        text(drain, 7, 1),
    ]
    costs = [sum(used for name, used in cpu_s.items() if name.startswith(role)) for role in ROLES]
    costs.append(sum(used for name, used in cpu_s.items() if name not in ("host", "workbench")))
    per_request = [text(confirmed and cpu_s and 1000 * cost / confirmed, WIDTH, 3) for cost in costs]
    return " ".join([*rates, *per_request]) + f"  {run.audit.verdict if run.audit else '-'}"


def text(value: float | None, width: int, decimals: int) -> str:
    """A number, right-aligned; a dash for none."""
    return f"{value:>{width},.{decimals}f}" if isinstance(value, int | float) and value else f"{'-':>{width}}"


if __name__ == "__main__":
    sys.exit(main())
