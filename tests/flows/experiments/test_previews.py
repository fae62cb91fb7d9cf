"""What is said of a plan before it starts: how few blocks tell nothing, and what a budget affords."""

import numpy as np
import pytest

from rushlab.cli.main import main
from rushlab.flows.confirming import confirm
from rushlab.flows.previews import preview, preview_of_rest
from rushlab.model.errors import UsageError
from rushlab.world.experiments import run_of

NOISE = np.random.default_rng(61).normal(0, 0.02, size=(1000,))


def test_two_blocks_are_said_to_give_no_verdict(bench, plan):
    assert "2 blocks give no verdict; 3 are the least" in preview(bench, plan(blocks=2)).warnings
    assert not any("screening" in text for text in preview(bench, plan(blocks=2)).warnings)
    assert "3 blocks are a screening: verdicts stay exploratory" in preview(bench, plan(blocks=3)).warnings
    assert "2 fresh blocks give no verdict; 3 are the least" in preview(bench, plan(blocks=6, confirm=2)).warnings
    assert not any("block" in text for text in preview(bench, plan(blocks=6, confirm=3)).warnings)


@pytest.mark.parametrize(
    ("runs", "advice"), [(7, "Take --blocks 3."), (6, "Take fewer variants, a smaller scale, or more time.")]
)
def test_fewer_than_three_blocks_are_never_advised(bench, plan, runs, advice):
    seconds = preview(bench, plan()).seconds_per_run
    with pytest.raises(UsageError) as refused:
        preview(bench, plan(blocks=6, budget_minutes=(runs + 0.5) * seconds / 60))
    assert refused.value.do == advice


def test_noise_of_another_load_is_said(bench, driver, tuning, plan, monkeypatch):
    monkeypatch.setattr("rushlab.flows.previews.host", lambda: driver.environment["host"])
    driver.value = lambda arm, block: 100 * float(np.exp(NOISE[len(driver.orders)]))
    tuning.start(plan(a_a=True, variants=[], blocks=6))
    said = "the noise is that of another load: steady, 500 users, scale full"
    assert said in preview(bench, plan(load={"scale": 0.1})).warnings
    assert said not in preview(bench, plan()).warnings


@pytest.fixture
def rushlab(bench, monkeypatch, capsys):
    """Call `rushlab tune`; what it exited with, printed and said."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["rushlab", "tune", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


def test_what_is_left_of_an_experiment_is_previewed(driver, tuning, plan, rushlab):
    driver.value = lambda arm, block: 100 * (0.7 if arm == "pool_size=20" else 1) * float(np.exp(NOISE[block]))
    driver.before = lambda position: (_ for _ in ()).throw(KeyboardInterrupt) if position == 5 else None
    with pytest.raises(Exception, match="--resume"):
        tuning.start(plan(budget_minutes=1))
    code, out, _ = rushlab("last", "--resume", "--preview")
    assert code == 0
    assert "at most 2 more runs of about" in out
    assert "at most 9 more runs of about" in rushlab("last", "--resume", "--preview", "--confirm")[1]


def test_runs_that_are_lost_and_fresh_ones_that_were_begun_are_left_too(bench, driver, tuning, plan):
    driver.value = lambda arm, block: 100 * (0.7 if arm == "pool_size=20" else 1) * float(np.exp(NOISE[block]))
    folder = tuning.start(plan(confirm=3))
    (run_of(folder, folder.planned.places[3], bench.settings.runs).path / "measures.json").unlink()
    assert preview_of_rest(bench, folder, 3).left == 1 + 7
    driver.before = lambda position: (_ for _ in ()).throw(KeyboardInterrupt) if position == 5 else None
    with pytest.raises(Exception, match="--resume"):
        confirm(tuning, folder, 3)
    assert preview_of_rest(bench, folder, 3).left == 1 + 2


def test_a_preview_beside_json_leaves_standard_output_to_json(rushlab, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("metric: accept_p95_ms\nvariants: [{pool_size: 20}]\nblocks: 3\n")
    code, out, error = rushlab(path, "--preview", "--json")
    assert (code, out) == (0, "")
    assert "7 runs of about" in error
