"""Two gateway processes on the same files and key file: requests alternate, sessions stay."""

import asyncio

import pytest
from mcp.client import Client

from fakes.gateway_processes import gateways, urls
from integration.http_sse.official_clients import Transport, newer, older


@pytest.mark.parametrize(
    ("transport", "endpoint", "path"),
    [
        pytest.param(older, "HttpSse", "/sse", id="HTTP+SSE client, HTTP+SSE endpoint"),
        pytest.param(older, "StreamableHttp", "/mcp", id="HTTP+SSE client, streamable endpoint"),
        pytest.param(newer, "HttpSse", "/sse", id="streamable client, HTTP+SSE endpoint"),
    ],
)
async def test_every_second_request_comes_to_the_replica_that_does_not_hold_the_stream(
    sdk_server: str, transport: Transport, endpoint: str, path: str
) -> None:
    async with gateways(urls([sdk_server + path], endpoint), replicas=2) as replicas:
        bases = [f"http://127.0.0.1:{replica.port}" for replica in replicas]
        async with asyncio.timeout(20), Client(transport(bases, "/mcp"), mode="legacy") as client:
            for number in range(10):
                remembered = await client.call_tool("remember", {"word": str(number)})
                assert remembered.structured_content == {"result": number + 1}
