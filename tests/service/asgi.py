"""A request straight into an ASGI application, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


def ask(app: ASGIApp, method: str, path: str, *body: bytes) -> Answer:
    """Send one request, its body in as many parts as are given."""
    return asyncio.run(asking(app, method, path, *body))


async def asking(
    app: ASGIApp, method: str, path: str, *body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()
) -> Answer:
    """As `ask`, inside an event loop."""
    sent: list[dict[str, Any]] = []
    parts = _parts(body or (b"",))

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": list(headers),
        "scheme": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    answered = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent[1:]))


def _parts(body: Sequence[bytes]) -> list[dict[str, Any]]:
    last = len(body) - 1
    return [{"type": "http.request", "body": part, "more_body": place < last} for place, part in enumerate(body)]
