"""What each server is told: loopback only, own folders, everything filled in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from rushlab.world.settings import PROJECT
from rushlab.world.stack import ports
from rushlab.world.stack.passwords import Passwords
from rushlab.world.stack.provision import Tools
from rushlab.world.stack.servers.base import Server, Site, fingerprint
from rushlab.world.stack.servers.coupons import CouponProcess, Wiring, consumer_names, coupon_processes
from rushlab.world.stack.servers.exporters import MysqldExporter, RedisExporter, version_in
from rushlab.world.stack.servers.kafka import Kafka
from rushlab.world.stack.servers.mariadb import MariaDB
from rushlab.world.stack.servers.prometheus import Prometheus, Target
from rushlab.world.stack.servers.redis import Redis

PROGRAMS = ("mariadbd", "mariadb-install-db", "redis-server", "prometheus", "prometheus-mysqld-exporter")
SERVERS = (MariaDB, Redis, Kafka, Prometheus, MysqldExporter, RedisExporter)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site in a folder whose name needs care."""
    programs = tmp_path / "debian/usr/bin"
    programs.mkdir(parents=True)
    for name in (*PROGRAMS, "prometheus-redis-exporter"):
        (programs / name).touch()
    return Site(
        home=tmp_path / "a folder # with 'marks'",
        root=PROJECT,
        tools=Tools(
            debian=tmp_path / "debian",
            kafka=tmp_path / "kafka/libs",
            kafka_archive=tmp_path / "kafka/kafka.jsa",
            java=Path("/usr/bin/java"),
        ),
        ports={name: port + 20_000 for name, port in ports.DEFAULTS.items()},
        passwords=Passwords(root="r" * 32, coupons="c" * 32, exporter="e" * 32),
    )


@pytest.mark.parametrize("kind", SERVERS)
def test_nothing_is_left_to_fill_in_and_nothing_listens_on_all_interfaces(kind: type[Server], site: Site) -> None:
    server = kind(site)  # type: ignore[call-arg]  # every server is made from its site
    told = "\n".join([*server.command(), *server.files().values()])
    assert "$" not in told
    assert "0.0.0.0" not in told
    assert not re.search(r"(listen-address|bind)\S*[ =]+:", told)
    assert str(server.port) in told


@pytest.mark.parametrize("kind", SERVERS)
def test_every_file_lies_in_the_servers_own_folder(kind: type[Server], site: Site) -> None:
    server = kind(site)  # type: ignore[call-arg]
    assert all(path.parent == site.folder(server.name) for path in server.files())


@pytest.mark.parametrize("kind", SERVERS)
def test_another_port_is_another_fingerprint(kind: type[Server], site: Site) -> None:
    moved = Site(
        home=site.home,
        root=site.root,
        tools=site.tools,
        ports={name: port + 1 for name, port in site.ports.items()},
        passwords=site.passwords,
    )
    assert fingerprint(kind(site)) != fingerprint(kind(moved))  # type: ignore[call-arg]
    assert fingerprint(kind(site)) == fingerprint(kind(site))  # type: ignore[call-arg]


def test_no_password_stands_on_a_command_line(site: Site) -> None:
    for kind in SERVERS:
        words = " ".join(kind(site).command())
        assert not re.search(r"(r{32}|c{32}|e{32})", words)


def test_the_accounts_are_one_statement_per_line_as_mariadb_reads_them(site: Site) -> None:
    accounts = MariaDB(site).files()[site.folder("mariadb") / "accounts.sql"]
    statements = [line for line in accounts.splitlines() if line and not line.startswith("--")]
    assert all(line.endswith(";") and line.count(";") == 1 for line in statements)


def test_prometheus_reads_targets_from_files_each_second_and_each_fifth(site: Site) -> None:
    server = Prometheus(site)
    config = yaml.safe_load(server.files()[site.folder("prometheus") / "prometheus.yml"])
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert jobs["coupons"]["scrape_interval"] == "1s"
    assert jobs["exporters"]["scrape_interval"] == "5s"
    server.aim("coupons", [Target(address="127.0.0.1:8080", role="service", instance="service")])
    (file,) = jobs["coupons"]["file_sd_configs"][0]["files"]
    (group,) = yaml.safe_load(Path(file).read_text())
    assert group == {"targets": ["127.0.0.1:8080"], "labels": {"role": "service", "instance": "service"}}


