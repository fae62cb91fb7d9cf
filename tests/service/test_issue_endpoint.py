"""The hot path: what comes in is judged, what is decided is answered and counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from coupons import decision
from coupons.bodies import BODY_LIMIT
from coupons.decision import Decision
from coupons.errors import Busy, CannotDecide
from coupons.idempotency import Once
from coupons.issue_endpoint import IssueEndpoint
from coupons.service_metrics import ServiceMetrics

from .asgi import Answer, ask

Decide = Callable[[int, int], Decision]


class Deciding:
    """A Reservation whose decision the test gives."""

    def __init__(self, decide: Decide) -> None:
        self.decide = decide
        self.asked: list[tuple[int, int]] = []

    async def issue(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        self.asked.append((coupon_id, user_id))
        return self.decide(coupon_id, user_id)

    async def start(self) -> None: ...

    async def seed(self, coupon_id: int, stock: int) -> None: ...

    async def remaining(self, coupon_id: int) -> int | None:
        return None

    async def ready(self) -> bool:
        return True

    async def close(self) -> None: ...


class Bench:
    """The endpoint with its counters."""

    def __init__(self, decide: Decide = lambda coupon, user: decision.issued(9)) -> None:
        self.registry = CollectorRegistry()
        self.reservation = Deciding(decide)
        once = Once(self.reservation, None)  # type: ignore[arg-type]  # nothing here has a key
        self.endpoint = IssueEndpoint(self.reservation, ServiceMetrics(self.registry), once)

    def ask(self, *body: bytes, method: str = "POST", path: str = "/coupons/7/issue") -> Answer:
        return ask(self.endpoint, method, path, *body)

    def counted(self, outcome: str) -> float | None:
        return self.registry.get_sample_value("coupons_requests_total", {"outcome": outcome})


def test_an_issued_coupon_is_201_with_its_event() -> None:
    bench = Bench()
    answer = bench.ask(b'{"user_id": 42}')
    assert answer.status == 201
    assert answer.json() == {"coupon_id": 7, "user_id": 42, "event_id": 9}
    assert answer.headers["content-type"] == "application/json"
    assert bench.reservation.asked == [(7, 42)]
    assert bench.counted("issued") == 1


@pytest.mark.parametrize(
    ("decided", "status", "outcome"),
    [
        (decision.ALREADY, 409, "already"),
        (decision.SOLD_OUT, 410, "sold_out"),
        (decision.UNKNOWN_COUPON, 404, "rejected"),
    ],
)
def test_a_refusal_is_a_problem_document(decided: Decision, status: int, outcome: str) -> None:
    bench = Bench(lambda coupon, user: decided)
    answer = bench.ask(b'{"user_id": 42}')
    assert answer.status == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert bench.counted(outcome) == 1


def test_a_body_in_parts_is_put_together() -> None:
    assert Bench().ask(b'{"user', b'_id": ', b"42}").json()["user_id"] == 42


BAD_BODIES = [
    (b"", 400),
    (b"not json", 400),
    (b"\xff\xfe{}", 400),
    (b'{"user_id": 1', 400),
    (b'{"user_id": 1} x', 400),
    (b'{"user_id": 1, "x": ' + b"[" * 2000 + b"]" * 2000 + b"}", 400),
    (b"[]", 422),
    (b"null", 422),
    (b"{}", 422),
    (b'{"user_id": null}', 422),
    (b'{"user_id": "1"}', 422),
    (b'{"user_id": true}', 422),
    (b'{"user_id": 1.5}', 422),
    (b'{"user_id": 0}', 422),
    (b'{"user_id": -1}', 422),
    (b'{"user_id": 9223372036854775808}', 422),
    (b'{"user_id": 1e400}', 422),
    (b'{"user_id": ' + b"9" * 400 + b"}", 422),
    (b'{"user_id": 1, "x": "' + b"x" * BODY_LIMIT + b'"}', 413),
]


@pytest.mark.parametrize(("body", "status"), BAD_BODIES, ids=lambda value: str(value)[:30])
def test_a_bad_body_is_refused_and_nothing_decided(body: bytes, status: int) -> None:
    bench = Bench()
    answer = bench.ask(body)
    assert answer.status == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert bench.reservation.asked == []
    assert bench.counted("rejected") == 1


def test_a_huge_body_is_refused_before_its_end_is_read() -> None:
    parts = [b"x" * BODY_LIMIT] * 3
    assert Bench().ask(*parts).status == 413


@pytest.mark.parametrize("coupon", ["", "0", "-1", "x", "1/2", "٣", "9223372036854775808", "1" * 400])
def test_a_coupon_that_cannot_be_is_not_found(coupon: str) -> None:
    bench = Bench()
    assert bench.ask(b'{"user_id": 1}', path=f"/coupons/{coupon}/issue").status == 404
    assert bench.reservation.asked == []


def test_the_largest_ids_are_taken() -> None:
    largest = 2**63 - 1
    answer = Bench().ask(b'{"user_id": %d}' % largest, path=f"/coupons/{largest}/issue")
    assert answer.json() == {"coupon_id": largest, "user_id": largest, "event_id": 9}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_405_and_says_which_is_allowed(method: str) -> None:
    answer = Bench().ask(method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("error", [CannotDecide("Redis does not answer", 3), Busy("no connection", 3)])
def test_what_cannot_be_decided_is_503_with_a_time_to_come_back(error: CannotDecide) -> None:
    def fail(coupon: int, user: int) -> Decision:
        raise error

    bench = Bench(fail)
    answer = bench.ask(b'{"user_id": 1}')
    assert answer.status == 503
    assert answer.headers["retry-after"] == "3"
    assert str(error) in answer.json()["detail"]
    assert bench.counted("failed") == 1


def test_a_bug_is_500_without_a_word_of_it(caplog: pytest.LogCaptureFixture) -> None:
    def fail(coupon: int, user: int) -> Decision:
        raise KeyError("secret")

    answer = Bench(fail).ask(b'{"user_id": 1}')
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert "secret" in caplog.text
