"""The figures that the product promises in a cluster, each in a short run.

The long runs are commands of their own (`python -m e2e.<name>`), told in docs/operating.md.
"""

import asyncio

import pytest

from conformance.node_tools import find_node_tools
from e2e import api_server_outage, conformance, rolling_restart, route_changes
from e2e.faults import find_part_command

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280), pytest.mark.usefixtures("product")]


def test_route_changes_are_in_force_within_two_seconds_without_a_failed_request() -> None:
    assert asyncio.run(route_changes.run(changes=10)) == 0


def test_a_rolling_restart_fails_no_operation() -> None:
    assert asyncio.run(rolling_restart.run(operations=5_000)) == 0


@pytest.mark.skipif(
    find_part_command() is None, reason="needs a cluster whose parts can be stopped"
)
def test_sessions_go_on_without_the_api_server() -> None:
    assert asyncio.run(api_server_outage.run(seconds=20, least_operations=1_000)) == 0


@pytest.mark.parametrize("source", conformance.SOURCES)
def test_the_official_suite_passes_through_the_service(source: str) -> None:
    assert asyncio.run(conformance.run(find_node_tools(), source, ["2025-11-25"])) == []
