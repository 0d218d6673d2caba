"""The official conformance suite, directly and through the gateway: the same counts."""

import pytest

from conformance.faultless import find_faults
from conformance.node_tools import NodeTools, NodeToolsMissing, find_node_tools
from conformance.suite import VERSIONS, run_suite
from conformance.ways import WAYS

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(240)]


@pytest.fixture(scope="session")
def tools() -> NodeTools:
    try:
        return find_node_tools()
    except NodeToolsMissing as missing:
        pytest.skip(str(missing))


# Every stdio session is a process of its own; 2025-11-25 holds all that 2025-06-18 has.
EVERY_WAY = [
    *(("direct", version) for version in VERSIONS),
    *(("gateways", version) for version in VERSIONS),
    *(("stdio", version) for version in VERSIONS if version != "2025-06-18"),
]


@pytest.mark.parametrize(("way", "version"), EVERY_WAY)
async def test_every_check_passes(tools: NodeTools, way: str, version: str) -> None:
    async with WAYS[way]() as url:
        result = await run_suite(tools, url, version)
    assert find_faults(way, result) == []


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_round_robin_without_a_gateway_fails(tools: NodeTools, version: str) -> None:
    """The rig itself: if this passed, the replicas would share state and prove nothing."""
    async with WAYS["round-robin"]() as url:
        result = await run_suite(tools, url, version)
    _, failed, _ = result.counts
    assert failed > 0
