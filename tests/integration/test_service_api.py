"""The HTTP interface on the real servers: what is promised is answered, what is bad changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import requests
from sqlalchemy import create_engine, text

pytestmark = pytest.mark.integration

PROBLEM = "application/problem+json"


class Api:
    """The service of a fresh state, and what stands behind it."""

    def __init__(self, stack: Any, **knobs: Any) -> None:
        self.stack = stack
        self.target = stack.reset("recommended", coupons=1000, **knobs)
        self.coupon = self.target.coupon_id
        self.session = requests.Session()

    def ask(self, method: str, path: str, body: bytes | None = None) -> requests.Response:
        return self.session.request(method, self.target.service + path, data=body, timeout=30)

    def issue(self, user: int, coupon: int | None = None) -> requests.Response:
        return self.ask("POST", f"/coupons/{coupon or self.coupon}/issue", b'{"user_id": %d}' % user)

    def rows(self, table: str) -> int:
        engine = create_engine(self.stack.endpoints.database)
        with engine.connect() as connection:
            count = connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()
        engine.dispose()
        return int(count)


@pytest.fixture(scope="module")
def api(stack: Any) -> Iterator[Api]:
    api = Api(stack)
    yield api
    api.session.close()


def until_confirmed(api: Api, user: int) -> dict[str, Any]:
    deadline = time.monotonic() + 15
    while True:
        found: dict[str, Any] = api.ask("GET", f"/coupons/{api.coupon}/issues/{user}").json()
        if found["state"] == "confirmed":
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_a_coupon_is_issued_once_and_confirmed(api: Api) -> None:
    first, again = api.issue(101), api.issue(101)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.headers["content-type"] == PROBLEM
    issued = first.json()
    assert (issued["coupon_id"], issued["user_id"]) == (api.coupon, 101)
    confirmed = until_confirmed(api, 101)
    assert confirmed["event_id"] == issued["event_id"]
    assert confirmed["accepted_at"] <= confirmed["confirmed_at"]
    assert confirmed["accepted_at"].endswith("Z")


def test_the_coupon_shows_how_much_of_it_is_gone(api: Api) -> None:
    before = api.ask("GET", f"/coupons/{api.coupon}").json()
    assert api.issue(102).status_code == 201
    after = api.ask("GET", f"/coupons/{api.coupon}").json()
    assert after["issued"] == before["issued"] + 1
    assert after["remaining"] == before["remaining"] - 1
    assert after["stock"] == after["issued"] + after["remaining"] == 1000


def test_a_coupon_can_be_made_and_sells_out(api: Api) -> None:
    made = api.ask("POST", "/coupons", b'{"stock": 1}')
    assert made.status_code == 201
    coupon = made.json()["coupon_id"]
    assert [api.issue(user, coupon).status_code for user in (1, 2, 1)] == [201, 410, 409]


def test_a_coupon_without_stock_is_sold_out_at_once(api: Api) -> None:
    coupon = api.ask("POST", "/coupons", b'{"stock": 0}').json()["coupon_id"]
    assert api.issue(1, coupon).status_code == 410


def test_a_coupon_can_be_given_its_id_once(api: Api) -> None:
    wanted = b'{"stock": 5, "coupon_id": 123456}'
    assert api.ask("POST", "/coupons", wanted).json() == {"coupon_id": 123456, "stock": 5}
    assert api.ask("POST", "/coupons", wanted).status_code == 409
    assert api.ask("GET", "/coupons/123456").json()["remaining"] == 5


def test_the_largest_ids_go_all_the_way_and_leave_room_for_more(api: Api) -> None:
    coupon, user = 2**53 - 1, 2**63 - 1
    made = api.ask("POST", "/coupons", b'{"stock": 1, "coupon_id": %d}' % coupon)
    assert made.json()["coupon_id"] == coupon
    assert api.issue(user, coupon).status_code == 201
    assert api.ask("GET", f"/coupons/{coupon}/issues/{user}").json()["user_id"] == user
    assert api.ask("POST", "/coupons", b'{"stock": 1}').json()["coupon_id"] > coupon


BAD = [
    ("POST", "/coupons/{coupon}/issue", b"", 400),
    ("POST", "/coupons/{coupon}/issue", b"not json", 400),
    ("POST", "/coupons/{coupon}/issue", b"\x00\xff", 400),
    ("POST", "/coupons/{coupon}/issue", b"{}", 422),
    ("POST", "/coupons/{coupon}/issue", b'{"user_id": "7"}', 422),
    ("POST", "/coupons/{coupon}/issue", b'{"user_id": true}', 422),
    ("POST", "/coupons/{coupon}/issue", b'{"user_id": -7}', 422),
    ("POST", "/coupons/{coupon}/issue", b'{"user_id": 9223372036854775808}', 422),
    ("POST", "/coupons/{coupon}/issue", b'{"user_id": 7, "x": "' + b"x" * 5000 + b'"}', 413),
    ("POST", "/coupons/{coupon}/issue", b"[" * 100_000, 413),
    ("POST", "/coupons/{coupon}/issue", b'{"user_id": 7, "x":' + b"[" * 2000 + b"]" * 2000 + b"}", 400),
    ("POST", "/coupons/999999999/issue", b'{"user_id": 7}', 404),
    ("POST", "/coupons/0/issue", b'{"user_id": 7}', 404),
    ("POST", "/coupons/x/issue", b'{"user_id": 7}', 404),
    ("POST", "/coupons/1%27%20OR%201=1/issue", b'{"user_id": 7}', 404),
    ("GET", "/coupons/{coupon}/issue", None, 405),
    ("DELETE", "/coupons/{coupon}", None, 405),
    ("GET", "/coupons", None, 405),
    ("POST", "/coupons", b"nothing", 400),
    ("POST", "/coupons", b"{}", 422),
    ("POST", "/coupons", b'{"stock": -1}', 422),
    ("POST", "/coupons", b'{"stock": 4294967296}', 422),
    ("POST", "/coupons", b'{"stock": true}', 422),
    ("POST", "/coupons", b'{"stock": 1, "coupon_id": 0}', 422),
    ("POST", "/coupons", b'{"stock": 1, "coupon_id": 9007199254740992}', 422),
    ("POST", "/coupons", b'{"stock": 1, "coupon_id": 9223372036854775807}', 422),
    ("POST", "/coupons", b'{"stock": 1, "x": "' + b"x" * 5000 + b'"}', 413),
    ("GET", "/coupons/999999999", None, 404),
    ("GET", "/coupons/x", None, 404),
    ("GET", "/coupons/{coupon}/issues/999999999", None, 404),
    ("GET", "/coupons/{coupon}/issues/x", None, 404),
    ("GET", "/nothing", None, 404),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_a_problem_document_and_changes_nothing(
    api: Api, method: str, path: str, body: bytes | None, status: int
) -> None:
    before = [api.rows(table) for table in ("coupons", "issues", "outbox")]
    answer = api.ask(method, path.format(coupon=api.coupon), body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert [api.rows(table) for table in ("coupons", "issues", "outbox")] == before


def test_what_the_description_promises_is_there(api: Api) -> None:
    document = api.ask("GET", "/openapi.json").json()
    for path, operations in document["paths"].items():
        if "get" in operations and "{" not in path:
            answer = api.ask("GET", path)
            assert str(answer.status_code) in operations["get"]["responses"]


def test_every_promised_metric_is_exposed(api: Api) -> None:
    service = api.ask("GET", "/metrics").text
    relay = requests.get(api.target.metrics["relay"][0], timeout=5).text
    consumer = requests.get(api.target.metrics["consumer"][0], timeout=5).text
    for name in (
        "coupons_requests_total{",
        "coupons_request_seconds_bucket{",
        "coupons_stage_seconds_bucket{",
        "coupons_pool_in_use",
        "coupons_pool_size",
        "coupons_pool_waiting",
        "coupons_event_loop_delay_seconds",
        "process_cpu_seconds_total",
        "python_gc_collections_total",
    ):
        assert name in service
    for name in ("coupons_outbox_pending", "coupons_relay_published_total", "coupons_relay_batch_seconds_bucket{"):
        assert name in relay
    for name in (
        "coupons_consumer_applied_total",
        "coupons_consumer_duplicates_total",
        "coupons_consumer_dead_letters_total",
        "coupons_consumer_lag{",
        "coupons_confirm_seconds_bucket{",
    ):
        assert name in consumer


@pytest.mark.parametrize("reservation", ["redis-lua", "redis-zset"])
def test_a_redis_that_has_lost_the_stock_is_503_until_it_is_rebuilt(stack: Any, reservation: str) -> None:
    api = Api(stack, reservation=reservation)
    assert [api.issue(user).status_code for user in (1, 2, 3)] == [201, 201, 201]
    with redis.Redis.from_url(stack.endpoints.redis, decode_responses=True) as client:
        client.flushall()
        lost = api.issue(1)
        assert lost.status_code == 503
        assert int(lost.headers["retry-after"]) >= 1
        assert lost.headers["content-type"] == PROBLEM
        deadline = time.monotonic() + 10
        while api.ask("GET", "/health/ready").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert client.get(f"coupon:{api.coupon}:stock") == "997"
    assert [api.issue(user).status_code for user in (1, 4)] == [409, 201]
    api.session.close()


@pytest.mark.parametrize("reservation", ["redis-lua", "redis-zset"])
def test_what_redis_keeps_of_another_database_is_not_taken_for_a_new_coupons_stock(
    stack: Any, reservation: str
) -> None:
    api = Api(stack, reservation=reservation)
    with redis.Redis.from_url(stack.endpoints.redis) as client:
        client.set("coupon:777:stock", 1000)
        client.sadd("coupon:778:users", 1)
        client.delete(f"coupon:{api.coupon}:stock")  # so that it is rebuilt
        assert api.issue(1).status_code == 503
        deadline = time.monotonic() + 10
        while api.ask("GET", "/health/ready").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert not client.exists("coupon:778:users")
    assert api.ask("POST", "/coupons", b'{"stock": 2, "coupon_id": 777}').status_code == 201
    assert [api.issue(user, 777).status_code for user in (1, 2, 3)] == [201, 201, 410]
    api.session.close()
