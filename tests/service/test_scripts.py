"""Every script is there under the name it is asked for; what they do is tested on the real Redis."""

from __future__ import annotations

import pytest

from coupons.reservation.redis_client import script


@pytest.mark.parametrize(
    "name", ["take_lua", "give_back_lua", "take_zset", "give_back_zset", "lock_release", "lock_prolong"]
)
def test_script_names_its_keys_and_arguments(name: str) -> None:
    text = script(name)
    assert "KEYS[1]" in text
    assert "ARGV" in text
