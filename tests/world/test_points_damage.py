"""What is cut is kept and marked; what is bad within is refused with its line; what is not k6's is refused."""

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from rushlab.model.errors import PointsError, StorageError
from rushlab.world.points import ingest
from rushlab.world.points_reader import read_notes

DECLARED = json.dumps({"type": "Metric", "data": {"name": "m", "type": "trend", "submetrics": None}, "metric": "m"})


def line(number, **changes):
    data = {"time": "2026-11-24T10:00:00.123456789Z", "value": number, "tags": {"status": "200"}} | changes
    return json.dumps({"metric": "m", "type": "Point", "data": data})


LINES = [DECLARED, *(line(number) for number in range(5000))]
WHOLE = "".join(text + "\n" for text in LINES).encode()
GZ = gzip.compress(WHOLE)


def ingested(folder, content):
    """Ingest bytes; in every case nothing but the target may be left."""
    source = folder / "points.json"
    source.write_bytes(content)
    out = folder / "out"
    try:
        return ingest(source, out / "points.parquet")
    finally:
        assert [path.name for path in out.glob("*")] in ([], ["points.parquet"]) if out.exists() else True
        assert not list(out.glob(".*"))


def with_line(text, at=3000):
    return "\n".join([*LINES[:at], text, *LINES[at:]]).encode() + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        GZ,
        b"\xef\xbb\xbf" + WHOLE,
        WHOLE.replace(b"\n", b"\r\n"),
        WHOLE.replace(b"\n", b"\n\n"),
        WHOLE[:2_000].rpartition(b"\n")[0] + b"\n" + WHOLE[len(WHOLE[:2_000].rpartition(b"\n")[0]) + 1 :],
        gzip.compress(WHOLE[:100_001]) + gzip.compress(WHOLE[100_001:]),
        GZ + bytes(512),
    ],
    ids=["plain", "gz", "byte order mark", "crlf", "blank lines", "same again", "two gz members", "zeros after gz"],
)
def test_whole_files_are_read_whole(tmp_path, content):
    result = ingested(tmp_path, content)
    assert (result.lines, result.points, result.truncated, result.warnings) == (5001, 5000, False, ())


def test_missing_last_line_end_is_warned_of(tmp_path):
    result = ingested(tmp_path, WHOLE[:-1])
    assert (result.points, result.truncated) == (5000, False)
    assert "no line end" in result.warnings[0]


def test_cut_last_line_is_left_out_and_marked(tmp_path):
    result = ingested(tmp_path, WHOLE[:-20])
    assert (result.points, result.truncated) == (4999, True)


