"""File systems that a killed workbench left mounted over its servers' data (`faults_disk` mounts them)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psutil

from rushlab.model.errors import StackError

#: What these file systems call their device, by which they are told from a disk that a user mounted there.
DEVICE = "rushlab"


def mounted_below(folder: Path) -> list[Path]:
    """Our mounts within `folder`, the last one first: what is mounted over another comes off before it."""
    within = folder.resolve()
    points = (Path(one.mountpoint) for one in psutil.disk_partitions(all=True) if one.device == DEVICE)
    return [point for point in points if point.is_relative_to(within)][::-1]


def unmount(point: Path) -> None:
    """Take one mount off (StackError when it cannot be)."""
    run_tool("umount", str(point))


def run_tool(*words: str) -> None:
    """Run `mount` or `umount`; StackError with what it said when it failed or is not there."""
    what = f"{words[0]} of {words[-1]} failed"
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise StackError(what, f"{words[0]}: {error.strerror}") from error
    if done.returncode:
        why = (done.stderr.strip() or f"exit code {done.returncode}").replace("\n", "; ")
        raise StackError(what, why)
