"""Scales and the lengths that follow from them."""

import pytest
from msgspec import structs

from rushlab.model.errors import UsageError
from rushlab.model.profile import Profile, Stage, parse_scale, scale_name

RAMP = Profile(
    name="ramp",
    title="Ramp",
    purpose="a ramp",
    executor="ramping-vus",
    pause_s=1,
    thresholds={},
    stages=(Stage(30, 1000), Stage(60, 1000), Stage(30, 0)),
)


def test_scale_shortens_durations_and_keeps_virtual_users():
    demo = RAMP.at_scale(0.1)
    assert demo.length_s == pytest.approx(12)
    assert demo.peak_vus == RAMP.peak_vus == 1000
    assert demo.pause_s == 1


def test_unscaled_profile_keeps_its_length():
    smoke = Profile(
        name="s",
        title="s",
        purpose="s",
        executor="constant-vus",
        pause_s=1,
        thresholds={},
        vus=1,
        duration_s=10,
        scaled=False,
    )
    assert smoke.at_scale(0.1).length_s == 10


@pytest.mark.parametrize(("text", "factor"), [("full", 1.0), ("demo", 0.1), ("0.5", 0.5), (2, 2.0)])
def test_scale_by_name_or_number(text, factor):
    assert parse_scale(text) == factor
    assert parse_scale(scale_name(factor)) == factor


@pytest.mark.parametrize("text", ["huge", "0", "-1", "nan", "inf", "11"])
def test_scale_refuses(text):
    with pytest.raises(UsageError, match="Scale"):
        parse_scale(text)


def test_peak_changes_the_heights_in_proportion():
    ramp = RAMP.at_peak(5)
    assert ramp.peak_vus == 5
    assert [stage.target for stage in ramp.stages] == [5, 5, 0]
    with pytest.raises(UsageError, match="from 1 to"):
        RAMP.at_peak(0)


def test_a_stock_of_its_own_is_scaled_with_the_load():
    sale = structs.replace(RAMP, stock=5000)
    assert (sale.stock_at(0.05), sale.stock_at(1.0), sale.stock_at(1e-9)) == (250, 5000, 1)
    assert structs.replace(sale, scaled=False).stock_at(0.05) == 5000
    assert RAMP.stock_at(0.05) is None
