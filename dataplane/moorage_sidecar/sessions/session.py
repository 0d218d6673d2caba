"""One legacy session: one client, one server process, and what passes between them.

MCP 2024-11-05 … 2025-11-25. A client that goes away does not cancel its calls.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from moorage_contract.session_names import upstream_session_name
from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Outbox
from moorage_sidecar.processes.process_log import ProcessLog
from moorage_sidecar.processes.server_process import ServerProcess
from moorage_sidecar.refusals import (
    DidNotStart,
    GarbledAnswer,
    NotReading,
    OutcomeUnknown,
    Refusal,
)
from moorage_sidecar.server_lines import (
    READING_FAILED,
    Noise,
    SpoiltAnswer,
    read_server_line,
)
from moorage_sidecar.sessions.event_stream import EventStream
from moorage_sidecar.sessions.reaping import SessionActivity
from moorage_sidecar.sessions.switchboard import Switchboard
from moorage_sidecar.stdio_server import BridgedServer
from moorage_wire.jsonrpc import Message, MessageKind
from moorage_wire.stdio import LineTooLong

SESSION_ID_BYTES: Final = 24
PRIMED_SINCE: Final = "2025-11-25"
"""First version whose streams open with an event id and a ``retry``."""


class Session:
    """A session from its first message to the end of its process."""

    def __init__(
        self, name: str, server: BridgedServer, limits: BridgeLimits, *, resumable: bool
    ) -> None:
        self.id = secrets.token_urlsafe(SESSION_ID_BYTES)
        self.version: str | None = None
        self.board = Switchboard(limits, resumable=resumable)
        self.log = ProcessLog({"bridge": name, "session": upstream_session_name(self.id.encode())})
        self.on_close: Callable[[], None] = lambda: None
        self._server = server
        self._limits = limits
        self._process: ServerProcess | None = None
        self._relaying: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._last_seen = time.monotonic()
        self._get_broke_at: float | None = None
        self._initialized = False
        self.closed = False

    # ---- life ------------------------------------------------------------------------------

    @property
    def is_started(self) -> bool:
        return self._process is not None

    async def start(self) -> None:
        """Start the server process; raises ``DidNotStart``, also when it ended meanwhile."""
        async with self._starting:
            if self._process is None and not self.closed:
                await self._start()
        if self.closed:
            raise DidNotStart(self._server.program, "its session was ended while it started")

    async def _start(self) -> None:
        self._process = await ServerProcess.start(self._server, self._limits, self.log)
        self._relaying = asyncio.create_task(self._relay_output(self._process))

    def close(self, refusal: Refusal) -> None:
        """End the session for its client: every caller is told, every stream ends."""
        if not self.closed:
            self.closed = True
            # Whether a call was running is for its caller to hear, not for the log of a session.
            why = refusal.how if isinstance(refusal, OutcomeUnknown) else refusal.message
            self.log.event("session ended", why=why)
            self.board.close(refusal)
            self.on_close()

    async def finish(self) -> None:
        """Take the process down; returns when nothing is left of the session.

        A process that is just being started is waited for: it must not outlive its session.
        """
        async with self._starting:
            process, relaying = self._process, self._relaying
        if process is not None and relaying is not None:
            await process.end()
            await relaying

    def activity(self) -> SessionActivity:
        """What the reaper needs to know."""
        return SessionActivity(
            last_seen=self._last_seen,
            in_flight=len(self.board.calls) + self.board.attached if self.is_started else 0,
            initialized=self._initialized,
            get_broke_at=self._get_broke_at,
        )

    def answer_overdue_calls(self, now: float) -> None:
        """Answer what the server leaves unanswered, and tell it to stop."""
        if self.board.can_ask:
            self.board.calls.excuse(now, self._limits)
        for call, refusal in self.board.calls.overdue(now, self._limits):
            self.board.calls.close(call.raw_id)
            if call.cancelled_at is None:
                self._cancel_at_server(call.raw_id, refusal)
            self.board.answer(call, refusal)

    # ---- the client ------------------------------------------------------------------------

    def see_client(self) -> None:
        """The client is alive."""
        self._last_seen = time.monotonic()
        self._get_broke_at = None

    def ask(self, messages: Sequence[Message], *, carries_events: bool) -> EventStream | None:
        """Give the client's messages to the server; gives the stream of the answers, if any.

        Raises ``BadRequest``, ``TooMany`` or ``NotReading``; then nobody waits for an answer.
        """
        requests = [m for m in messages if m.kind is MessageKind.REQUEST]
        stream = None
        if requests:
            stream = self.board.open_post(requests, time.monotonic(), carries_events=carries_events)
        self.pass_on(messages)
        return stream

    def ask_on_get(self, messages: Sequence[Message]) -> None:
        """The same with the answers on the GET stream (HTTP+SSE)."""
        requests = [m for m in messages if m.kind is MessageKind.REQUEST]
        self.board.await_on_get(requests, time.monotonic())
        self.pass_on(messages)

    def pass_on(self, messages: Sequence[Message]) -> None:
        """Write messages to the server, all or none; raises ``NotReading``."""
        process = self._process
        if process is None:
            raise AssertionError("messages come after start")
        try:
            process.send(*(message.encode() for message in messages))
        except NotReading:
            self.board.abandon([m for m in messages if m.kind is MessageKind.REQUEST])
            raise
        for message in messages:
            self._note(message)

    def detach(self, stream: EventStream, outbox: Outbox) -> None:
        """A connection of this session ended.

        A GET stream never ends by itself: if it was not taken over or closed, it broke.
        """
        self._last_seen = time.monotonic()
        if self.board.detach(stream, outbox) and stream.is_get:
            self._get_broke_at = self._last_seen

    @property
    def primes_streams(self) -> bool:
        """Whether the negotiated version opens its streams with an event id."""
        return self.version is not None and self.version >= PRIMED_SINCE

    def _note(self, message: Message) -> None:
        now = time.monotonic()
        if message.kind is MessageKind.RESPONSE:
            self.board.calls.settle(message.id, now)
        elif message.method == "notifications/initialized":
            self._initialized = True
        elif message.method == "notifications/cancelled":
            self.board.calls.cancel(_request_id(message), now)

    # ---- the server ------------------------------------------------------------------------

    async def _relay_output(self, process: ServerProcess) -> None:
        fault = None
        try:
            async for line in process.lines():
                await self._take_line(line)
        except LineTooLong as error:
            fault = str(error)
        except Exception as error:  # whoever waits must be told, whatever went wrong
            self.log.defect(error)
            fault = READING_FAILED
        _, ended = await asyncio.gather(process.drain(), process.end())
        if not self.closed:
            self.log.trouble("server process ended unasked", how=fault or ended.describe())
        if self.version is None:
            how = fault or f"it ended with {ended.describe_with_stderr()}"
            self.close(DidNotStart(self._server.program, how))
        else:
            how = fault or f"the MCP server process ended with {ended.describe()}"
            self.close(OutcomeUnknown(how))

    async def _take_line(self, line: bytes) -> None:
        if self.closed:
            return
        match read_server_line(line):
            case Noise(why):
                self.log.noise(line, why)
            case SpoiltAnswer(raw_id, why):
                self._answer_spoilt(raw_id, why, line)
            case messages:
                for message in messages:
                    await self._take(message)

    async def _take(self, message: Message) -> None:
        now = time.monotonic()
        if self.version is None:
            self.version = _negotiated_version(message)
        if message.method == "notifications/cancelled":
            self.board.calls.settle(_request_id(message), now)
        if problem := await self.board.deliver(message, now):
            self.log.dropped(problem, message.method)

    def _answer_spoilt(self, raw_id: bytes, why: str, line: bytes) -> None:
        call = self.board.calls.close(raw_id)
        if call is None:
            self.log.noise(line, why)
        else:
            self.board.answer(call, GarbledAnswer(why))

    def _cancel_at_server(self, raw_id: bytes, refusal: Refusal) -> None:
        cancellation = msgspec.json.encode(
            {
                "jsonrpc": "2.0",
                "method": "notifications/cancelled",
                "params": {"requestId": msgspec.Raw(raw_id), "reason": refusal.reason},
            }
        )
        if self._process is not None:
            try:
                self._process.send(cancellation)
            except NotReading as error:
                self.log.dropped(error.message, "notifications/cancelled")


class _InitializeResult(msgspec.Struct):
    protocolVersion: str


class _Initialized(msgspec.Struct):
    result: _InitializeResult


def _negotiated_version(message: Message) -> str | None:
    """The version that an answer to ``initialize`` names; ``None`` for any other message."""
    if message.kind is not MessageKind.RESPONSE:
        return None
    try:
        return msgspec.json.decode(message.encode(), type=_Initialized).result.protocolVersion
    except msgspec.DecodeError:
        return None


def _request_id(message: Message) -> bytes:
    return bytes((message.params or {}).get("requestId", b"null"))
