"""Whether Prometheus watches the processes of this run: it notices a changed list of them within ten seconds."""

from __future__ import annotations

import time
from collections.abc import Collection

import msgspec
import requests

#: Longer than Prometheus's two pauses of five seconds, after which a new list of targets is scraped.
NOTICED_S = 12.0
_POLL_S = 0.2
_ANSWER_S = 2.0


class _Target(msgspec.Struct, rename="camel"):
    scrape_url: str
    health: str


class _Targets(msgspec.Struct, rename="camel"):
    active_targets: list[_Target]


class _Answer(msgspec.Struct):
    data: _Targets


def await_watched(prometheus: str, wanted: Collection[str], *, timeout_s: float = NOTICED_S) -> str | None:
    """Wait until Prometheus scrapes these /metrics URLs of the job `coupons`, no others, and each has answered.

    Returns None then, else what was still amiss after `timeout_s`; a Prometheus that does not answer is not waited for.
    """
    deadline = time.monotonic() + timeout_s
    with requests.Session() as session:
        session.trust_env = False
        while True:
            try:
                amiss = _amiss(_scraped(session, prometheus), wanted)
            except (requests.RequestException, msgspec.DecodeError) as error:
                return f"Prometheus does not say what it scrapes ({type(error).__name__})"
            if not amiss or time.monotonic() > deadline:
                return amiss or None
            time.sleep(_POLL_S)


def _scraped(session: requests.Session, prometheus: str) -> dict[str, str]:
    """URL → health (up, down, unknown) of what is scraped of the service's processes now."""
    asked = {"state": "active", "scrapePool": "coupons"}
    reply = session.get(f"{prometheus.rstrip('/')}/api/v1/targets", params=asked, timeout=_ANSWER_S)
    reply.raise_for_status()
    found = msgspec.json.decode(reply.content, type=_Answer)
    return {target.scrape_url: target.health for target in found.data.active_targets}


def _amiss(scraped: dict[str, str], wanted: Collection[str]) -> str:
    unseen = [url for url in wanted if scraped.get(url) != "up"]
    stale = scraped.keys() - set(wanted)
    if unseen:
        return f"Prometheus has not reached {unseen[0]} yet, and {len(unseen) - 1} more"
    return f"Prometheus still looks for {min(stale)} of an earlier run" if stale else ""
