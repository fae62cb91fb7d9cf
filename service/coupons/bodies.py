"""Bodies of requests: read up to a limit, decoded, or refused with a problem document."""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec
from starlette.types import Receive

from coupons.deadline import within
from coupons.problems import problem

BODY_LIMIT: Final = 4096
#: A client that sends its headers has so long for all of the body; it comes with them, as a rule.
BODY_S: Final = 10.0
#: Opening brackets of a body. How deep the decoder itself would go depends on the Python that runs it.
BRACKET_LIMIT: Final = 100
LARGEST_ID: Final = 2**63 - 1

Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
Header = tuple[bytes, bytes]
T = TypeVar("T")


class Refused(Exception):
    """A request that cannot be taken: the status, the problem document and headers of its answer."""

    def __init__(self, status: int, body: bytes, *headers: Header) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


async def read(receive: Receive) -> bytes:
    """The whole body; 413 as soon as it is longer than the limit, 408 when it does not come."""
    try:
        return await within(BODY_S, _whole(receive))
    except TimeoutError:
        detail = f"The body did not come within {BODY_S:g} s."
        raise Refused(408, problem(408, "Request Timeout", detail), (b"connection", b"close")) from None


async def _whole(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body") and len(body) <= BODY_LIMIT:
        message = await receive()
        body += message.get("body", b"")
    if len(body) > BODY_LIMIT:
        detail = f"The body may have {BODY_LIMIT} bytes."
        raise Refused(413, problem(413, "Content Too Large", detail), (b"connection", b"close"))
    return body


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """What the body says; 422 when it is JSON but not that, 400 when it is not JSON or nested too deep."""
    if len(body) > BRACKET_LIMIT and body.count(b"[") + body.count(b"{") > BRACKET_LIMIT:
        raise Refused(400, problem(400, "Bad Request", f"The body may open {BRACKET_LIMIT} brackets."))
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(422, problem(422, "Unprocessable Content", str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, problem(400, "Bad Request", f"The body cannot be read as JSON: {error}")) from None


def identifier(text: str) -> int | None:
    """The id that a part of a path names, None when it cannot be one."""
    if text.isascii() and text.isdigit() and len(text) <= 19 and 0 < int(text) <= LARGEST_ID:
        return int(text)
    return None
