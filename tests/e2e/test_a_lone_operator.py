"""Figures of an operator process of the test's own: these come before the product is installed."""

import asyncio

import pytest

from e2e import many_resources, operator_kills

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280)]


def test_an_operator_killed_anywhere_converges_to_the_same_objects() -> None:
    assert asyncio.run(operator_kills.run(kills=5, seed=1)) == 0


def test_a_hundred_resources_are_reconciled_and_a_change_touches_its_own_children() -> None:
    assert many_resources.run(groups=80, gateways=20) == 0
