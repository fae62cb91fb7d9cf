from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rushlab.model.errors import StorageError
from rushlab.world.stack import passwords


def test_passwords_are_drawn_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first = passwords.load(tmp_path)
    assert passwords.load(tmp_path) == first
    assert len({first.root, first.coupons, first.exporter}) == 3
    assert stat.S_IMODE((tmp_path / "passwords.json").stat().st_mode) == 0o600


def test_two_workbenches_have_different_passwords(tmp_path: Path) -> None:
    assert passwords.load(tmp_path / "a") != passwords.load(tmp_path / "b")


def test_they_do_not_show_in_a_representation(tmp_path: Path) -> None:
    drawn = passwords.load(tmp_path)
    assert drawn.coupons not in repr(drawn)


def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "passwords.json").write_text('{"root": 1}')
    with pytest.raises(StorageError, match="Remove it"):
        passwords.load(tmp_path)


def test_a_damaged_byte_is_the_same_error(tmp_path: Path) -> None:
    (tmp_path / "passwords.json").write_bytes(b'{"root": "\xff", "coupons": "", "exporter": ""}')
    with pytest.raises(StorageError, match="Remove it"):
        passwords.load(tmp_path)
