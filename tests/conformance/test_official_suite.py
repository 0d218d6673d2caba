"""The official conformance suite, directly and through the gateway: the same counts."""

import pytest

from conformance.node_tools import NodeTools, NodeToolsMissing, find_node_tools
from conformance.suite import run_suite
from conformance.ways import WAYS

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(240)]

# (passed, failed, warnings): what a faultless server has with suite 0.2.0-alpha.12.
FAULTLESS = {
    "2025-03-26": (3, 0, 0),
    "2025-06-18": (56, 0, 0),
    "2025-11-25": (84, 0, 0),
    "2026-07-28": (152, 0, 0),
}


@pytest.fixture(scope="session")
def tools() -> NodeTools:
    try:
        return find_node_tools()
    except NodeToolsMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("version", FAULTLESS)
@pytest.mark.parametrize("way", ["direct", "gateways", "stdio"])
async def test_every_check_passes(tools: NodeTools, way: str, version: str) -> None:
    async with WAYS[way]() as url:
        result = await run_suite(tools, url, version)
    assert result.complaints == []
    assert result.counts == FAULTLESS[version]


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_round_robin_without_a_gateway_fails(tools: NodeTools, version: str) -> None:
    """The rig itself: if this passed, the replicas would share state and prove nothing."""
    async with WAYS["round-robin"]() as url:
        result = await run_suite(tools, url, version)
    _, failed, _ = result.counts
    assert failed > 0
