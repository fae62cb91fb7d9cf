"""A study of literal values and drawn frames: test data only, never shown as measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

from rushlab.model.profile import Profile, Stage
from rushlab.model.reference import Reference
from rushlab.model.results import RunFigures, ThresholdResult
from rushlab.model.run import Load, Run, State, Timing
from rushlab.model.verdict import Audit, Check, Status, Validity, Verdict
from rushlab.show.views import RunView, Study

ROOT = Path(__file__).parents[2]
LIMITS = {"http_req_duration": ["p(95)<1000"], "http_req_failed": ["rate<0.15"], "success_rate": ["rate>0.85"]}
KNOBS: dict[str, dict[str, Any]] = {
    "report": {
        "reservation": "redis-lock",
        "lock_scope": "wide",
        "outbox": "per-request",
        "pool_size": 10,
        "workers": 1,
    },
    "recommended": {
        "reservation": "redis-lua",
        "lock_scope": "wide",
        "outbox": "grouped",
        "pool_size": 10,
        "workers": 1,
    },
}
STARTED = 1_795_000_000.0


@pytest.fixture(scope="session")
def reference() -> Reference:
    return read()


def check(name: str, status: Status = Status.PASS, value: str = "0") -> Check:
    return Check(id=name, title=f"title of {name}", status=status, value=value, limit="0", evidence="issues")


def passed(accepted: int) -> Audit:
    counts = {"attempts": accepted, "accepted": accepted, "confirmed": accepted, "lost": 0, "unexpected": 0}
    return Audit(verdict=Status.PASS, invariants=tuple(check(f"I{n}") for n in (1, 2, 3, 4, 7, 8, 9)), counts=counts)


def valid() -> Verdict:
    return Verdict(validity=Validity.VALID, checks=(check("V1"), check("V2")), reason="files whole, counts agree")


def make_figures(requests: int, p95: float, bound: int | None = None, **changes: Any) -> RunFigures:
    durations = {
        "mean_ms": p95 * 0.5,
        "median_ms": p95 * 0.45,
        "p90_ms": p95 * 0.85,
        "p95_ms": p95,
        "p99_ms": p95 * 1.3,
    }
    limits = (
        ThresholdResult(metric="http_req_duration", expression="p(95)<1000", value=p95, passed=p95 < 1000),
        ThresholdResult(metric="http_req_failed", expression="rate<0.15", value=0.0, passed=True),
        ThresholdResult(metric="success_rate", expression="rate>0.85", value=1.0, passed=True),
    )
    values: dict[str, Any] = {
        **{"requests": requests, "failed": 0, "success_rate": 1.0, **durations, "max_ms": p95 * 2, "rate_per_s": 700.0},
        **{"bound": bound, "bound_share": requests / bound if bound else None, "outcomes": {"issued": requests}},
        **{"issued_ms": {name.removesuffix("_ms"): value for name, value in durations.items()} | {"max": p95 * 2}},
        **{"confirmed": requests, "confirm_ms": {"p50": 12.0, "p95": 48.0, "p99": 90.0, "max": 140.0}},
        **{"confirm_rate_per_s": 640.0, "drain_s": 1.4, "thresholds": limits},
    }
    return RunFigures(**(values | changes))


def make_timeline(profile: Profile, requests: int, p95: float, seed: int) -> pd.DataFrame:
    # one row per second: vus, requests, failed, p50_ms, p90_ms, p95_ms, max_ms
    rng = np.random.default_rng(seed)
    seconds = np.arange(max(int(profile.length_s), 2))
    ends = np.cumsum([0.0, *(stage.duration_s for stage in profile.stages)])
    vus = np.interp(seconds, ends, [0, *(stage.target for stage in profile.stages)]) if profile.stages else profile.vus
    load = (vus + 1) / (np.max(vus) + 1) * np.ones(len(seconds))
    p95_ms = p95 * load**1.5 * rng.lognormal(0, 0.15, len(seconds)) + 2
    rate = np.round(load / load.sum() * requests)
    frame = pd.DataFrame(
        {"second": seconds, "vus": np.round(vus * np.ones(len(seconds))), "requests": rate, "failed": 0}
    )
    parts = {"p50_ms": 0.4, "p90_ms": 0.85, "p95_ms": 1.0, "max_ms": 1.8}
    return frame.assign(**{name: p95_ms * share for name, share in parts.items()})


def make_distribution(p95: float) -> pd.DataFrame:
    # one row per quantile: quantile (0 to 1), ms; the 0.95 is exactly p95
    shares = np.concatenate([np.linspace(0, 0.9, 181), 1 - np.logspace(-1, -4, 91)[1:], [0.95, 1.0]])
    quantile = np.unique(shares)
    return pd.DataFrame({"quantile": quantile, "ms": p95 * ((1 - quantile + 1e-5) / 0.05) ** -0.4})


def make_profile(name: str, reference: Reference) -> Profile:
    shape = reference.profiles[name]
    return Profile(
        name=name,
        title=name,
        purpose="test",
        executor=shape.executor,  # type: ignore[arg-type]
        pause_s=1.0,
        thresholds=LIMITS,
        vus=shape.vus or 0,
        duration_s=shape.duration_s or 0.0,
        stages=tuple(Stage(duration, target) for duration, target in shape.stages),
        scaled=name != "smoke",
    )


def make_view(profile: Profile, variant: str, figures: RunFigures | None, seed: int = 1, **changes: Any) -> RunView:
    run = Run(
        id=f"20261119T101500-{profile.name}-{variant}-a1b2c3",
        state=State.VERIFIED,
        profile=profile,
        scale=0.1,
        variant=variant,
        knobs=KNOBS.get(variant, KNOBS["report"]),
        load=Load(model="closed", exit_code=0, elapsed_s=profile.length_s, version="1.1.0"),
        timing=Timing(created=STARTED, started=STARTED, ended=STARTED + profile.length_s),
        environment={"code": {"commit": "0123456789abcdef"}, "seed": 1},
        artefacts={"points.json.gz": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        audit=passed(figures.requests if figures else 0),
        verdict=valid(),
    )
    timeline = make_timeline(profile.at_scale(0.1), figures.requests, figures.p95_ms or 1, seed) if figures else None
    spread = make_distribution(figures.p95_ms or 1) if figures else None
    return RunView(msgspec.structs.replace(run, **changes), figures, timeline, spread)


#: profile → (requests, p95 in ms) of the report preset, of the recommended one, and the bound at scale demo
LITERALS = {
    "smoke": ((10, 31.0), (10, 12.0), 10),
    "load": ((3920, 1912.0), (9410, 143.0), 9910),
    "stress-100": ((11400, 2650.0), (30100, 151.0), 31900),
    "stress-500": ((12100, 5210.0), (52200, 316.0), 58700),
    "peak-1500": ((1730, 1440.0), (3810, 405.0), 4230),
    "peak-2000": ((1790, 2330.0), (4480, 703.0), 5350),
}


def make_study(reference: Reference, profiles: tuple[str, ...] = tuple(LITERALS), scale: float = 0.1) -> Study:
    variants: dict[str, dict[str, RunView]] = {"report": {}, "recommended": {}}
    for seed, name in enumerate(profiles):
        *both, bound = LITERALS[name]
        for variant, (requests, p95) in zip(variants, both, strict=True):
            profile = make_profile(name, reference)
            variants[variant][name] = make_view(profile, variant, make_figures(requests, p95, bound), seed)
    environment = {
        "host": {
            "cpu": "Test CPU at 2.1 GHz",
            "cores": 2,
            "memory_gib": 7.8,
            "system": "Debian GNU/Linux 12 (bookworm)",
        },
        "versions": {
            "python": "3.11.7",
            "mariadb": "10.11.6",
            "redis": "7.0.15",
            "kafka": "4.3.1",
            "prometheus": "2.42.0",
            "k6": "1.1.0",
        },
        "backend": "native",
        "code": {"version": "0.1.0", "commit": "0123456789abcdef", "dirty": False},
    }
    return Study(scale, variants, environment, reference, [], STARTED + 600)


def one_run(reference: Reference) -> Study:
    """A study of one run, as a run's page has it: sold out, with every outcome, and checks of every status."""
    checks = tuple(check(f"V{number}", status) for number, status in enumerate(Status))
    verdict = Verdict(validity=Validity.VALID, checks=checks, reason="files whole, counts agree")
    audit = Audit(verdict=Status.PASS, invariants=(check("I1"), check("I13", Status.NA)), counts={"lost": 0})
    outcomes = {"issued": 5000, "already": 900, "sold_out": 3500, "rejected": 8, "failed": 2}
    figures = make_figures(9410, 1143.0, 9910, outcomes=outcomes, confirmed=5000, failed=10, success_rate=5000 / 9410)
    view = make_view(make_profile("load", reference), "recommended", figures, verdict=verdict, audit=audit)
    return replace(make_study(reference), variants={"recommended": {"load": view}})


