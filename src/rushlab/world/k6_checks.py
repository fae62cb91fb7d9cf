"""What must hold before k6 may start: a target that is ours, room on the disk, a free port."""

from __future__ import annotations

import ipaddress
import itertools
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

from rushlab.model.errors import PortTaken, RefusedTarget, StorageError
from rushlab.model.profile import Profile
from rushlab.world.stack.ports import is_free

FIRST_PORT = 6565

#: Bytes that one iteration leaves on the disk: about 13 points, gzipped by k6 and then once more
#: as Parquet. Measured at 110 + 150; doubled, because failures write longer lines.
BYTES_PER_ITERATION = 520
#: Room that must stay free besides: logs, evidence and the servers' own data.
RESERVE_BYTES = 256 * 2**20

# Private as RFC 1918 and RFC 4193 mean it; Python's is_private also holds ranges that are nobody's network.
_PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]


def require_private(base_url: str) -> None:
    """RefusedTarget unless the URL's host is, and resolves only to, loopback or private addresses."""
    try:
        parts = urlsplit(base_url)
        addresses = _addresses(parts.hostname or "", parts.port or 80)
    except (OSError, ValueError) as error:
        raise RefusedTarget(f"Load to {base_url!r} is refused", f"its address cannot be told ({error})") from error
    foreign = [str(address) for address in addresses if not _is_private(address)]
    if parts.scheme not in ("http", "https") or parts.username is not None or not addresses or foreign:
        raise RefusedTarget(
            f"Load to {base_url!r} is refused",
            f"it leads to {', '.join(foreign) or 'no address'}, and load goes to loopback or private addresses only",
        )


def require_space(folder: Path, *profiles: Profile) -> None:
    """StorageError unless the points of these (already scaled) profiles fit on the folder's disk together."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    needed = sum(_points_bytes(profile) for profile in profiles) + RESERVE_BYTES
    free = shutil.disk_usage(existing).free
    if free < needed:
        names = ", ".join(dict.fromkeys(profile.name for profile in profiles))
        what = "profile" if len(profiles) == 1 else f"{len(profiles)} runs of"
        raise StorageError(
            f"The disk of {folder} is too full for {what} {names}",
            f"{free / 2**20:,.0f} MiB are free, up to {needed / 2**20:,.0f} MiB may be needed",
            "Free some space or choose a smaller --scale.",
        )


def _points_bytes(profile: Profile) -> int:
    # vu_seconds / pause is near enough to the bound for this (judge.bound has the exact one).
    return int(profile.peak_vus * profile.length_s / max(profile.pause_s, 0.01) * BYTES_PER_ITERATION)


def free_port(asked: int | None) -> int:
    """The port asked for (PortTaken when it is not free), else the next free one from 6565 on loopback."""
    if asked is None:
        return next(port for port in itertools.count(FIRST_PORT) if is_free(port))
    if not is_free(asked):
        raise PortTaken(f"Port {asked} for k6's REST API is taken", do="Free it or unset RUSHLAB_K6_PORT.")
    return asked


def _addresses(host: str, port: int) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        if host != "localhost":
            raise
        return {ipaddress.ip_address("127.0.0.1")}  # RFC 6761: loopback, also where no hosts file says so
    return {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}


def _is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _PRIVATE if network.version == address.version)
