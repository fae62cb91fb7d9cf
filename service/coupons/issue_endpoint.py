"""POST /coupons/{coupon_id}/issue: the hot path, straight on ASGI."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Final

import msgspec
from starlette.types import Message, Receive, Scope, Send

from coupons import bodies
from coupons.bodies import Header, Id, Refused
from coupons.decision import Decision, Outcome
from coupons.errors import CannotDecide
from coupons.idempotency import Once, key_of
from coupons.problems import MEDIA_TYPE, plain, problem
from coupons.reservation import Reservation
from coupons.service_metrics import ServiceMetrics

PREFIX: Final = "/coupons/"
SUFFIX: Final = "/issue"

log = logging.getLogger(__name__)


class IssueRequest(msgspec.Struct):
    """The body of the request."""

    user_id: Id


_JSON: Final = (b"content-type", b"application/json")
_PROBLEM: Final = (b"content-type", MEDIA_TYPE.encode())
_ALREADY: Final = (409, problem(409, "Already issued", "This user already has this coupon."))
_SOLD_OUT: Final = (410, problem(410, "Sold out", "No coupon is left."))
_NOT_FOUND: Final = (404, problem(404, "Not Found", "There is no such coupon."))
_REFUSALS: Final = {Outcome.ALREADY: _ALREADY, Outcome.SOLD_OUT: _SOLD_OUT, Outcome.UNKNOWN_COUPON: _NOT_FOUND}


class IssueEndpoint:
    """Reads the request, has it decided, answers, counts."""

    def __init__(self, reservation: Reservation, metrics: ServiceMetrics, once: Once) -> None:
        self._issue = reservation.issue
        self._issue_once = once.issue
        self._decoder = msgspec.json.Decoder(IssueRequest)
        self._requests = metrics.requests
        self._seconds = metrics.request_seconds

    @staticmethod
    def serves(path: str) -> bool:
        """Whether this endpoint is the one for the path."""
        return path.endswith(SUFFIX) and path.startswith(PREFIX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        started = perf_counter()
        try:
            coupon_id = self._coupon_id(scope)
            user_id = bodies.decode(self._decoder, await bodies.read(receive)).user_id
            key = key_of(scope["headers"])
            if key is None:
                decided = await self._issue(coupon_id, user_id)
            else:
                decided = await self._issue_once(key, coupon_id, user_id)
        except Refused as refused:
            self._count("rejected", started)
            await _send(send, refused.status, refused.body, _PROBLEM, *refused.headers)
        except CannotDecide as error:
            self._count("failed", started)
            await self._cannot_decide(send, error)
        except Exception:
            self._count("failed", started)
            log.exception("a request for a coupon failed")
            await _send(send, 500, plain(500), _PROBLEM)
        else:
            self._count(decided.outcome.value, started)
            await self._answer(send, coupon_id, user_id, decided)

    def _count(self, outcome: str, started: float) -> None:
        self._requests[outcome].value += 1
        self._seconds[outcome].observe(perf_counter() - started)

    def _coupon_id(self, scope: Scope) -> int:
        if scope["method"] != "POST":
            raise Refused(405, plain(405), (b"allow", b"POST"))
        coupon_id = bodies.identifier(scope["path"][len(PREFIX) : -len(SUFFIX)])
        if coupon_id is None:
            raise Refused(*_NOT_FOUND)
        return coupon_id

    async def _answer(self, send: Send, coupon_id: int, user_id: int, decided: Decision) -> None:
        if decided.outcome is Outcome.ISSUED:
            body = b'{"coupon_id":%d,"user_id":%d,"event_id":%d}' % (coupon_id, user_id, decided.event_id)
            await _send(send, 201, body, _JSON)
        else:
            status, body = _REFUSALS[decided.outcome]
            await _send(send, status, body, _PROBLEM)

    async def _cannot_decide(self, send: Send, error: CannotDecide) -> None:
        body = problem(503, "Cannot decide", f"Nothing can be said yet: {error}. Please try again.")
        await _send(send, 503, body, _PROBLEM, (b"retry-after", b"%d" % error.retry_after))


async def _send(send: Send, status: int, body: bytes, *headers: Header) -> None:
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [*headers, (b"content-length", b"%d" % len(body))],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})