def processes_with(site: Site, **knobs: str | int | float | bool) -> list[CouponProcess]:
    wiring = Wiring(knobs=dict(knobs), topic="coupon-issued-1a2b3c", group="coupon-confirm-1a2b3c")
    names = ["service", "service-metrics", "relay", *consumer_names(wiring.knobs)]
    return list(coupon_processes(site, wiring, {name: 30_000 + index for index, name in enumerate(names)}))


def test_a_run_has_as_many_consumers_as_the_knob_says_each_with_its_index(site: Site) -> None:
    run = processes_with(site, consumers=3, workers=1)
    assert [one.name for one in run] == ["service", "relay", "consumer-0", "consumer-1", "consumer-2"]
    assert [one.environment()["COUPONS_CONSUMER_INDEX"] for one in run[2:]] == ["0", "1", "2"]
    assert len({one.port for one in run}) == 5


def test_knobs_reach_the_service_by_name_in_capitals(site: Site) -> None:
    told = processes_with(site, lock_watchdog=True, lock_ttl=3.0, reservation="redis-lock")[0].environment()
    assert told["COUPONS_LOCK_WATCHDOG"] == "true"
    assert told["COUPONS_LOCK_TTL"] == "3.0"
    assert told["COUPONS_RESERVATION"] == "redis-lock"
    assert told["COUPONS_TOPIC"] == "coupon-issued-1a2b3c"
    assert told["COUPONS_KAFKA"] == f"127.0.0.1:{site.ports['kafka']}"


def test_the_service_reads_what_it_is_told(site: Site) -> None:
    from coupons.settings import load

    settings = load(processes_with(site, consumers=1, workers=1, pool_size=7, lock_watchdog=False)[0].environment())
    assert settings.knobs.pool_size == 7
    assert settings.knobs.lock_watchdog is False
    assert settings.database.port == site.ports["database"]


def test_several_workers_have_their_metrics_on_ports_of_their_own(site: Site) -> None:
    service = processes_with(site, consumers=1, workers=2)[0]
    assert service.metrics == ("http://127.0.0.1:30001/metrics", "http://127.0.0.1:30002/metrics")


def test_the_version_of_an_exporter_is_its_own_not_gos() -> None:
    page = (
        "# TYPE mysqld_exporter_build_info gauge\n"
        'mysqld_exporter_build_info{branch="debian/sid",goversion="go1.19.8",revision="1",version="0.14.0"} 1\n'
    )
    assert version_in(page, "mysqld_exporter_build_info") == "0.14.0"
    assert version_in('mysqld_exporter_build_info{goversion="go1.19.8"} 1\n', "mysqld_exporter_build_info") == "unknown"
    assert version_in('redis_exporter_build_info{version="1.45"} 1\n', "redis_exporter_build_info") == "1.45"


def test_many_consumers_are_given_more_time_to_start(site: Site) -> None:
    one, many = processes_with(site, consumers=1)[0], processes_with(site, consumers=64)[0]
    assert many.timeout_s > 60 > one.timeout_s


def test_the_database_takes_as_many_connections_as_the_knobs_can_ask_for(site: Site) -> None:
    (config,) = [text for path, text in MariaDB(site).files().items() if path.name == "server.cnf"]
    (limit,) = re.findall(r"^max_connections = (\d+)$", config, re.MULTILINE)
    spec = json.loads((PROJECT / "service/coupons/knobs.json").read_text())["knobs"]
    assert int(limit) > spec["pool_size"]["maximum"] + spec["consumers"]["maximum"] + 50


@pytest.mark.parametrize("kind", [MariaDB, Kafka])
def test_an_empty_data_folder_is_none(kind: type[Server], site: Site) -> None:
    server = kind(site)  # type: ignore[call-arg]
    data = site.folder(server.name) / "data"
    data.mkdir(parents=True)
    assert server.setup() is not None
    (data / "something").touch()
    assert server.setup() is None
