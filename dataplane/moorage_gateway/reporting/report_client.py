"""The gateway's end of the report channel: finds the leader, reports, hears guidance.

Nothing of a request ever waits for it. Without an operator it goes on looking for one.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import aiohttp
import msgspec

from moorage_contract.report_channel import (
    LEADER_HEADER,
    LOST_SECONDS,
    MAX_FRAME_BYTES,
    REPORT_SECONDS,
    STOPPING,
    DemandReport,
    Guidance,
    decode_guidance,
    encode_report,
)
from moorage_contract.route_table import ReportTarget
from moorage_gateway.reporting.report_address import leader_url

GATHER_SECONDS = 0.05
"""What happens within this time goes into one report."""
CONNECT_SECONDS = 5.0
SEND_SECONDS = 5.0
FIRST_RETRY_SECONDS = 0.2
LAST_RETRY_SECONDS = 4.0
LAST_WORDS_SECONDS = 0.5
"""So long a connection that takes no report any more may still say why it ended."""
MAX_TOKEN_BYTES = 16 * 1024
_log = logging.getLogger(__name__)


class ReportSource(Protocol):
    """Who knows what to report, and does what the leader says."""

    def connected(self) -> None: ...
    def disconnected(self) -> None: ...
    def news(self, *, whole: bool) -> Sequence[DemandReport]: ...
    def take(self, guidance: Guidance) -> None: ...


class ReportClient:
    """One connection after the other."""

    def __init__(self, source: ReportSource, token: Path, jitter: Callable[[], float]) -> None:
        """``token`` is read at each connect; ``jitter`` gives numbers from 0 to 1."""
        self._source = source
        self._token = token
        self._jitter = jitter
        self._target: ReportTarget | None = None
        self._targeted = asyncio.Event()
        self._wanted = asyncio.Event()
        self._unanswered_seq = 0
        """The report whose answer is awaited before the next one."""
        self._answered = asyncio.Event()
        self._leader = ""
        """Whom another replica named, for the next attempt."""
        self._was_refused = False
        """Whether the last connection ended because of what was reported: all would be again."""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.connects = 0
        """Connections that were made so far."""
        self.failures = 0
        """Attempts and connections that ended by a failure so far."""
        self.why = "not yet tried"
        """What went wrong last; empty while connected."""

    @property
    def is_connected(self) -> bool:
        """Whether a leader listens."""
        return self._socket is not None

    def follow(self, target: ReportTarget | None) -> None:
        """Report there from now on; None reports nowhere."""
        if target == self._target:
            return
        self._target, self._leader = target, ""
        self._targeted.set()

    def hurry(self) -> None:
        """There is something that should not wait for the next round."""
        self._wanted.set()

    async def run(self) -> None:
        """Runs until cancelled, and says then that this gateway ends."""
        delay_seconds = FIRST_RETRY_SECONDS
        async with aiohttp.ClientSession() as session:
            while True:
                self._targeted.clear()
                if self._target is None:
                    await self._targeted.wait()
                    continue
                connects, leader = self.connects, self._leader
                self._leader = ""
                await self._attempt(session, self._target, leader)
                if self._leader and not leader:
                    continue  # told where to go instead
                if self.connects != connects and not self._was_refused:
                    delay_seconds = FIRST_RETRY_SECONDS
                await asyncio.sleep(delay_seconds * (0.5 + self._jitter() / 2))
                delay_seconds = min(2 * delay_seconds, LAST_RETRY_SECONDS)

    async def _attempt(
        self, session: aiohttp.ClientSession, target: ReportTarget, leader: str
    ) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                socket = await self._connect(session, target, leader)
            await self._talk(socket)
        except aiohttp.WSServerHandshakeError as error:
            named = error.headers.get(LEADER_HEADER, "") if error.headers is not None else ""
            self._leader = named if error.status == 421 else ""
            if not self._leader:
                self._failed(f"the operator answered {error.status}")
        except aiohttp.ClientConnectorError as error:
            # Its own words hold the address of an object: the same fault would be told each time.
            why = error.os_error.strerror or type(error.os_error).__name__
            self._failed(f"cannot connect to {error.host}:{error.port}: {why}")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self._failed(str(error) or type(error).__name__)

    def _failed(self, why: str) -> None:
        self.failures += 1
        if why != self.why:
            _log.warning("the report channel is down, serving goes on without it: %s", why)
        self.why = why
        self._source.disconnected()

    async def _connect(
        self, session: aiohttp.ClientSession, target: ReportTarget, leader: str
    ) -> aiohttp.ClientWebSocketResponse:
        with self._token.open("rb") as file:
            token = file.read(MAX_TOKEN_BYTES).decode("ascii").strip()
        return await session.ws_connect(
            leader_url(target.url, leader),
            ssl=ssl.create_default_context(cadata=target.ca_pem),
            server_hostname=target.server_name,
            headers={"Authorization": f"Bearer {token}"},
            max_msg_size=MAX_FRAME_BYTES,
            compress=0,
        )

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self.why, self._was_refused = socket, "", False
        self.connects += 1
        self._source.connected()
        listening = asyncio.ensure_future(self._listen(socket))
        others = [
            asyncio.ensure_future(one) for one in (self._report(socket), self._targeted.wait())
        ]
        tasks = [listening, *others]
        code = STOPPING
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not self._targeted.is_set():
                await asyncio.wait((listening,), timeout=LAST_WORDS_SECONDS)
            code = aiohttp.WSCloseCode.OK
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._socket = None
            self._source.disconnected()
            await _close(socket, code)

    async def _report(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """One report after the other's answer: else a leader that reads slowly would know ever
        older ones. An answer that does not come ends the connection, see ``_listen``."""
        whole = True
        while True:
            self._wanted.clear()
            self._answered.clear()
            news = self._source.news(whole=whole)
            self._unanswered_seq = news[-1].seq
            for report in news:
                async with asyncio.timeout(SEND_SECONDS):
                    await socket.send_str(encode_report(report))
            whole = False
            await asyncio.sleep(GATHER_SECONDS)
            await self._answered.wait()
            try:
                async with asyncio.timeout(REPORT_SECONDS - GATHER_SECONDS):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            frame = await socket.receive(timeout=LOST_SECONDS)
            if frame.type is not aiohttp.WSMsgType.TEXT:
                self._was_refused = socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION
                raise ConnectionError(_why_closed(socket, frame))
            try:
                guidance = decode_guidance(frame.data)
            except msgspec.DecodeError as error:
                raise ValueError(f"the operator sent no guidance: {error}") from error
            self._source.take(guidance)
            if guidance.report_seq >= self._unanswered_seq:
                self._answered.set()


def _why_closed(socket: aiohttp.ClientWebSocketResponse, frame: aiohttp.WSMessage) -> str:
    words = frame.extra if isinstance(frame.extra, str) and frame.extra else "the operator left"
    return f"{words} (close code {socket.close_code})"


async def _close(socket: aiohttp.ClientWebSocketResponse, code: int) -> None:
    try:
        async with asyncio.timeout(1.0):
            await socket.close(code=code)
    except (TimeoutError, ConnectionError, aiohttp.ClientError):
        return
