"""Streamable HTTP of 2026-07-28 in front of one shared process per principal."""

from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Delivery
from moorage_sidecar.refusals import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    UNSUPPORTED_VERSION,
    BadRequest,
)
from moorage_sidecar.serving.accepted_types import AcceptedTypes, not_a_stream_reader, read_accept
from moorage_sidecar.serving.answers import EventAnswer, accepted, json_answer
from moorage_sidecar.serving.http_server import connection_of
from moorage_sidecar.serving.request_reading import Checked
from moorage_sidecar.sharing.modern_checks import check_modern
from moorage_sidecar.sharing.shared_calls import LISTEN_METHOD, SharedCall
from moorage_sidecar.sharing.shared_pool import SharedPool
from moorage_wire.jsonrpc import INVALID_REQUEST, PARSE_ERROR, Message, MessageKind

CALL_METHOD: Final = "tools/call"
MISSING_CAPABILITY: Final = -32021
STATUS_OF_CODE: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    MISSING_CAPABILITY: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
"""MCP 2026-07-28, ``basic/index`` and ``transports/streamable-http``; others stay 200."""


@dataclass(frozen=True)
class ModernStory:
    """POST of the MCP endpoint: the only method that this era has."""

    pool: SharedPool
    limits: BridgeLimits

    async def post(
        self, checked: Checked, body: Message | tuple[Message, ...]
    ) -> web.StreamResponse:
        """Give a request to the principal's server and answer with what comes for it."""
        if isinstance(body, tuple) or body.kind is MessageKind.RESPONSE:
            raise BadRequest(
                "NotARequest",
                "a POST of this version takes one request or notification",
                "send one",
            )
        if body.kind is MessageKind.NOTIFICATION:
            return accepted()
        check_modern(checked.head, body)
        accepts = read_accept(checked.head.accept)
        if body.method == LISTEN_METHOD and not accepts.events:
            raise not_a_stream_reader()
        shared = await self.pool.get(checked.principal)
        if body.method == CALL_METHOD:
            shared.tools.check(body, checked.http.raw_headers)
        call = shared.ask(body)
        try:
            with connection_of(checked.http).when_lost(call.outbox.close):
                return await self._answer(checked, call, accepts)
        finally:
            shared.cancel(call, "the client went away")

    async def _answer(
        self, checked: Checked, call: SharedCall, accepts: AcceptedTypes
    ) -> web.StreamResponse:
        if not accepts.events:
            return await self._collect(call)
        first = await self._first(call) if accepts.json else None
        if first is not None and first.is_answer:
            return json_answer(first.message, status_of(first.message))
        events = EventAnswer(checked.http, self.limits)
        await events.open()
        if first is not None:
            await events.send(first)
        await events.relay(call.outbox)
        return await events.end()

    async def _first(self, call: SharedCall) -> Delivery | None:
        """The first message; ``None`` after a silence that a stream must keep alive."""
        try:
            first = await call.outbox.get(self.limits.keepalive_seconds)
        except TimeoutError:
            return None
        if first is None:
            raise ConnectionResetError("the call ended before anything came")
        return first

    async def _collect(self, call: SharedCall) -> web.StreamResponse:
        while delivery := await call.outbox.get():
            if delivery.is_answer:
                return json_answer(delivery.message, status_of(delivery.message))
        raise ConnectionResetError("the call ended without an answer")


class _Error(msgspec.Struct):
    code: int


class _Answer(msgspec.Struct):
    error: _Error | None = None


def status_of(answer: bytes) -> int:
    """The HTTP status under which a JSON-RPC answer goes out (pure)."""
    try:
        error = msgspec.json.decode(answer, type=_Answer).error
    except msgspec.DecodeError:  # an error of no known shape is relayed as it is
        return 200
    return 200 if error is None else STATUS_OF_CODE.get(error.code, 200)