@pytest.mark.parametrize("kept", [len(GZ) - 1, len(GZ) - 9, len(GZ) * 3 // 4])
def test_cut_gzip_is_kept_as_far_as_it_is_whole_and_marked(tmp_path, kept):
    result = ingested(tmp_path, GZ[:kept])
    assert result.truncated
    assert 0 < result.points <= 5000
    assert result.lines == result.points + 1


def test_cut_anywhere_within_the_last_line_keeps_exactly_the_lines_before(tmp_path):
    content = "".join(text + "\n" for text in LINES[:3]).encode()
    two = len(LINES[0]) + len(LINES[1]) + 2
    for size in range(two + 1, len(content) - 1, 7):
        result = ingested(tmp_path, content[:size])
        assert (result.lines, result.truncated) == (2, True)


BAD_LINES = {
    "not JSON": "hello",
    "cut JSON": line(1)[:40],
    "NUL": line(1).replace('"m"', '"m\0"'),
    "only NUL": "\0" * 100,
    "NaN": line(float("nan")),
    "infinite": line(float("inf")),
    "beyond a double": line(1).replace('"value": 1', '"value": 1e999'),
    "no value": line(None),
    "value is text": line("fast"),
    "value is a number as text": line("5"),
    "value is true": line(True),
    "no time": line(1, time=None),
    "bad month": line(1, time="2026-13-24T10:00:00Z"),
    "time is a number": line(1, time=1234),
    "tags are a list": line(1, tags=["a"]),
    "metadata is text": line(1, metadata="a"),
    "tags too large": line(1, tags={"url": "x" * 70_000}),
    "too many tags": line(1, tags={f"tag-{n}": "x" for n in range(10_000)}),
    "name too long": line(1).replace('"m"', f'"{"m" * 2000}"'),
    "10 MB line": line(1, tags={"url": "x" * 10_000_000}),
    "10 MB name": line(1).replace('"m"', f'"{"m" * 10_000_000}"'),
    "40 MB line": line(1, tags={"url": "x" * 40_000_000}),
    "list": "[1, 2]",
    "number": "7",
    "null": "null",
    "empty object": "{}",
    "other type": line(1).replace("Point", "Span"),
    "unknown kind": DECLARED.replace("trend", "histogram"),
    "declares another": DECLARED.replace('"metric": "m"', '"metric": "n"'),
    "data is text": '{"metric": "m", "type": "Point", "data": "x"}',
    "sub-metrics are text": DECLARED.replace('"submetrics": null', '"submetrics": "x"'),
    "sub-metrics are an object": DECLARED.replace('"submetrics": null', '"submetrics": {"name": "m{a:b}"}'),
    "a sub-metric without a name": DECLARED.replace('"submetrics": null', '"submetrics": [{"tags": {"a": "b"}}]'),
    "a sub-metric's tag is a number": DECLARED.replace(
        '"submetrics": null', '"submetrics": [{"name": "m{a:1}", "tags": {"a": 1}}]'
    ),
    "two in one line": line(1) + line(2),
    "junk behind": line(1) + " junk",
    "lone surrogate": line(1).replace('"m"', '"m\\ud800"'),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_bad_inner_line_is_refused_with_its_number(tmp_path, bad, pack):
    with pytest.raises(PointsError, match="line 3001"):
        ingested(tmp_path, pack(with_line(bad)))


def test_bad_line_number_counts_blank_lines(tmp_path):
    with pytest.raises(PointsError, match="line 3003"):
        ingested(tmp_path, with_line("\n\nhello"))


def test_bad_last_line_with_a_line_end_is_not_a_cut_one(tmp_path):
    with pytest.raises(PointsError, match="line 5002"):
        ingested(tmp_path, WHOLE + b"hello\n")


def test_bytes_that_are_not_utf8_are_refused_with_their_line(tmp_path):
    with pytest.raises(PointsError, match="line 3001: it is not UTF-8"):
        ingested(tmp_path, with_line("@@").replace(b"@@", line(1).encode().replace(b'"m"', b'"\xff"')))


def test_flipped_byte_in_gzip_is_refused(tmp_path):
    for place in range(2000, len(GZ) - 2000, len(GZ) // 7):
        damaged = bytearray(GZ)
        damaged[place] ^= 0xFF
        with pytest.raises(PointsError, match="is damaged in line"):
            ingested(tmp_path, bytes(damaged))


def test_wrong_gzip_checksum_is_refused(tmp_path):
    damaged = bytearray(GZ)
    damaged[-6] ^= 0xFF
    with pytest.raises(PointsError, match="gzip stream is damaged"):
        ingested(tmp_path, bytes(damaged))


FOREIGN = {
    "JSON of someone else": (b'{"a": 1}\n{"a": 2}\n', "not k6's JSON output"),
    "pretty JSON": (b'{\n "a": 1\n}\n', "not k6's JSON output"),
    "k6's summary": (b'{"root_group": {}, "metrics": {}}', "--summary"),
    "k6's CSV": (b"metric_name,timestamp,metric_value\nhttp_reqs,1,1\n", "k6's CSV"),
    "text": (b"hello\nworld\n", "not k6's JSON output"),
    "binary": (bytes(range(256)) * 100, "not k6's JSON output"),
    "binary as gz": (gzip.compress(bytes(1000)), "not k6's JSON output"),
    "a gigabyte of zeros": (gzip.compress(bytes(50_000_000), 1) * 20, "not k6's JSON output"),
    "gzip magic alone": (b"\x1f\x8b", "is empty"),
    "empty": (b"", "is empty"),
    "empty gz": (gzip.compress(b""), "is empty"),
    "only blank lines": (b"\n \n\r\n", "is empty"),
    "cut first line": (LINES[0].encode()[:30], "cut within its first line"),
}


@pytest.mark.parametrize(("content", "said"), FOREIGN.values(), ids=FOREIGN.keys())
def test_foreign_and_empty_files_are_refused_in_words(tmp_path, content, said):
    with pytest.raises(PointsError, match=said):
        ingested(tmp_path, content)


def test_declarations_without_a_whole_point_are_nothing_to_keep(tmp_path):
    with pytest.raises(PointsError, match="before its first whole point"):
        ingested(tmp_path, (LINES[0] + "\n" + LINES[1][:30]).encode())


def test_missing_file_and_folder_are_told(tmp_path):
    for source in (tmp_path / "none.json", tmp_path):
        with pytest.raises(PointsError, match="cannot be read"):
            ingest(source, tmp_path / "points.parquet")


def test_target_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "points.json").write_bytes(WHOLE)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        ingest(tmp_path / "points.json", tmp_path / "file" / "points.parquet")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
@pytest.mark.parametrize("content", [WHOLE, GZ, GZ[:-5]], ids=["plain", "gz", "cut gz"])
def test_full_disk_is_told_and_leaves_nothing(tmp_path, content):
    (tmp_path / "points.json").write_bytes(content)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk], check=True)
    try:
        with pytest.raises(StorageError, match=r"disk is full|No space left"):
            ingest(tmp_path / "points.json", disk / "points.parquet")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_failed_ingest_leaves_the_earlier_result_alone(tmp_path):
    ingested(tmp_path, WHOLE)
    before = (tmp_path / "out" / "points.parquet").read_bytes()
    with pytest.raises(PointsError):
        ingested(tmp_path, with_line("hello"))
    assert (tmp_path / "out" / "points.parquet").read_bytes() == before


def test_pipe_is_refused_and_not_called_empty(tmp_path):
    """As `rushlab ingest <(zcat points.json.gz)`: what was read once is gone."""
    end, beginning = os.pipe()
    os.write(beginning, WHOLE[:1000])
    os.close(beginning)
    try:
        with pytest.raises(PointsError, match=r"is a pipe.*Give a file"):
            ingest(Path(f"/dev/fd/{end}"), tmp_path / "points.parquet")
    finally:
        os.close(end)


@pytest.mark.parametrize("content", [WHOLE, GZ, GZ[:-100]], ids=["plain", "gzip", "cut"])
def test_name_that_is_no_utf8_is_read(tmp_path, content):
    source = tmp_path / os.fsdecode(b"caf\xe9.json")
    source.write_bytes(content)
    assert ingest(source, tmp_path / "out" / "points.parquet").points >= 4000
    assert read_notes(tmp_path / "out" / "points.parquet").source == "caf?.json"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["points.parquet"]


def test_bad_line_of_a_file_whose_name_is_no_utf8_is_named(tmp_path):
    source = tmp_path / os.fsdecode(b"caf\xe9.json")
    source.write_bytes(with_line("{}"))
    with pytest.raises(PointsError) as caught:
        ingest(source, tmp_path / "points.parquet")
    assert caught.value.what == f"{source} is damaged in line 3001"
