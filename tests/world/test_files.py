"""Files that are whole or not there."""

import errno
import os

import pytest
from msgspec import Struct

from rushlab.model.errors import ResultError, StorageError
from rushlab.world.files import (
    check_writable,
    free_bytes,
    nearest,
    read_json,
    storage_error,
    write_atomic,
    write_json,
)


class Point(Struct):
    x: int


def test_written_value_can_be_read_again_and_leaves_nothing_beside_it(tmp_path):
    write_json(tmp_path / "new" / "point.json", Point(3))
    assert read_json(tmp_path / "new" / "point.json", Point) == Point(3)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["point.json"]


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "point.json"
    write_atomic(target, "old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        write_atomic(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["point.json"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is missing"),
        (b"{", "is damaged"),
        (b'{"y": 1}', "is damaged"),
        (b'{"x": 1, "y": ' + b"[" * 100_000, "is damaged"),
    ],
)
def test_reading_what_is_not_there_or_not_whole(tmp_path, content, words):
    path = tmp_path / "point.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResultError, match=words):
        read_json(path, Point)


@pytest.mark.parametrize("content", [b'"\xff"', b"[" * 100_000, b"{"])
def test_damaged_bytes_are_one_kind_of_error(tmp_path, content):
    (tmp_path / "any.json").write_bytes(content)
    with pytest.raises(ResultError, match="is damaged"):
        read_json(tmp_path / "any.json", object)


@pytest.mark.parametrize(
    ("code", "advice"),
    [(errno.ENOSPC, "Free space"), (errno.EROFS, "RUSHLAB_STATE"), (errno.EACCES, "Choose a folder")],
)
def test_sentence_says_what_to_do(tmp_path, code, advice):
    assert advice in storage_error(tmp_path, OSError(code, os.strerror(code))).sentence


def test_writable_folder_is_checked_without_being_made(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Cannot write"):
        check_writable(tmp_path / "file")


def test_name_that_is_no_utf_8_is_refused_before_the_work(tmp_path):
    with pytest.raises(StorageError, match=r"caf\?: its name is no UTF-8"):
        check_writable(tmp_path / os.fsdecode(b"caf\xe9"))


def test_space_and_nearest_parent_below_a_folder_that_may_not_be_entered(closed):
    assert free_bytes(closed / "state" / "servers") > 0
    assert nearest(closed / "state" / "servers") in (closed, *closed.parents)
