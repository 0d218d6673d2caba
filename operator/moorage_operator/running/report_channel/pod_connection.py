"""One pod's WebSocket at the leader: frames in, guidance out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from aiohttp import WSMsgType, web

from moorage_contract.report_channel import (
    LOST_SECONDS,
    STOPPING,
    DemandReport,
    Guidance,
    decode_report,
    encode_guidance,
)
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.running.report_channel.intake import Intake

SEND_SECONDS = 5.0
GATHER_SECONDS = 0.05
"""What changes within this time for somebody else's sake is told at once."""


class FrameRefused(Exception):
    """A frame that is no report of this pod; the message says why."""


class PodConnection:
    """Reads until the pod is silent or gone; writes when it is woken."""

    def __init__(
        self, pod: GatewayPod, socket: web.WebSocketResponse[Literal[False]], intake: Intake
    ) -> None:
        """``socket`` does not decode: a text may take four times the memory of its frame."""
        self.pod = pod
        self._socket = socket
        self.intake = intake
        self._to_answer = False
        self._woken = asyncio.Event()
        self.ended_by_itself = False
        """True once the pod said that it ends: it opens no session any more."""
        self.is_slowed = False
        """Whether it was told in the log that it sends too much."""

    async def read(self) -> bytes | None:
        """The next report's frame, None at the end. Raises FrameRefused."""
        try:
            frame = await self._socket.receive(timeout=LOST_SECONDS)
        except TimeoutError:
            return None
        if frame.type is WSMsgType.TEXT:
            return bytes(frame.data)
        if frame.type is WSMsgType.CLOSE:
            self.ended_by_itself = frame.data == STOPPING
        elif frame.type is WSMsgType.BINARY:
            raise FrameRefused("reports are text frames")
        return None

    def decode(self, frame: bytes) -> DemandReport:
        """The report in it. Raises FrameRefused."""
        try:
            report = decode_report(frame.decode())
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise FrameRefused(f"no report: {error}") from error
        if (report.gateway, report.pod) != (str(self.pod.gateway), self.pod.name):
            raise FrameRefused(f"the token is of pod {self.pod.name} of {self.pod.gateway}")
        return report

    def answer(self) -> None:
        """The pod's report was taken in: it gets an answer at once."""
        self._to_answer = True
        self._woken.set()

    def wake(self) -> None:
        """There may be something to tell."""
        self._woken.set()

    async def keep(self) -> None:
        """Show the pod that it is not forgotten while its report or the answer waits.

        Its pong shows that it lives: it sends nothing else before it has the answer.
        """
        async with asyncio.timeout(SEND_SECONDS):
            await self._socket.ping()

    def begin_to_tell(self) -> bool:
        """What is told now covers all that woke it so far; whether an answer is due."""
        self._woken.clear()
        answer, self._to_answer = self._to_answer, False
        return answer

    async def write(self, next_guidance: Callable[[], Awaitable[Guidance | None]]) -> None:
        """Runs until cancelled; asks for guidances until there is none."""
        while True:
            await self._woken.wait()
            if not self._to_answer:
                await asyncio.sleep(GATHER_SECONDS)
            while (guidance := await next_guidance()) is not None:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._socket.send_str(encode_guidance(guidance))

    async def close(self, code: int, why: str) -> None:
        """Tell the pod why it is left; at most a second is spent on it."""
        try:
            async with asyncio.timeout(1.0):
                await self._socket.close(code=code, message=why.encode()[:120])
        except (TimeoutError, ConnectionError, RuntimeError):
            return
