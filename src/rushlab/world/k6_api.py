"""k6's REST API, as far as it may be read while k6 runs.

Counts and virtual users only: reading a trend sorts all of its values under the lock that k6
needs to take in new ones.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import requests
from msgspec import Struct


class Status(Struct, frozen=True):
    """Whether the test has begun, and its active virtual users."""

    running: bool
    vus: int


class LiveCounts:
    """One connection to a k6; every question is answered None or 0 while k6 does not answer."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/v1"
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy between us and loopback

    def __enter__(self) -> LiveCounts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def status(self) -> Status | None:
        """None while k6 does not answer (it is starting, ending or very busy)."""
        attributes = self._attributes("status")
        if attributes is None:
            return None
        return Status(running=bool(attributes.get("running")), vus=int(attributes.get("vus") or 0))

    def requests(self) -> tuple[int, int]:
        """Requests so far, and how many of them failed (unexpected status or no answer)."""
        count = self._sample("http_reqs").get("count", 0)
        rate = self._sample("http_req_failed").get("rate", 0)
        return round(count), round(count * rate)

    def _sample(self, metric: str) -> dict[str, float]:
        attributes = self._attributes(f"metrics/{metric}") or {}
        sample: dict[str, float] = attributes.get("sample") or {}
        return sample

    def _attributes(self, path: str) -> dict[str, Any] | None:
        try:
            reply = self._session.get(f"{self._base}/{path}", timeout=1.0)
            if reply.status_code != requests.codes.ok:
                return None
            attributes: dict[str, Any] = reply.json()["data"]["attributes"]
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return None
        return attributes
