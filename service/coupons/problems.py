"""Problem documents (RFC 9457) for every answer of 400 and above."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

MEDIA_TYPE: Final = "application/problem+json"


def problem(status: int, title: str, detail: str) -> bytes:
    """The document; `type` is left out, which means about:blank."""
    return msgspec.json.encode({"status": status, "title": title, "detail": detail})


def plain(status: int) -> bytes:
    """A problem that its status says all about."""
    phrase = HTTPStatus(status).phrase
    return problem(status, phrase, f"{phrase}.")
