"""Files that are whole or not there."""

import errno
import os

import pytest
from msgspec import Struct

from rushlab.model.errors import ResultError, StorageError
from rushlab.world.files import check_writable, read_json, storage_error, write_atomic, write_json


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


@pytest.mark.parametrize(("content", "words"), [(None, "is missing"), ("{", "is damaged"), ('{"y": 1}', "is damaged")])
def test_reading_what_is_not_there_or_not_whole(tmp_path, content, words):
    path = tmp_path / "point.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ResultError, match=words):
        read_json(path, Point)


@pytest.mark.parametrize(
    ("code", "advice"),
    [(errno.ENOSPC, "Free space"), (errno.EROFS, "Choose a folder"), (errno.EACCES, "Choose a folder")],
)
def test_sentence_says_what_to_do(tmp_path, code, advice):
    assert advice in storage_error(tmp_path, OSError(code, os.strerror(code))).sentence


def test_writable_folder_is_checked_without_being_made(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Cannot write"):
        check_writable(tmp_path / "file")
