"""Is the run valid? V1 (artefacts whole), V2 (counts agree), V3 (the audit), V10, and the verdict over all checks.

A run is INVALID when V1, V2, V4, V5 or V6 FAILs, UNKNOWN when V1 to V4 lack evidence, else VALID.
A failed audit does not make the run invalid: it makes its figures worthless as a claim, because
the run then shows truly that the service is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rushlab.judge.checks import NOT_BUILT, check, decide, not_built
from rushlab.judge.headline import Weight, samples_beyond, weight
from rushlab.judge.observed import CountFacts, IngestFacts, LoadFacts, SampleFacts
from rushlab.model.profile import Profile
from rushlab.model.verdict import Audit, Check, ExitCode, Status, Validity, Verdict

#: Conventions (settings with these defaults, printed beside what they judged).
ELAPSED_SHARE = 0.98
COUNTER_SHARE = 0.005

#: k6 ended as planned (0), with a missed threshold (99), or its script marked the test as failed (110).
WHOLE_EXITS = (0, 99, 110)

INVALIDATING = frozenset({"V1", "V2", "V4", "V5", "V6"})
DECISIVE = frozenset({"V1", "V2", "V3", "V4"})
TITLES = {
    "V0": "provenance",
    "V4": "offered load met",
    "V5": "load generator not starved",
    "V6": "environment undisturbed",
    "V7": "series covered",
    "V8": "steady state",
    "V9": "accounting laws",
    "V11": "design followed",
    "V12": "noise floor known",
}


def judge_run(
    *,
    profile: Profile,
    load: LoadFacts,
    ingest: IngestFacts,
    counts: CountFacts,
    audit: Audit | None,
    samples: SampleFacts | None = None,
    more: Iterable[Check] = (),
) -> Verdict:
    """A run's verdict from what was seen of it.

    Parameters
    ----------
    profile
        The profile as it was driven (already scaled): its length is the plan.
    load, ingest, counts, samples
        What k6, the ingest and the service said (`judge.observed`).
    audit
        The invariants; None when the audit could not be made.
    more
        Checks that were made elsewhere, by what the modules of this room say of them (V0, V4 to V8).

    Returns
    -------
    Verdict
        Checks V0 to V12 in order; those that this version does not make are NA.
    """
    built = {
        "V1": artefacts_whole(profile, load, ingest),
        "V2": counts_agree(counts),
        "V3": correctness(audit),
        "V10": enough_samples(profile, samples),
        **{id: _of_experiments(id) for id in ("V11", "V12")},
        **{one.id: one for one in more},
    }
    checks = tuple(built.get(id) or not_built(id, TITLES[id]) for id in (f"V{n}" for n in range(13)))
    return Verdict(validity=_validity(checks), checks=checks, reason=_reason(checks))


def artefacts_whole(profile: Profile, load: LoadFacts, ingest: IngestFacts) -> Check:
    """V1: k6 ended by itself, ran as long as planned, and its points are whole."""
    needed = ELAPSED_SHARE * profile.length_s
    broken = [
        _unless(load.exit_code in (None, *WHOLE_EXITS), f"k6 exit code {load.exit_code}"),
        _unless(load.elapsed_s is None or load.elapsed_s >= needed, "k6 stopped before its plan was over"),
        _unless(not ingest.truncated, "the points file is cut"),
        _unless(ingest.points != 0, "the points file is empty"),
    ]
    lacking = [
        _unless(load.exit_code is not None, "k6's exit code is not known"),
        _unless(load.elapsed_s is not None, "k6's duration is not known"),
        _unless(ingest.points is not None, "the points were not read"),
    ]
    found, missing = [text for text in broken if text], [text for text in lacking if text]
    elapsed = "?" if load.elapsed_s is None else f"{load.elapsed_s:.1f}"
    return check(
        "V1",
        "artefacts whole",
        decide(bool(found), missing),
        value=f"exit {load.exit_code}, {elapsed} s of {profile.length_s:g} s, {ingest.points or 0:,} points",
        limit=f"exit 0, 99 or 110; ≥ {needed:g} s ({ELAPSED_SHARE:.0%} of plan)*; points not cut",
        evidence=["k6's exit, its duration, every line of its points", *found, *missing],
    )


def counts_agree(counts: CountFacts) -> Check:
    """V2: every value of k6's summary follows from the points, and the service counted the same requests.

    A request without any answer may never have reached the service, or have had any outcome there. So
    the service's counters must lie between what was answered and that plus all unanswered requests,
    in total and for each outcome; beyond that interval by more than 0.5 %* is a FAIL (of one outcome
    always only by more than one request).
    """
    differing, far = list(counts.differences or ()), _counter_off(counts)
    off = [*differing, *_outcomes_off(counts)]
    lacking = [
        _unless(counts.differences is not None, "k6's summary could not be read"),
        _unless(counts.service_requests is not None, "the service's own counter could not be read"),
        _unless(counts.outcomes is not None, "the issue requests were not counted"),
        _unless(counts.outcomes is None or counts.requests > 0, "no issue request was made"),
    ]
    missing = [text for text in lacking if text]
    served = None if counts.service_requests is None else sum(counts.service_requests.values())
    return check(
        "V2",
        "counts agree",
        decide(bool(off) or (far is not None and far > COUNTER_SHARE), missing),
        value=f"{len(differing)} differences in {counts.compared} metrics; service counter "
        + ("unknown" if far is None else f"off by {far:.2%}"),
        limit=f"0 differ; ≤ {COUNTER_SHARE:.1%}*",
        evidence=[
            f"points {counts.requests}, of them answered {counts.answered}, service {served}",
            "; ".join(off[:3]),
            *missing,
        ],
    )


def correctness(audit: Audit | None) -> Check:
    """V3: the invariants."""
    if audit is None:
        return check("V3", "correctness", Status.UNKNOWN, value="no audit", limit="no invariant FAILs", evidence=[])
    tally = count_by_status(audit.invariants)
    named = [f"{one.id} {one.status.value}" for one in audit.invariants if one.status in (Status.FAIL, Status.UNKNOWN)]
    return check(
        "V3",
        "correctness",
        audit.verdict,
        value=", ".join(f"{count} {status.value}" for status, count in tally.items()),
        limit="no invariant FAILs",
        evidence=["the audit after the drain", *named],
    )


def enough_samples(profile: Profile, samples: SampleFacts | None) -> Check:
    """V10: enough requests beyond the p95; the stock lasts, unless the profile is about selling out: then it ends."""
    if samples is None or not profile.scaled:
        return check("V10", "enough samples", Status.NA, value="smoke or not asked", limit="", evidence=[])
    worth = weight(samples.requests, 95)
    status = {Weight.HEADLINE: Status.PASS, Weight.GREY: Status.WARN, Weight.TOO_FEW: Status.FAIL}[worth]
    problem = _stock_problem(profile, samples)
    return check(
        "V10",
        "enough samples",
        Status.FAIL if problem else status,
        value=f"{samples_beyond(samples.requests, 95):,} beyond the p95, {samples.sold_out:,} told sold out",
        limit="≥ 100* beyond (grey from 10*); stock lasts unless the profile sells out",
        evidence=[f"{samples.requests:,} requests", problem, "limits claims only"],
    )


def _stock_problem(profile: Profile, samples: SampleFacts) -> str:
    """How the stock did not do what the profile is about; empty when it did."""
    if profile.stock is None:
        return "the stock ran out, so the later requests were another kind of work" if samples.sold_out else ""
    if samples.sold_out:
        return ""
    return "the profile is about selling out, and nobody was told sold out: nothing is known of what happens then"


def count_by_status(checks: Iterable[Check]) -> dict[Status, int]:
    """How many checks have each status, in the order of `Status`; statuses that nobody has are left out."""
    tally = Counter(one.status for one in checks)
    return {status: tally[status] for status in Status if tally[status]}


def exit_code(
    validities: Iterable[Validity], audits: Iterable[Status], *, threshold_missed: bool = False, strict: bool = False
) -> ExitCode:
    """The command's exit code, the first that applies over all runs.

    5 an invariant failed, 4 a run is INVALID (with `strict` also UNKNOWN), 3 a threshold was
    missed, 0. `threshold_missed` is the caller's: only some commands judge thresholds.
    """
    valid, audited = list(validities), list(audits)
    if Status.FAIL in audited:
        return ExitCode.INVARIANT_FAILED
    doubtful = Validity.UNKNOWN in valid or Status.UNKNOWN in audited
    if Validity.INVALID in valid or (strict and doubtful):
        return ExitCode.INVALID
    return ExitCode.THRESHOLD_MISSED if threshold_missed else ExitCode.OK


def _of_experiments(id: str) -> Check:
    """V11 and V12 belong to a comparison: one run follows no design and is held against nothing."""
    evidence = ["`rushlab experiment` judges it over all runs of an experiment"]
    return check(id, TITLES[id], Status.NA, value="judged of experiments", limit="", evidence=evidence)


def _validity(checks: Iterable[Check]) -> Validity:
    found = {one.id: one.status for one in checks}
    if any(found[id] is Status.FAIL for id in INVALIDATING):
        return Validity.INVALID
    if any(found[id] is Status.UNKNOWN for id in DECISIVE):
        return Validity.UNKNOWN
    return Validity.VALID


def _reason(checks: Iterable[Check]) -> str:
    """On what the verdict rests, and what spoke against the run."""
    listed = list(checks)
    failed = [one.id for one in listed if one.status is Status.FAIL and one.id in INVALIDATING]
    unknown = [one.id for one in listed if one.status is Status.UNKNOWN and one.id in DECISIVE]
    wrong = any(one.id == "V3" and one.status is Status.FAIL for one in listed)
    later = sum(one.value == NOT_BUILT for one in listed)
    judging = (INVALIDATING | DECISIVE) - {"V3"}
    rested = [one.id for one in listed if one.id in judging and one.status not in (Status.NA, Status.UNKNOWN)]
    clauses = [
        f"failed: {', '.join(failed)}" if failed else "",
        f"evidence missing: {', '.join(unknown)}" if unknown else "",
        "an invariant failed, so no claim about performance" if wrong else "",
        f"rests on {', '.join([*rested, 'the audit'])}",
        f"{later} checks are {NOT_BUILT}" if later else "",
    ]
    return "; ".join(clause for clause in clauses if clause)


def _counter_off(counts: CountFacts) -> float | None:
    """How far the service's total lies outside its interval, as a share of the requests."""
    if counts.service_requests is None or counts.outcomes is None:
        return None
    return _outside(sum(counts.service_requests.values()), counts.answered, counts.unanswered) / max(1, counts.requests)


def _outcomes_off(counts: CountFacts) -> list[str]:
    """Outcomes that the service counted too rarely or too often, as sentences."""
    if counts.service_requests is None or counts.outcomes is None:
        return []
    pairs = {name: (told, counts.service_requests.get(name, 0)) for name, told in counts.outcomes.items()}
    return [
        f"{name}: {told:,} told by k6, {served:,} counted by the service"
        for name, (told, served) in pairs.items()
        if _outside(served, told, counts.unanswered) > max(1, COUNTER_SHARE * max(told, served))
    ]


def _outside(served: int, told: int, unanswered: int) -> int:
    return max(0, served - told - unanswered, told - served)


def _unless(good: bool, text: str) -> str:
    return "" if good else text
