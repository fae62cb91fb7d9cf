"""Time of an experiment's statistics: verdicts, powers, exact p-values, and the shift of its distributions.

    python benchmarks/comparison.py [--blocks 10] [--variants 10] [--metrics 9]

Simulates blocks × variants runs (100 by default) with every metric and 11 quantiles, judges them, and prints the
time. What is promised: 100 runs within 5 seconds, byte-equal when repeated.
"""

from __future__ import annotations

import argparse
import time

import msgspec
import numpy as np
import pandas as pd

from rushlab.judge.comparison import Question, compare_all
from rushlab.judge.design import draw
from rushlab.judge.shift import QUANTILES, shift


def experiment(blocks: int, variants: int, chance: np.random.Generator) -> pd.DataFrame:
    """One row per run: block, variant, order, value."""
    runs = draw([f"v{number}" for number in range(variants)], blocks, seed=1)[1:]
    frame = pd.DataFrame([{"block": run.block, "variant": run.variant, "order": run.position} for run in runs])
    return frame.assign(value=np.exp(chance.normal(0, 0.09, len(frame))))


def judge(metrics: list[pd.DataFrame], quantiles: pd.DataFrame, variants: int) -> bytes:
    """Every verdict of the experiment and the shift of every variant, as bytes."""
    found = compare_all([Question(frame, "v0", metric=str(number)) for number, frame in enumerate(metrics)])
    shifts = [shift(quantiles, "v0", f"v{number}") for number in range(1, variants)]
    return msgspec.json.encode([found, shifts])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--variants", type=int, default=10)
    parser.add_argument("--metrics", type=int, default=9)
    options = parser.parse_args()
    chance = np.random.default_rng(1)
    metrics = [experiment(options.blocks, options.variants, chance) for _ in range(options.metrics)]
    quantiles = pd.concat([frame.assign(quantile=q) for q, frame in zip(QUANTILES, [metrics[0]] * 11, strict=True)])
    begin = time.perf_counter()
    first = judge(metrics, quantiles, options.variants)
    seconds = time.perf_counter() - begin
    same = "byte-equal" if judge(metrics, quantiles, options.variants) == first else "DIFFERENT"
    runs = options.blocks * options.variants
    print(f"{runs} runs, {options.metrics} metrics: {seconds:.2f} s; repeated: {same}")  # noqa: T201


if __name__ == "__main__":
    main()