@pytest.fixture(name="one_run")
def one_run_study(reference: Reference) -> Study:
    return one_run(reference)


@pytest.fixture
def study(reference: Reference) -> Study:
    return make_study(reference)


@pytest.fixture(scope="session")
def literal_study() -> Study:
    return make_study(read())


@pytest.fixture
def hostile(reference: Reference) -> Study:
    return hostile_study(reference)


@pytest.fixture(name="make_study")
def study_maker() -> Callable[[Reference], Study]:
    return make_study


@pytest.fixture
def exchange() -> Callable[..., Study]:
    """The study with fields of one run changed."""

    def change(study: Study, variant: str, profile: str, **fields: Any) -> Study:
        changed = {name: dict(views) for name, views in study.variants.items()}
        view = changed[variant][profile]
        changed[variant][profile] = replace(view, run=msgspec.structs.replace(view.run, **fields))
        return replace(study, variants=changed)

    return change


#: Text that must stay text wherever a name can come from.
HOSTILE = "</script><img src=http://outside.invalid/x onerror=alert(1)>{{ 7*7 }}${7*7}"


def hostile_study(reference: Reference) -> Study:
    """A study whose variant, run id, reasons, versions and sentences are all hostile."""
    profile = make_profile("load", reference)
    figures = make_figures(9410, 143.0, None, reasons={"bound": HOSTILE}, drain_s=None)
    verdict = Verdict(validity=Validity.UNKNOWN, checks=(), reason=HOSTILE)
    audit = Audit(verdict=Status.WARN, invariants=(check(HOSTILE, Status.WARN, HOSTILE),), counts={"lost": None})
    changes = {"id": HOSTILE, "verdict": verdict, "audit": audit, "knobs": {HOSTILE: HOSTILE}}
    view = make_view(profile, HOSTILE, figures, **changes)
    environment = {"host": {"cpu": HOSTILE}, "versions": {"redis": HOSTILE}, "backend": HOSTILE}
    return Study(0.1, {HOSTILE: {"load": view}}, environment, reference, [HOSTILE], STARTED)


STUB = """
import importlib.util, sys, types
spec = importlib.util.spec_from_file_location("study_of_tests", {conftest!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
stub = types.ModuleType("rushlab.flows.{flow}")
stub.open_study = lambda *_, **__: module.{make}
import rushlab.flows
sys.modules["rushlab.flows.{flow}"] = rushlab.flows.{flow} = stub
"""

#: Each notebook and the flow whose `open_study` it calls.
FLOWS = {"report": "report", "run": "single"}


def execute(folder: Path, make: str, name: str = "report") -> Path:
    """A notebook executed by a real kernel whose `open_study` gives a study of this module."""
    notebook = nbformat.read(ROOT / f"notebooks/{name}.ipynb", as_version=4)
    source = STUB.format(conftest=__file__, make=make, flow=FLOWS[name])
    notebook.cells.insert(1, nbformat.v4.new_code_cell(source))
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    del notebook.cells[1]
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def read() -> Reference:
    return msgspec.json.decode((ROOT / "data/reference/figures.json").read_bytes(), type=Reference)


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return execute(tmp_path_factory.mktemp("executed"), "make_study(module.read())")


@pytest.fixture(scope="session")
def executed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return execute(tmp_path_factory.mktemp("executed-run"), "one_run(module.read())", "run")
