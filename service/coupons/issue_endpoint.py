"""POST /coupons/{coupon_id}/issue: the hot path, straight on ASGI."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Annotated, Final

import msgspec
from starlette.types import Message, Receive, Scope, Send

from coupons.decision import Decision, Outcome
from coupons.errors import CannotDecide
from coupons.problems import MEDIA_TYPE, plain, problem
from coupons.reservation import Reservation
from coupons.service_metrics import ServiceMetrics

BODY_LIMIT: Final = 4096
LARGEST_ID: Final = 2**63 - 1
PREFIX: Final = "/coupons/"
SUFFIX: Final = "/issue"

log = logging.getLogger(__name__)

Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
Header = tuple[bytes, bytes]


class IssueRequest(msgspec.Struct):
    """The body of the request."""

    user_id: Id


class Refused(Exception):
    """A request that cannot be read: status, problem document, and whether more of the body may follow."""

    def __init__(self, status: int, body: bytes, *headers: Header) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


_JSON: Final = (b"content-type", b"application/json")
_PROBLEM: Final = (b"content-type", MEDIA_TYPE.encode())
_ALREADY: Final = (409, problem(409, "Already issued", "This user already has this coupon."))
_SOLD_OUT: Final = (410, problem(410, "Sold out", "No coupon is left."))
_NOT_FOUND: Final = (404, problem(404, "Not Found", "There is no such coupon."))
_REFUSALS: Final = {Outcome.ALREADY: _ALREADY, Outcome.SOLD_OUT: _SOLD_OUT, Outcome.UNKNOWN_COUPON: _NOT_FOUND}


class IssueEndpoint:
    """Reads the request, has it decided, answers, counts."""

    def __init__(self, reservation: Reservation, metrics: ServiceMetrics) -> None:
        self._issue = reservation.issue
        self._decode = msgspec.json.Decoder(IssueRequest).decode
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
            user_id = self._user_id(await _body(receive))
            decided = await self._issue(coupon_id, user_id)
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
        text: str = scope["path"][len(PREFIX) : -len(SUFFIX)]
        if not (text.isascii() and text.isdigit() and len(text) <= 19 and 0 < int(text) <= LARGEST_ID):
            raise Refused(*_NOT_FOUND)
        return int(text)

    def _user_id(self, body: bytes) -> int:
        try:
            return self._decode(body).user_id
        except msgspec.ValidationError as error:
            raise Refused(422, problem(422, "Unprocessable Content", str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(400, problem(400, "Bad Request", f"The body is not JSON: {error}")) from None

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


async def _body(receive: Receive) -> bytes:
    """The whole body; 413 as soon as it is longer than the limit."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        if len(body) > BODY_LIMIT:
            break
        message = await receive()
        body += message.get("body", b"")
    if len(body) > BODY_LIMIT:
        detail = f"The body may have {BODY_LIMIT} bytes."
        raise Refused(413, problem(413, "Content Too Large", detail), (b"connection", b"close"))
    return body


async def _send(send: Send, status: int, body: bytes, *headers: Header) -> None:
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [*headers, (b"content-length", b"%d" % len(body))],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})
