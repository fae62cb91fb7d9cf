"""The OpenAPI description names what the application serves, and nothing else."""

from __future__ import annotations

import re

import msgspec
import pytest

from coupons import issue_endpoint
from coupons.openapi import DOCUMENT


def test_it_is_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(DOCUMENT)) == DOCUMENT


def test_the_statuses_of_the_hot_path_are_described() -> None:
    described = set(DOCUMENT["paths"]["/coupons/{coupon_id}/issue"]["post"]["responses"])
    refusals = {str(status) for status, _ in issue_endpoint._REFUSALS.values()}
    assert described == {"201", "400", "408", "413", "422", "503"} | refusals


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_every_parameter_of_a_path_is_described(path: str) -> None:
    for operation in DOCUMENT["paths"][path].values():
        described = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"]
        assert described == re.findall(r"{(\w+)}", path)
