import msgspec
import pytest

from rushlab.model.reference import ReferenceProfile


def test_the_share_of_the_bound_needs_both_figures() -> None:
    profile = ReferenceProfile(executor="ramping-vus", vu_seconds=90000, requests=58788, bound_approx=90460)
    assert profile.bound_share == pytest.approx(0.6499, abs=1e-4)
    assert msgspec.structs.replace(profile, requests=None).bound_share is None
    assert msgspec.structs.replace(profile, bound_approx=None).bound_share is None
