"""The HTTP interface: the hot path in front, everything else by Starlette."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from coupons import bodies
from coupons.bodies import Refused
from coupons.errors import CannotDecide
from coupons.issue_endpoint import IssueEndpoint
from coupons.openapi import DOCUMENT
from coupons.problems import MEDIA_TYPE, plain, problem
from coupons.reservation import Reservation
from coupons.tables import Tables

LARGEST_STOCK: Final = 2**32 - 1
#: The database numbers on from the largest id it was given, so there must be room above it.
LARGEST_GIVEN_ID: Final = 2**53 - 1


class CreateRequest(msgspec.Struct):
    """The body of POST /coupons."""

    stock: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_STOCK)]
    coupon_id: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_GIVEN_ID)] | None = None


_CREATE: Final = msgspec.json.Decoder(CreateRequest)


class Handlers:
    """Everything but the hot path."""

    def __init__(self, tables: Tables, reservation: Reservation, registry: CollectorRegistry) -> None:
        self._tables = tables
        self._reservation = reservation
        self._registry = registry

    async def create(self, request: Request) -> Response:
        """POST /coupons."""
        wanted = bodies.decode(_CREATE, await bodies.read(request.receive))
        coupon_id = await self._tables.create(wanted.stock, wanted.coupon_id)
        if coupon_id is None:
            return _problem(409, "Coupon exists", "A coupon with this id exists already.")
        with suppress(CannotDecide):  # it is made: what Redis lacks is rebuilt from the database, which has it
            await self._reservation.seed(coupon_id, wanted.stock)
        return _json({"coupon_id": coupon_id, "stock": wanted.stock}, 201)

    async def show(self, request: Request) -> Response:
        """GET /coupons/{coupon_id}."""
        coupon = await self._tables.coupon(_id(request, "coupon_id"))
        if coupon is None:
            return _problem(404, "Not Found", "There is no such coupon.")
        left = await self._reservation.remaining(coupon.coupon_id)
        remaining = coupon.remaining if left is None else left
        return _json(
            {"coupon_id": coupon.coupon_id, "stock": coupon.stock, "issued": coupon.issued, "remaining": remaining}
        )

    async def show_issue(self, request: Request) -> Response:
        """GET /coupons/{coupon_id}/issues/{user_id}."""
        coupon_id, user_id = _id(request, "coupon_id"), _id(request, "user_id")
        issue = await self._tables.issue(coupon_id, user_id)
        if issue is None:
            return _problem(404, "Not Found", "This user does not have this coupon.")
        return _json(
            {
                "coupon_id": coupon_id,
                "user_id": user_id,
                "event_id": issue.event_id,
                "state": "confirmed" if issue.confirmed_at else "accepted",
                "accepted_at": _utc(issue.accepted_at),
                "confirmed_at": _utc(issue.confirmed_at),
            }
        )

    async def live(self, _request: Request) -> Response:
        """GET /health/live: the process answers."""
        return _json({"status": "live"})

    async def ready(self, _request: Request) -> Response:
        """GET /health/ready: a request for a coupon could be decided now."""
        if not await self._tables.answers():
            return _problem(503, "Not ready", "The database does not answer.")
        if not await self._reservation.ready():
            return _problem(503, "Not ready", "Redis does not answer or is being rebuilt.")
        return _json({"status": "ready"})

    async def metrics(self, _request: Request) -> Response:
        """GET /metrics, in Prometheus's text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def openapi(self, _request: Request) -> Response:
        """GET /openapi.json."""
        return _json(DOCUMENT)


def build(
    issue: IssueEndpoint, handlers: Handlers, lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]]
) -> ASGIApp:
    """The application; requests for a coupon never reach Starlette."""
    rest = Starlette(
        routes=[
            Route("/coupons", handlers.create, methods=["POST"]),
            Route("/coupons/{coupon_id}", handlers.show, methods=["GET"]),
            Route("/coupons/{coupon_id}/issues/{user_id}", handlers.show_issue, methods=["GET"]),
            Route("/health/live", handlers.live, methods=["GET"]),
            Route("/health/ready", handlers.ready, methods=["GET"]),
            Route("/metrics", handlers.metrics, methods=["GET"]),
            Route("/openapi.json", handlers.openapi, methods=["GET"]),
        ],
        exception_handlers={
            HTTPException: _http_problem,
            Refused: _refused,
            CannotDecide: _cannot_decide,
            Exception: _failed,
        },
        lifespan=lifespan,
    )
    rest.router.redirect_slashes = False

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and IssueEndpoint.serves(scope["path"]):
            await issue(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return app


def _id(request: Request, name: str) -> int:
    number = bodies.identifier(request.path_params[name])
    if number is None:
        raise HTTPException(404)
    return number


def _utc(moment: datetime | None) -> str | None:
    return moment.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z") if moment else None


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def _problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    return Response(problem(status, title, detail), status, headers=headers, media_type=MEDIA_TYPE)


async def _http_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    return Response(plain(error.status_code), error.status_code, headers=headers, media_type=MEDIA_TYPE)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {name.decode(): value.decode() for name, value in error.headers}
    return Response(error.body, error.status, headers=headers, media_type=MEDIA_TYPE)


async def _cannot_decide(_request: Request, error: Exception) -> Response:
    return _problem(503, "Cannot decide", f"{error}.", {"retry-after": "1"})


async def _failed(_request: Request, _error: Exception) -> Response:
    return Response(plain(500), 500, media_type=MEDIA_TYPE)
