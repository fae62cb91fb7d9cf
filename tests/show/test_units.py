import pytest

from rushlab.show import units


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.05, "5.05"), (65.25, "65.2"), (539.9, "540"), (1170.0, "1,170"), (None, "—"), (float("nan"), "—")],
)
def test_milliseconds_keep_digits_that_matter(value: float | None, text: str) -> None:
    assert units.milliseconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(539.90, "539.9"), (1170, "1,170"), (5.05, "5.05"), (208.50, "208.5")])
def test_the_reports_figures_keep_their_digits(value: float, text: str) -> None:
    assert units.as_printed(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100.0 %"),
        (0.0, "0.0 %"),
        (0.99999, "99.999 %"),
        (0.00001, "0.001 %"),
        (6e-8, "< 0.001 %"),
        (0.6499, "65.0 %"),
        (None, "—"),
    ],
)
def test_percent_never_rounds_to_all_or_nothing(share: float | None, text: str) -> None:
    assert units.percent(share) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.25, "4.00× faster"),
        (1.5, "1.50× slower"),
        (1.0, "equal"),
        (1.004, "0.4 % slower"),
        (0.999999, "0.0 % faster"),
        (0.91, "9.9 % faster"),
        (0.90, "1.11× faster"),
    ],
)
def test_a_ratio_of_times_says_its_direction(ratio: float, text: str) -> None:
    assert units.speed(ratio) == text


def test_a_ratio_of_counts_says_more_or_fewer() -> None:
    assert units.amount(0.5) == "2.00× fewer"
    assert units.amount(3.0) == "3.00× more"


@pytest.mark.parametrize(("ratio", "text"), [(0.91, "9.0 % fewer"), (0.999, "0.1 % fewer"), (1.05, "5.0 % more")])
def test_a_small_part_is_one_of_what_it_is_held_against(ratio: float, text: str) -> None:
    assert units.amount(ratio) == text
    assert units.direction(0.95, lower="lower", higher="higher") == "5.0 % lower"


def test_a_moment_is_utc() -> None:
    assert units.moment(0) == "1970-01-01 00:00:00 UTC"
    assert units.moment(None) == "—"


def test_duration_takes_the_unit_that_reads_best() -> None:
    assert units.duration(999.0) == "999 ms"
    assert units.duration(1170.0) == "1.17 s"
