"""What is said of a plan before it starts: how few blocks tell nothing, and what a budget affords."""

import numpy as np
import pytest

from rushlab.flows.previews import preview
from rushlab.model.errors import UsageError

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
