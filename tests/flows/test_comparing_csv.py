"""`compare --csv`: figures of anyone's runs in, judged comparisons out, every mistake one sentence."""

import json
import sys

import jsonschema
import pytest

from rushlab.cli.main import main
from rushlab.flows.comparing_csv import compare_csv, read_runs
from rushlab.model.comparison import Design, Exclusion, Outcome
from rushlab.model.errors import UsageError
from rushlab.world.settings import PROJECT

HEAD = "block,variant,value,order\n"
WORSE = HEAD + "".join(
    f"{block},{variant},{value},{order}\n"
    for order, (block, variant, value) in enumerate(
        [
            (1, "base", 100), (1, "new", 121), (2, "new", 119), (2, "base", 104), (3, "new", 125), (3, "base", 97),
            (4, "base", 110), (4, "new", 128), (5, "new", 117), (5, "base", 102), (6, "base", 99), (6, "new", 126),
        ],
        1,
    )
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "runs.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def rushlab(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["rushlab", "compare", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, " ".join(said.err.split())

    return call


def test_json_has_the_promised_shape(rushlab, file):
    code, said, _ = rushlab("--csv", file(WORSE), "--json")
    found = json.loads(said)
    assert code == 0
    jsonschema.validate(found, json.loads((PROJECT / "docs/schemas/comparisons.schema.json").read_text()))
    (one,) = found["comparisons"]
    assert found["schema"] == 1
    assert (one["variant"], one["baseline"], one["verdict"], one["k"]) == ("new", "base", "worse", 6)
    assert (one["design"], one["margin"], one["p"]) == ("randomised blocks", 0.1, 2 / 64)


def test_json_without_a_verdict_has_it_too(rushlab, file):
    _, said, _ = rushlab("--csv", file("block,variant,value\n1,a,2\n1,b,3\n2,c,1\n"), "--json")
    found = json.loads(said)
    jsonschema.validate(found, json.loads((PROJECT / "docs/schemas/comparisons.schema.json").read_text()))
    assert [one["verdict"] for one in found["comparisons"]] == [None, None]


def test_the_same_file_gives_the_same_bytes_in_any_order_of_its_lines(rushlab, file):
    _, first, _ = rushlab("--csv", file(WORSE), "--json", "--baseline", "base")
    lines = WORSE.splitlines(keepends=True)
    _, second, _ = rushlab("--csv", file("".join([lines[0], *reversed(lines[1:])])), "--json", "--baseline", "base")
    assert first == second


def test_words_for_people(rushlab, file):
    code, said, _ = rushlab("--csv", file(WORSE))
    assert code == 0
    assert "new is worse than base: differs (+20.3 %, interval 1.14 to 1.27) and matters (outside 0.909 to 1.1)" in said
    _, said, _ = rushlab("--csv", file(WORSE), "--baseline", "new", "--better", "higher", "--margin", "0.25")
    assert "base against new is inconclusive" in said


def test_a_name_with_control_characters_does_not_reach_the_terminal(rushlab, file):
    _, said, _ = rushlab("--csv", file("block,variant,value\n1,a,2\n1,\x1b[31mred[/b],3\n"))
    assert "\x1b" not in said
    assert "[31mred[/b]" in said


def test_a_mark_of_byte_order_spaces_and_other_columns_do_not_disturb(file):
    plain = compare_csv(file(WORSE))
    lines = WORSE.replace("block,variant", "Block , VARIANT").splitlines()
    decorated = "\r\n".join([f"note,{lines[0]}", *(f'"a, b", {line} ' for line in lines[1:]), "", ""])
    assert compare_csv(file(b"\xef\xbb\xbf" + decorated.encode())) == plain


def test_a_run_without_a_value_is_excluded(file):
    (found,) = compare_csv(file(WORSE.replace("new,119", "new,NaN")))
    assert (found.k, found.excluded) == (5, (Exclusion("2", "new", "no value"),))
    assert found.verdict is Outcome.WORSE


def test_order_as_times(file):
    moments = WORSE
    for number in range(12, 0, -1):
        moments = moments.replace(f",{number}\n", f",2026-11-24T18:{number:02d}:00+01:00\n")
    assert compare_csv(file(moments)) == compare_csv(file(WORSE))


def test_sequence_of_a_then_b_has_no_verdict(file):
    rows = [f"{block},{variant},{100 + block},{order}\n" for order, (variant, block) in enumerate(
        [(variant, block) for variant in "ab" for block in range(6)]
    )]  # fmt: skip
    (found,) = compare_csv(file(HEAD + "".join(rows)))
    assert (found.verdict, found.design) == (None, Design.NOT_INTERLEAVED)


BAD = [
    ("", "has no column 'block': its first line has nothing"),
    (HEAD, "holds no run"),
    ("block,variant\n1,a\n", "has no column 'value': its first line has 'block', 'variant'"),
    ("block,variant,value,value\n1,a,1,2\n", "has two columns 'value'"),
    ("block;variant;value\n1;a;2\n", "separated by semicolons"),
    ("block,variant,value\n1,a,1,234\n", "Line 2 of"),
    ("block,variant,value\n1,a,abc\n", "Value 'abc' in line 2 of"),
    ("block,variant,value\n1,a,1_000\n", "Value '1_000' in line 2 of"),
    ("block,variant,value\n1,a,0\n", "Value '0' in line 2 of"),
    ("block,variant,value\n1,a,-3\n", "Value '-3' in line 2 of"),
    ("block,variant,value\n1,a,1e999\n", "Value '1e999' in line 2 of"),
    ("block,variant,value\n1,a,inf\n", "Value 'inf' in line 2 of"),
    ("block,variant,value\n,a,1\n", "Line 2 of"),
    ("block,variant,value\n1,a,1\n2,a,2\n", "'a' is the only variant"),
    ("block,variant,value\n1,a,1\n1,a,2\n1,b,2\n", "Variant 'a' has two runs in block 1"),
    ("block,variant,value\n1,a,\"1\n", "no CSV"),
    (HEAD + "1,a,1,first\n1,b,2,second\n", "Order 'first' in"),
    (HEAD + "1,a,1,1\n1,b,2,1\n", "The order says 1 twice"),
    (HEAD + "1,a,1,now\n1,b,2,today\n", "Order 'now' in line 2 of"),
    (HEAD + "1,a,1,18:00\n1,b,2,19:00\n", "Order '18:00' in line 2 of"),
    (HEAD + "1,a,1,2026-01-01T00:01:00\n1,b,2,nat\n", "Order 'nat' in line 3 of"),
    (HEAD + "1,a,1,2026-01-01T00:01:00\n1,b,2,2026-13-01\n", "Order '2026-13-01' in line 3 of"),
    (HEAD + "1,a,1,1\n1,b,2,second\n", "Order 'second' in line 3 of"),
    (HEAD + "1,a,1,2026-01-01T00:01:00\n1,b,2,2\n", "mixes numbers and times"),
    (HEAD + "1,a,1,1\n1,b,2,1e999\n", "Order '1e999' in line 3 of"),
    ("block,variant,value\n1,a,1e200\n1,b,2e-200\n", "value 2e-200 of 'b' in block 1 cannot be compared"),
    ("block,variant,value\n1,a,1e-180\n1,b,1e150\n2,a,1e-200\n2,b,1e200\n", "value 1e+200 of 'b' in block 2 cannot"),
    (b"block,variant,value\n1,\xff,1\n", "no UTF-8 text"),
    (b"block,variant,value\n1,a\0,1\n", "NUL"),
    ("block,variant,value\n1,a," + "9" * 200_000 + "\n", "no CSV"),
    ("block,variant,value\n" + "1,a,1\n" * 1_000_000, "no table of runs"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), BAD, ids=[words for _, words in BAD])
def test_a_bad_file_is_one_sentence_and_exit_code_2(rushlab, file, content, words):
    code, said, error = rushlab("--csv", file(content), "--json")
    assert (code, said) == (2, "")
    assert words in error
    assert len(error) < 400


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--baseline", "nwe"], "There is no baseline 'nwe'"),
        (["--margin", "0"], "Margin 0"),
        (["--margin", "nan"], "Margin nan"),
        (["--better", "up"], "up"),
    ],
)
def test_a_bad_option_is_one_sentence_and_exit_code_2(rushlab, file, arguments, words):
    code, _, error = rushlab("--csv", file(WORSE), *arguments)
    assert code == 2
    assert words in error


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read_runs(path)
