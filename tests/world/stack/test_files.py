from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from rushlab.model.errors import StorageError
from rushlab.world.stack.files import cut, make_folder, read_state, rotate, tail, write_private


def test_a_private_file_is_replaced_whole_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "passwords.json"
    write_private(path, "old")
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["passwords.json"]


def test_a_file_where_a_folder_should_be_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(StorageError, match="home"):
        make_folder(tmp_path / "home" / "logs")


def test_tail_gives_the_last_lines_and_survives_bytes_that_are_not_text(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"".join(b"line %d\n" % number for number in range(100_000)) + b"\xff\x00 end\n")
    assert tail(log, 2) == "line 99999\n\ufffd\x00 end"
    assert tail(tmp_path / "missing.log", 5) == ""


def test_rotate_keeps_one_older_log_and_leaves_a_short_one_alone(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("0123456789")
    rotate(log, 10)
    assert log.exists()
    rotate(log, 9)
    assert not log.exists()
    assert (tmp_path / "a.log.1").read_text() == "0123456789"


def test_cut_empties_a_log_under_its_writer_which_goes_on_appending(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    writer = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(writer, b"long ago\n" * 100)
        cut(log, 100)
        os.write(writer, b"now\n")
    finally:
        os.close(writer)
    assert log.read_text() == "now\n"
    assert "long ago" in (tmp_path / "a.log.1").read_text()


def test_tail_gives_all_the_lines_that_were_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    written = [f"line {number}" for number in range(50_000)]
    log.write_text("\n".join(written) + "\n")
    assert tail(log, 20_000).splitlines() == written[-20_000:]
    assert tail(log, 100_000).splitlines() == written
    log.write_text("no line end")
    assert tail(log, 1) == "no line end"


@pytest.mark.parametrize("content", [b"{", b'{"schema": "\xff"}', b"[" * 100_000])
def test_state_that_is_damaged_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ports.json").write_bytes(content)
    assert read_state(tmp_path / "ports.json", dict) is None
    assert read_state(tmp_path / "nothing.json", dict) is None


def test_state_that_may_not_be_read_is_one_sentence(closed: Path) -> None:
    with pytest.raises(StorageError, match="Permission denied"):
        read_state(closed / "ports.json", dict)
    with pytest.raises(StorageError, match="Permission denied"):
        tail(closed / "redis.log", 5)
