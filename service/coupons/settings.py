"""Settings of every process of the service: the environment, checked against `knobs.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

from coupons.errors import BadSetting

KNOBS_FILE = Path(__file__).with_name("knobs.json")
PREFIX = "COUPONS_"
LAST_PORT = 65535

Reservation = Literal["db-lock", "redis-lock", "redis-lua", "redis-zset"]
KnobValue = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """One value for every knob of `knobs.json`."""

    reservation: Reservation
    lock_scope: Literal["wide", "narrow"]
    lock_ttl: float  # seconds
    lock_watchdog: bool
    outbox: Literal["per-request", "grouped"]
    pool_size: int
    partitions: int
    partition_key: Literal["coupon", "user"]
    consumers: int
    consumer_mode: Literal["single", "batch", "async"]
    batch_size: int
    workers: int
    pause_ms: float
    stock: int
    repeat_users: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the database is, as a driver wants it."""

    host: str
    port: int
    user: str
    password: str
    name: str

    def __repr__(self) -> str:
        return f"Database({self.user}@{self.host}:{self.port}/{self.name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process is told."""

    knobs: Knobs
    database: Database
    redis: str
    kafka: str
    topic: str
    group: str
    host: str
    port: int
    metrics_port: int
    consumer_index: int

    @property
    def dead_topic(self) -> str:
        """Where messages go that cannot be applied."""
        return f"{self.topic}-dead"


def load(environment: Mapping[str, str]) -> Settings:
    """Settings from `COUPONS_…` variables; what is absent has its default.

    Raises
    ------
    BadSetting
        A variable is not known, or its value is not one it may have.
    """
    given = {key.removeprefix(PREFIX): value for key, value in environment.items() if key.startswith(PREFIX)}
    knobs = {name: given.pop(name.upper(), None) for name in knob_table()}
    places = {name: given.pop(name, default) for name, default in _PLACES.items()}
    if given:
        raise BadSetting(f"{PREFIX}{min(given)} is not a setting of this service.")
    told = Settings(
        knobs=_knobs({name: text for name, text in knobs.items() if text is not None}),
        database=_database(places["DATABASE_URL"]),
        redis=_redis(places["REDIS_URL"]),
        kafka=places["KAFKA"],
        topic=places["TOPIC"],
        group=places["GROUP"],
        host=places["HOST"],
        port=_port("PORT", places["PORT"]),
        metrics_port=_port("METRICS_PORT", places["METRICS_PORT"]),
        consumer_index=_whole("CONSUMER_INDEX", places["CONSUMER_INDEX"], 0, 1023),
    )
    _refuse_ports(told)
    return told


_PLACES = {
    "DATABASE_URL": "mysql://coupons:coupons@127.0.0.1:3306/coupons",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "KAFKA": "127.0.0.1:9094",
    "TOPIC": "coupon-issued",
    "GROUP": "coupon-confirm",
    "HOST": "127.0.0.1",
    "PORT": "8080",
    "METRICS_PORT": "9101",
    "CONSUMER_INDEX": "0",
}


@cache
def knob_table() -> dict[str, dict[str, Any]]:
    """Knob → kind, default, limits, as `knobs.json` states them."""
    return cast("dict[str, dict[str, Any]]", json.loads(KNOBS_FILE.read_text("utf-8"))["knobs"])


def preset(name: str) -> dict[str, KnobValue]:
    """The knobs of a preset over the defaults."""
    presets = json.loads(KNOBS_FILE.read_text("utf-8"))["presets"]
    if name not in presets:
        raise BadSetting(f"Preset {name!r} is not known; there are {', '.join(presets)}.")
    defaults = {knob: spec["default"] for knob, spec in knob_table().items()}
    return cast("dict[str, KnobValue]", defaults | presets[name])


def _knobs(texts: Mapping[str, str]) -> Knobs:
    defaults = {name: spec["default"] for name, spec in knob_table().items()}
    values = defaults | {name: _knob(name, text) for name, text in texts.items()}
    knobs = Knobs(**values)
    _refuse_mismatch(knobs)
    return knobs


def _refuse_mismatch(knobs: Knobs) -> None:
    for name, spec in knob_table().items():
        value = getattr(knobs, name)
        for other, allowed in spec.get("needs", {}).get(value, {}).items():
            if getattr(knobs, other) not in allowed:
                raise BadSetting(f"Knob {name} cannot be {value!r}: it needs {other} {' or '.join(map(str, allowed))}.")


def _refuse_ports(told: Settings) -> None:
    """Worker i listens on the metrics' port + i."""
    workers, last = told.knobs.workers, told.metrics_port + told.knobs.workers - 1
    if last > LAST_PORT:
        raise BadSetting(
            f"{PREFIX}METRICS_PORT cannot be '{told.metrics_port}': "
            f"{workers} workers need ports up to {last}, and the last one is {LAST_PORT}."
        )


def _knob(name: str, text: str) -> KnobValue:
    spec = knob_table()[name]
    kind = spec["kind"]
    if kind == "choice":
        if text not in spec["choices"]:
            raise BadSetting(f"Knob {name} cannot be {text!r}: it is one of {', '.join(spec['choices'])}.")
        return text
    if kind == "bool":
        return _truth(name, text)
    return _number(name, text, spec)


def _truth(name: str, text: str) -> bool:
    truth = {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())
    if truth is None:
        raise BadSetting(f"Knob {name} cannot be {text!r}: it is true or false.")
    return truth


def _number(name: str, text: str, spec: Mapping[str, Any]) -> int | float:
    kind = "a whole number" if spec["kind"] == "int" else "a number"
    try:
        number: int | float = int(text) if spec["kind"] == "int" else float(text)
    except ValueError:
        raise BadSetting(f"Knob {name} cannot be {text!r}: it is {kind}.") from None
    if not spec["minimum"] <= number <= spec["maximum"]:
        raise BadSetting(f"Knob {name} cannot be {text}: it is {kind} from {spec['minimum']} to {spec['maximum']}.")
    return number


def _whole(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise BadSetting(f"{PREFIX}{name} cannot be {text!r}: it is a whole number from {low} to {high}.")
    return int(text)


def _port(name: str, text: str) -> int:
    return _whole(name, text, 1, LAST_PORT)


def _database(url: str) -> Database:
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
    except ValueError:
        raise _bad_database() from None
    name = parts.path.lstrip("/")
    if parts.scheme.partition("+")[0] != "mysql" or not parts.hostname or not name:
        raise _bad_database()
    return Database(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        name=name,
    )


def _bad_database() -> BadSetting:
    # The URL carries a password, so the sentence does not repeat it.
    return BadSetting(f"{PREFIX}DATABASE_URL cannot be read: it is mysql://user:password@host:port/database.")


def _redis(url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise BadSetting(f"{PREFIX}REDIS_URL cannot be read: it is redis://host:port/number.")
    return url
