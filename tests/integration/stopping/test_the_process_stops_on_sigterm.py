"""``moorage up`` and SIGTERM: the stop sequence, then exit status 0."""

import asyncio
import signal
from pathlib import Path

from fakes.cr_documents import gateway_document, group_document, route
from fakes.cr_files import write
from fakes.honest_endpoint import HonestUpstream, honest_upstreams, result
from fakes.honest_session import session
from fakes.in_process_gateway import until, urls_of
from fakes.moorage_command import up
from fakes.raw_http import call, connected, modern
from fakes.scripted_upstream import Peer, Received
from integration.listens.listeners import TOOLS, listening
from integration.stopping.stops import PROGRESS, seconds

CALL_SECONDS = 0.8


async def answers_late(received: Received, peer: Peer) -> None:
    await asyncio.sleep(CALL_SECONDS)
    await peer.json(result(received, {"late": True}))


async def streams(received: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS)
    await asyncio.sleep(CALL_SECONDS)
    await peer.event(result(received, {"late": True}))
    await peer.chunk(b"")


def calls_at(upstreams: list[HonestUpstream]) -> int:
    return sum(len(upstream.server.of("tools/call")) for upstream in upstreams)


async def test_everything_ends_in_good_order(tmp_path: Path) -> None:
    async with honest_upstreams(2, on={"late": answers_late, "streams": streams}) as upstreams:
        endpoints = [{"url": url} for url in urls_of(upstreams)]
        group = group_document(source={"external": {"endpoints": endpoints}})
        write(tmp_path / "a.yaml", gateway_document(routes=[route("/mcp", "tickets")]), group)
        async with up(tmp_path) as running:
            port = int(running.base_url.rpartition(":")[2])
            async with (
                session(port) as caller,
                connected(port) as stream,
                connected(port) as streamed,
                listening(port, TOOLS) as listener,
            ):
                await stream.send(caller.bodiless("GET"))
                assert (await stream.head()).status == 200
                await streamed.send(modern("tools/call", "s", name="streams", arguments={}))
                assert (await streamed.head()).status == 200
                await caller.client.send(caller.post(call("c", "late")))
                await until(lambda: calls_at(upstreams) == 2, "both calls are under way")
                running.child.process.send_signal(signal.SIGTERM)
                begun = seconds()
                assert await stream.event() == b"retry: 1000\n\n"
                assert await stream.event() == b""
                assert (await listener.hears())["result"]["resultType"] == "complete"
                assert seconds() - begun < CALL_SECONDS
                answer = await caller.client.answer()
                assert answer.message == {"jsonrpc": "2.0", "id": "c", "result": {"late": True}}
                assert answer.header("connection") == "close"
                assert (await streamed.event_message())["method"] == PROGRESS["method"]
                assert (await streamed.event_message())["id"] == "s"
                assert await streamed.event() == b""
            assert await running.child.wait(10) == 0
            assert seconds() - begun < CALL_SECONDS + 3
            output = running.output()
        assert "Traceback" not in output and '"level":"ERROR"' not in output, output
