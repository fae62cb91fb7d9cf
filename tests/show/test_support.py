import pytest

from rushlab.show import support


@pytest.mark.parametrize(
    ("samples", "figure", "weight"),
    [
        (2000, "p95", "headline"),
        (1999, "p95", "grey"),
        (200, "p95", "grey"),
        (199, "p95", "too few"),
        (10, "median", "too few"),
        (10, "mean", "headline"),
        (3, "requests", "headline"),
    ],
)
def test_the_weight_of_a_figure(samples: int, figure: str, weight: str) -> None:
    assert support.support(samples, figure) == weight


def test_the_rule_prints_both_limits() -> None:
    assert "100" in support.rule()
    assert "10 none" in support.rule()
