"""HTTP+SSE clients over a TLS listener: the official client, whatever its server speaks."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from mcp import ClientSession
from mcp.client.sse import sse_client

from fakes.in_process_gateway import until
from integration.http_sse.conftest import group, start_sdk_server, table
from integration.listening.certificates import Authority
from integration.listening.tls_gateway import tls_gateway
from moorage_gateway.listening.certificate import ListenerCertificate
from moorage_gateway.relaying.http_sse import answering

LARGE = 400_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a server with the official SDK: /mcp and /sse."""
    process, port = start_sdk_server(tmp_path_factory.mktemp("sdk-server"))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def trusting(context: ssl.SSLContext) -> Callable[..., httpx2.AsyncClient]:
    def client(**options: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(verify=context, **options)

    return client


@pytest.mark.parametrize(("path", "transport"), [("/mcp", "StreamableHttp"), ("/sse", "HttpSse")])
async def test_the_official_client_calls_is_told_of_progress_and_goes(
    certificate: ListenerCertificate,
    authority: Authority,
    server: str,
    path: str,
    transport: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "KEEP_ALIVE_SECONDS", 0.1)
    served = table(group("servers", server + path, transport))
    heard: list[float] = []

    async def step(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async with tls_gateway(served, certificate) as made:
        url = f"https://127.0.0.1:{made.port}/servers"
        connecting = sse_client(url, httpx_client_factory=trusting(authority.client_context()))
        async with connecting as streams, ClientSession(*streams) as session:
            await session.initialize()
            await session.call_tool("count_up", {"steps": 3}, progress_callback=step)
            assert heard == [1, 2, 3]
            said = await session.call_tool("say", {"size": LARGE})
            assert said.structured_content == {"result": "x" * LARGE}
            await asyncio.gather(
                *(session.call_tool("remember", {"word": word}) for word in ("a", "b", "c"))
            )
            await asyncio.sleep(0.3)
            recalled = await session.call_tool("recall", {})
            assert recalled.structured_content is not None
            assert sorted(recalled.structured_content["result"]) == ["a", "b", "c"]
            assert made.status().sessions == 1
        await until(lambda: made.status().sessions == 0, "the session is over")
