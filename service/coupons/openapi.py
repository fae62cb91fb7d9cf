"""The OpenAPI description of the HTTP interface."""

from __future__ import annotations

from typing import Any, Final

from coupons.problems import MEDIA_TYPE

_ID: Final = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_GIVEN_ID: Final = {"type": ["integer", "null"], "minimum": 1, "maximum": 2**53 - 1}
_STOCK: Final = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TIME: Final = {"type": "string", "format": "date-time"}


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _content(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {media_type: {"schema": schema}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": _content(schema)}


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": _content({"$ref": "#/components/schemas/Problem"}, MEDIA_TYPE)}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": _content(schema)}


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _ID}


_UNSURE: Final = {
    **_problem("Redis or the database cannot be asked; nothing can be said yet"),
    "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}},
}
_BAD_BODY: Final = {
    "400": _problem("The body is not JSON"),
    "408": _problem("The body did not come within 10 s"),
    "413": _problem("The body is longer than 4096 bytes"),
    "422": _problem("The body is JSON, but not what is asked for"),
}

_CREATE: Final = {
    "operationId": "createCoupon",
    "summary": "Make a coupon with a stock",
    "requestBody": _body(_object({"stock": _STOCK, "coupon_id": _GIVEN_ID}, ("coupon_id",))),
    "responses": {
        "201": _answer("Made", _object({"coupon_id": _ID, "stock": _STOCK})),
        "409": _problem("A coupon with this id exists"),
        "503": _UNSURE,
        **_BAD_BODY,
    },
}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request with the same key is answered as it was (201, 409, 410); of any request, once.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_ISSUE: Final = {
    "operationId": "issueCoupon",
    "summary": "Ask for a coupon; 201 means that it is committed",
    "parameters": [_parameter("coupon_id"), _KEY],
    "requestBody": _body(_object({"user_id": _ID})),
    "responses": {
        "201": _answer("Issued", _object({"coupon_id": _ID, "user_id": _ID, "event_id": _ID})),
        "404": _problem("No such coupon"),
        "409": _problem("This user already has one"),
        "410": _problem("Sold out"),
        "503": _UNSURE,
        **_BAD_BODY,
        "400": _problem("The body is not JSON, or the Idempotency-Key cannot be one"),
        "422": _problem("The body is not what is asked for, or the Idempotency-Key was used for another request"),
    },
}
_SHOW: Final = {
    "operationId": "showCoupon",
    "summary": "A coupon and how much of it is gone",
    "parameters": [_parameter("coupon_id")],
    "responses": {
        "200": _answer(
            "The coupon", _object({"coupon_id": _ID, "stock": _STOCK, "issued": _COUNT, "remaining": _COUNT})
        ),
        "404": _problem("No such coupon"),
        "503": _UNSURE,
    },
}
_SHOW_ISSUE: Final = {
    "operationId": "showIssue",
    "summary": "A user's coupon: accepted, or confirmed by the consumer",
    "parameters": [_parameter("coupon_id"), _parameter("user_id")],
    "responses": {
        "200": _answer(
            "The user has the coupon",
            _object(
                {
                    "coupon_id": _ID,
                    "user_id": _ID,
                    "event_id": _ID,
                    "state": {"enum": ["accepted", "confirmed"]},
                    "accepted_at": _TIME,
                    "confirmed_at": {**_TIME, "type": ["string", "null"]},
                }
            ),
        ),
        "404": _problem("The user does not have the coupon"),
        "503": _UNSURE,
    },
}
_STATUS: Final = _object({"status": {"type": "string"}})

DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Coupons",
        "version": "1.0.0",
        "description": "First come, first served: each user gets at most one coupon, and no more than the stock.",
    },
    "paths": {
        "/coupons": {"post": _CREATE},
        "/coupons/{coupon_id}": {"get": _SHOW},
        "/coupons/{coupon_id}/issue": {"post": _ISSUE},
        "/coupons/{coupon_id}/issues/{user_id}": {"get": _SHOW_ISSUE},
        "/health/live": {"get": {"operationId": "live", "responses": {"200": _answer("The process answers", _STATUS)}}},
        "/health/ready": {
            "get": {
                "operationId": "ready",
                "responses": {"200": _answer("Requests can be decided", _STATUS), "503": _problem("Not now")},
            }
        },
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "responses": {
                    "200": {
                        "description": "Prometheus's text format",
                        "content": _content({"type": "string"}, "text/plain"),
                    }
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Problem": {
                "description": "RFC 9457",
                **_object({"status": {"type": "integer"}, "title": {"type": "string"}, "detail": {"type": "string"}}),
            }
        }
    },
}
