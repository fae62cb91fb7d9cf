"""Whether Prometheus watches the processes of this run: it notices a changed list of them within ten seconds."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import msgspec
import requests

#: The service's own processes, in Prometheus's configuration.
JOB = "coupons"
#: Longer than Prometheus takes to notice a new list of targets (6 s, see its `command`) and to scrape it twice (10 s).
NOTICED_S = 17.0
#: Scrapes of the exporter that was scraped least, lately: a rate needs two.
SCRAPES = 'min(count_over_time(up{job="exporters"}[30s]))'
_POLL_S = 0.2
_ANSWER_S = 2.0


class _Target(msgspec.Struct, rename="camel"):
    scrape_pool: str
    scrape_url: str
    health: str


class _Targets(msgspec.Struct, rename="camel"):
    active_targets: list[_Target]


class _Answer(msgspec.Struct):
    data: _Targets


class _Value(msgspec.Struct):
    value: tuple[float, str]


class _Values(msgspec.Struct):
    result: list[_Value]


class _Told(msgspec.Struct):
    data: _Values


def await_watched(prometheus: str, wanted: Collection[str], *, timeout_s: float = NOTICED_S) -> str | None:
    """Wait until Prometheus scrapes these /metrics URLs of the service, no others, and has what a rate needs.

    Returns None then, else what was still amiss after `timeout_s`; a Prometheus that does not answer is not waited for.
    """
    deadline = time.monotonic() + timeout_s
    with requests.Session() as session:
        session.trust_env = False
        while True:
            try:
                amiss = _amiss(_scraped(session, prometheus), wanted) or _scraped_once(session, prometheus)
            except (requests.RequestException, msgspec.DecodeError) as error:
                return f"Prometheus does not say what it scrapes ({type(error).__name__})"
            if not amiss or time.monotonic() > deadline:
                return amiss or None
            time.sleep(_POLL_S)


def _scraped(session: requests.Session, prometheus: str) -> list[_Target]:
    """What is scraped now; health is up, down or unknown."""
    found = _ask(session, f"{prometheus.rstrip('/')}/api/v1/targets", {"state": "active"})
    return msgspec.json.decode(found, type=_Answer).data.active_targets


def _scraped_once(session: requests.Session, prometheus: str) -> str:
    found = _ask(session, f"{prometheus.rstrip('/')}/api/v1/query", {"query": SCRAPES})
    least = [float(one.value[1]) for one in msgspec.json.decode(found, type=_Told).data.result]
    return "" if least and least[0] >= 2 else "Prometheus has scraped an exporter less than twice: no rate yet"


def _ask(session: requests.Session, url: str, parameters: dict[str, str]) -> bytes:
    reply = session.get(url, params=parameters, timeout=_ANSWER_S)
    reply.raise_for_status()
    return reply.content


def _amiss(scraped: Sequence[_Target], wanted: Collection[str]) -> str:
    exporters = [target.scrape_url for target in scraped if target.scrape_pool != JOB]
    up = {target.scrape_url for target in scraped if target.health == "up"}
    unseen = [url for url in (*wanted, *exporters) if url not in up]
    stale = {target.scrape_url for target in scraped if target.scrape_pool == JOB} - set(wanted)
    if not exporters:
        return "Prometheus does not know the exporters yet"
    if unseen:
        return f"Prometheus has not reached {unseen[0]} yet, and {len(unseen) - 1} more"
    return f"Prometheus still looks for {min(stale)} of an earlier run" if stale else ""
