"""The environment becomes typed settings, or one sentence that names what is wrong."""

from __future__ import annotations

import pytest

from coupons import settings
from coupons.errors import BadSetting


def test_an_empty_environment_gives_the_defaults_of_the_knobs() -> None:
    told = settings.load({})
    defaults = {name: spec["default"] for name, spec in settings.knob_table().items()}
    assert {name: getattr(told.knobs, name) for name in defaults} == defaults


@pytest.mark.parametrize("name", ["report", "recommended"])
def test_every_preset_is_a_setting_that_the_service_takes(name: str) -> None:
    wanted = settings.preset(name)
    told = settings.load({f"COUPONS_{knob.upper()}": str(value) for knob, value in wanted.items()})
    assert {knob: getattr(told.knobs, knob) for knob in wanted} == wanted


def test_variables_of_others_are_not_read() -> None:
    assert (
        settings.load({"PATH": "/bin", "POOL_SIZE": "x"}).knobs.pool_size
        == settings.knob_table()["pool_size"]["default"]
    )


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("COUPONS_RESERVATION", "postgres", "reservation"),
        ("COUPONS_POOL_SIZE", "0", "pool_size"),
        ("COUPONS_POOL_SIZE", "ten", "pool_size"),
        ("COUPONS_POOL_SIZE", "1.5", "pool_size"),
        ("COUPONS_LOCK_TTL", "nan", "lock_ttl"),
        ("COUPONS_LOCK_TTL", "inf", "lock_ttl"),
        ("COUPONS_LOCK_WATCHDOG", "maybe", "lock_watchdog"),
        ("COUPONS_REPEAT_USERS", "1.1", "repeat_users"),
        ("COUPONS_LOCK_SCOPE", "narrow", "needs reservation redis-lock"),
        ("COUPONS_WORKERS", "17", "workers"),
        ("COUPONS_PORT", "0", "PORT"),
        ("COUPONS_PORT", "٣", "PORT"),
        ("COUPONS_METRICS_PORT", "65536", "METRICS_PORT"),
        ("COUPONS_REDIS_URL", "localhost", "REDIS_URL"),
        ("COUPONS_POOLSIZE", "5", "COUPONS_POOLSIZE"),
    ],
)
def test_a_value_that_cannot_be_is_named_in_one_sentence(variable: str, value: str, named: str) -> None:
    with pytest.raises(BadSetting) as caught:
        settings.load({variable: value})
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_worker_needs_a_metrics_port() -> None:
    settings.load({"COUPONS_WORKERS": "16", "COUPONS_METRICS_PORT": "65520"})
    with pytest.raises(BadSetting, match="METRICS_PORT cannot be '65521': 16 workers need ports up to 65536"):
        settings.load({"COUPONS_WORKERS": "16", "COUPONS_METRICS_PORT": "65521"})


@pytest.mark.parametrize(
    "environment",
    [
        {"COUPONS_RESERVATION": "redis-lock", "COUPONS_LOCK_SCOPE": "narrow"},
        {"COUPONS_CONSUMER_MODE": "async"},
        {"COUPONS_WORKERS": "16"},
    ],
)
def test_every_promised_value_is_taken(environment: dict[str, str]) -> None:
    settings.load(environment)


@pytest.mark.parametrize(
    "url", ["", "postgres://a:b@c/d", "mysql://host:port/x", "mysql://u:p@127.0.0.1:3306", "mysql:///x"]
)
def test_a_database_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(BadSetting) as caught:
        settings.load({"COUPONS_DATABASE_URL": url or "nothing"})
    assert "DATABASE_URL" in str(caught.value)
    assert "u:p" not in str(caught.value)


def test_the_database_url_is_taken_apart_and_its_password_never_shown() -> None:
    where = settings.load({"COUPONS_DATABASE_URL": "mysql+pymysql://me:p%40ss@db.local:3307/shop"}).database
    assert (where.host, where.port, where.user, where.password, where.name) == ("db.local", 3307, "me", "p@ss", "shop")
    assert "p@ss" not in repr(where)


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(BadSetting, match="there are report, recommended"):
        settings.preset("fastest")
