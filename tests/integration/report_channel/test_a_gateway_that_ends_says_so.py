"""What was promised to a gateway that ends is free at once, also if its connection is failing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import WSCloseCode, WSMsgType, web

from fakes.operator_channel import SERVER_NAME, Certificate
from moorage_contract.report_channel import (
    STOPPING,
    DemandReport,
    Guidance,
    decode_report,
    encode_guidance,
)
from moorage_contract.route_table import ReportTarget
from moorage_gateway.reporting.report_client import LAST_WORDS_SECONDS, ReportClient


class Leader:
    """Answers each report, and notes by what code a connection ended."""

    def __init__(self) -> None:
        self.codes: asyncio.Queue[object] = asyncio.Queue()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        seq = 0
        while (frame := await socket.receive()).type is WSMsgType.TEXT:
            seq += 1
            report = decode_report(frame.data)
            await socket.send_str(encode_guidance(Guidance(seq=seq, report_seq=report.seq)))
        self.codes.put_nowait(frame.data)
        return socket

    @asynccontextmanager
    async def target(self, folder: Path) -> AsyncIterator[ReportTarget]:
        certificate = Certificate(folder)
        site = web.Application()
        site.router.add_get("/report", self.serve)
        runner = web.AppRunner(site, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.context).start()
        try:
            url = f"wss://127.0.0.1:{runner.addresses[0][1]}/report"
            yield ReportTarget(url=url, ca_pem=certificate.ca_pem, server_name=SERVER_NAME)
        finally:
            await runner.cleanup()


class Source:
    """Its second report cannot be sent in time, if it fails at all."""

    def __init__(self, *, fails: bool) -> None:
        self._fails = fails
        self._seq = 0
        self.answered, self.failed = asyncio.Event(), asyncio.Event()

    def connected(self) -> None: ...
    def disconnected(self) -> None: ...

    def take(self, guidance: Guidance) -> None:
        self.answered.set()

    def news(self, *, whole: bool) -> list[DemandReport]:
        self._seq += 1
        if self._fails and self._seq == 2:
            self.failed.set()
            raise TimeoutError
        return [
            DemandReport(
                seq=self._seq, whole=whole, gateway="tests/gateway", pod="p", table_digest="d"
            )
        ]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_gateway_that_ends_is_known_to_open_nothing(tmp_path: Path, fails: bool) -> None:
    leader, source, token = Leader(), Source(fails=fails), tmp_path / "token"
    token.write_text("token")
    async with leader.target(tmp_path) as target:
        client = ReportClient(source, token, jitter=lambda: 1.0)
        client.follow(target)
        running = asyncio.create_task(client.run())
        await source.answered.wait()
        if fails:
            client.hurry()
            await source.failed.wait()
            await asyncio.sleep(LAST_WORDS_SECONDS / 5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await asyncio.wait_for(leader.codes.get(), 5.0) == STOPPING


async def test_one_that_comes_back_says_nothing_of_an_end(tmp_path: Path) -> None:
    leader, source, token = Leader(), Source(fails=True), tmp_path / "token"
    token.write_text("token")
    async with leader.target(tmp_path) as target:
        client = ReportClient(source, token, jitter=lambda: 1.0)
        client.follow(target)
        running = asyncio.create_task(client.run())
        await source.answered.wait()
        client.hurry()
        await source.failed.wait()
        assert await asyncio.wait_for(leader.codes.get(), 5.0) == WSCloseCode.OK
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
