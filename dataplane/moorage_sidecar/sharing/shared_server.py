"""One server process of the modern era, shared by all clients of one principal.

MCP 2026-07-28, ``basic/transports`` (stdio) and ``basic/patterns/cancellation``: a client that
goes away has cancelled, which on stdio is told by ``notifications/cancelled``.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Delivery, ReaderStalled
from moorage_sidecar.processes.process_log import ProcessLog
from moorage_sidecar.processes.server_process import ServerProcess
from moorage_sidecar.refusals import (
    METHOD_NOT_FOUND,
    ClientTooSlow,
    DidNotStart,
    GarbledAnswer,
    NoAnswer,
    NotReading,
    OutcomeUnknown,
    Refusal,
    SubscriptionEnded,
)
from moorage_sidecar.server_lines import (
    READING_FAILED,
    Noise,
    SpoiltAnswer,
    read_server_line,
)
from moorage_sidecar.sharing.call_choice import (
    EndOfCall,
    NotAllowed,
    ToCall,
    ToNobody,
    choose_call,
)
from moorage_sidecar.sharing.param_headers import ListedTools
from moorage_sidecar.sharing.shared_calls import SharedCall, SharedCalls
from moorage_sidecar.sharing.translation import (
    SUBSCRIPTION_MEMBER,
    answer_from_channel,
    event_from_channel,
    issued_id,
    progress_from_channel,
    to_channel,
)
from moorage_sidecar.stdio_server import BridgedServer
from moorage_wire.jsonrpc import Message, MessageKind, error_response, result_response
from moorage_wire.stdio import LineTooLong

DISCOVER_METHOD: Final = "server/discover"


class SharedServer:
    """The process, and who waits for what of it."""

    def __init__(self, server: BridgedServer, limits: BridgeLimits, log: ProcessLog) -> None:
        self.calls = SharedCalls(limits)
        self.tools = ListedTools()
        self.log = log
        self.on_close: Callable[[], None] = lambda: None
        self.is_open = False
        """Whether it has proved to speak the modern era."""
        self.closed_by: Refusal | None = None
        self.last_used = time.monotonic()
        self.was_used = False
        """Whether anybody asked more of it than which versions it speaks."""
        self._server = server
        self._limits = limits
        self._process: ServerProcess | None = None
        self._relaying: asyncio.Task[None] | None = None

    # ---- life ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the process; raises ``DidNotStart``."""
        self._process = await ServerProcess.start(self._server, self._limits, self.log)
        self._relaying = asyncio.create_task(self._relay_output(self._process))

    def close(self, refusal: Refusal) -> None:
        """Nobody is served any more; every caller is told why."""
        if self.closed_by is not None:
            return
        self.closed_by = refusal
        for call in self.calls.close_all():
            self._answer(call, SubscriptionEnded(refusal.message) if call.is_listen else refusal)
        self.on_close()

    async def finish(self) -> None:
        """Take the process down; returns when nothing is left of it."""
        if self._process is not None and self._relaying is not None:
            await self._process.end()
            await self._relaying

    # ---- the clients -----------------------------------------------------------------------

    def ask(self, request: Message) -> SharedCall:
        """Give a request to the server; raises ``TooMany`` or ``NotReading``."""
        now = self.last_used = time.monotonic()
        self.was_used = self.was_used or request.method != DISCOVER_METHOD
        call = self.calls.open(request, now)
        try:
            self._send(to_channel(request, call.issued).encode())
        except NotReading:
            self.calls.close(call.issued)
            raise
        return call

    def cancel(self, call: SharedCall, reason: str) -> None:
        """The call is not wanted any more; nothing happens if it was answered."""
        call.outbox.close()
        self.last_used = time.monotonic()
        if self.calls.close(call.issued) is not None:
            self._tell_cancelled(call.issued, reason)

    def answer_overdue_calls(self, now: float) -> None:
        """Answer what the server leaves unanswered, and tell it to stop."""
        for call in self.calls.overdue(now):
            refusal = NoAnswer(now - call.last_heard)
            self.calls.close(call.issued)
            self._tell_cancelled(call.issued, refusal.reason)
            self._answer(call, refusal)

    def end_subscriptions(self) -> None:
        """End every subscription gracefully: by its result."""
        for call in self.calls.subscriptions():
            self.calls.close(call.issued)
            self._tell_cancelled(call.issued, "the bridge is stopping")
            meta = {SUBSCRIPTION_MEMBER: msgspec.Raw(call.raw_id)}
            result = {"resultType": "complete", "_meta": meta}
            call.outbox.put_now(Delivery(result_response(call.raw_id, result), None, True))
            call.outbox.close()

    def _answer(self, call: SharedCall, refusal: Refusal) -> None:
        call.outbox.put_now(Delivery(refusal.answer(call.raw_id), None, is_answer=True))
        call.outbox.close()

    # ---- the server ------------------------------------------------------------------------

    def _send(self, message: bytes) -> None:
        if self._process is None or self.closed_by is not None:
            raise NotReading("its process has ended")
        self._process.send(message)

    def _tell_cancelled(self, issued: int, reason: str) -> None:
        cancellation = {
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": {"requestId": issued, "reason": reason},
        }
        self._send_if_possible(msgspec.json.encode(cancellation))

    def _send_if_possible(self, message: bytes) -> None:
        try:
            self._send(message)
        except NotReading as error:
            self.log.dropped(error.message, "the bridge's own message")

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
        if self.closed_by is None:
            self.log.trouble("server process ended unasked", how=fault or ended.describe())
        if self.is_open:
            how = fault or f"the MCP server process ended with {ended.describe()}"
            self.close(OutcomeUnknown(how))
        else:
            how = fault or f"it ended with {ended.describe_with_stderr()}"
            self.close(DidNotStart(self._server.program, how))

    async def _take_line(self, line: bytes) -> None:
        if self.closed_by is not None:
            return
        match read_server_line(line):
            case Noise(why):
                self.log.noise(line, why)
            case SpoiltAnswer(raw_id, why):
                self._answer_spoilt(raw_id, why)
            case messages:
                for message in messages:
                    await self._take(message)

    async def _take(self, message: Message) -> None:
        match choose_call(message, self.calls.log_readers()):
            case ToCall(issued):
                await self._give(issued, message)
            case EndOfCall(issued):
                if call := self.calls.close(issued):
                    call.outbox.close()
            case ToNobody(reason):
                self.log.dropped(reason, message.method)
            case NotAllowed():
                refusal = "requests to the client are not part of this protocol version"
                self._send_if_possible(error_response(message.id, METHOD_NOT_FOUND, refusal))

    async def _give(self, issued: int, message: Message) -> None:
        is_answer = message.kind is MessageKind.RESPONSE
        call = self.calls.close(issued) if is_answer else self.calls.get(issued)
        if call is None:
            self.log.dropped("its call is over", message.method)
            return
        call.last_heard = self.last_used = time.monotonic()
        if is_answer and call.lists_tools:
            self.tools.learn(message)
        try:
            await call.outbox.put(Delivery(_restored(message, call), None, is_answer))
        except ReaderStalled:
            self._drop_slow_reader(call)
        if is_answer:
            call.outbox.close()

    def _drop_slow_reader(self, call: SharedCall) -> None:
        if self.calls.close(call.issued) is not None:
            self._tell_cancelled(call.issued, "the client reads too slowly")
        self.log.dropped("the client reads too slowly; its call was cancelled", None)
        self._answer(call, ClientTooSlow())

    def _answer_spoilt(self, raw_id: bytes, why: str) -> None:
        issued = issued_id(raw_id)
        call = None if issued is None else self.calls.close(issued)
        if call is not None:
            self._answer(call, GarbledAnswer(why))


def _restored(message: Message, call: SharedCall) -> bytes:
    """A message of the channel with the ids of its client."""
    if message.kind is MessageKind.RESPONSE:
        return answer_from_channel(message, call.raw_id).encode()
    if message.method == "notifications/progress":
        return progress_from_channel(message, call.progress_token or b"null").encode()
    if call.is_listen:
        return event_from_channel(message, call.raw_id).encode()
    return message.encode()
