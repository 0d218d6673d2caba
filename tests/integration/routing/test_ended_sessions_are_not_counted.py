"""A session that its endpoint no longer has takes no one's place, whatever request shows it."""

import pytest

from fakes.honest_session import session
from fakes.in_process_gateway import gateway, table_of, until
from fakes.scripted_upstream import Peer, Received, upstream


class Forgetful:
    """An endpoint that knows its one session until told to forget it."""

    def __init__(self) -> None:
        self.knows = True

    async def __call__(self, received: Received, peer: Peer) -> None:
        if received.method == "OPTIONS":
            await peer.answer(405, b"")
        elif "mcp-session-id" in received.headers and not self.knows:
            await peer.answer(404, b"")
        elif received.method == "POST" and "id" in received.message:
            await self._result(received, peer)
        else:
            await peer.answer(202, b"")

    async def _result(self, received: Received, peer: Peer) -> None:
        message = received.message
        if message["method"] != "initialize":
            await peer.json({"jsonrpc": "2.0", "id": message["id"], "result": {}})
            return
        result = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "serverInfo": {"name": "forgetful", "version": "1"},
        }
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        await peer.json(answer, "Mcp-Session-Id: s1")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_after_a_404(method: str) -> None:
    endpoint = Forgetful()
    async with (
        upstream(endpoint) as server,
        gateway(table_of([server.url])) as made,
        session(made.port) as held,
    ):
        assert made.status().sessions == 1
        endpoint.knows = False
        await held.client.send(held.bodiless(method))
        assert (await held.client.answer()).status == 404
        await until(lambda: made.status().sessions == 0, "the session is not counted")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_after_a_refused_connection(method: str) -> None:
    async with (
        upstream(Forgetful()) as server,
        gateway(table_of([server.url])) as made,
        session(made.port) as held,
    ):
        assert made.status().sessions == 1
        await server.stop()
        await held.client.send(held.bodiless(method))
        assert (await held.client.answer()).status == 404
        await until(lambda: made.status().sessions == 0, "the session is not counted")
