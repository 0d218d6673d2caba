"""The older HTTP+SSE transport, with the official clients, directly and through two gateways."""

import asyncio

import pytest

from conformance.conversation import expected, talk_in_python, talk_in_typescript
from conformance.http_sse_ways import COMBINATIONS, Combination, open_way, without_a_gateway
from conformance.node_tools import NodeToolsMissing, find_node_tools

pytestmark = [pytest.mark.timeout(120)]

EVERY_COMBINATION = pytest.mark.parametrize("combination", COMBINATIONS, ids=str)

OWNERS = ("ann", "bob", "cleo", "dan")


@EVERY_COMBINATION
async def test_python_clients_at_the_same_time_have_their_own_sessions(
    combination: Combination,
) -> None:
    async with open_way(combination) as url:
        talks = [talk_in_python(combination.client, url, owner) for owner in OWNERS]
        told = await asyncio.gather(*talks)
    assert told == [expected(owner) for owner in OWNERS]


@pytest.mark.typescript
@EVERY_COMBINATION
async def test_typescript_clients_at_the_same_time_have_their_own_sessions(
    combination: Combination,
) -> None:
    try:
        tools = find_node_tools()
    except NodeToolsMissing as missing:
        pytest.skip(str(missing))
    async with open_way(combination) as url:
        talks = [talk_in_typescript(tools, combination.client, url, owner) for owner in OWNERS]
        told = await asyncio.gather(*talks)
    assert told == [expected(owner) for owner in OWNERS]


async def test_without_a_gateway_a_post_meets_a_server_that_does_not_know_it() -> None:
    """The rig itself: if this went well, the replicas would share state and prove nothing."""
    async with without_a_gateway() as url:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await talk_in_python("http-sse", url, "ann")
