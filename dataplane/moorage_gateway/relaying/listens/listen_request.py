"""What a listen asks of endpoints, and which clients' listens ask the same (pure).

A server may tell different things to different callers: their own header lines and declared
capabilities are part of what is asked. What differs with every request is not, or nobody would
ever share a stream.
"""

import re
from dataclasses import dataclass

import msgspec

from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter
from moorage_wire.jsonrpc import Message

REQUEST_ID = "moorage-listen"
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
_HEAD = (
    b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
    b"user-agent: moorage\r\nmcp-method: subscriptions/listen\r\n"
)
_PASSING_META = frozenset(("progressToken", "traceparent", "tracestate", "baggage"))
# What every client's library sends of itself, and what names one request in traces.
_PASSING_LINES = re.compile(
    rb"(?m)^(?:accept|accept-language|baggage|cache-control|content-type|mcp-[^:\r\n]*|pragma"
    rb"|priority|sec-[^:\r\n]*|traceparent|tracestate|user-agent|x-b3-[^:\r\n]*|x-correlation-id"
    rb"|x-request-id):[^\r\n]*\r\n"
)


@dataclass(frozen=True)
class ListenRequest:
    """Equal requests share their streams; ``meta`` is that of whoever asked first."""

    wanted: SubscriptionFilter
    version_line: bytes
    lines: bytes
    """The clients' own header lines."""
    told_apart_by: bytes
    """The members of ``_meta`` that may change what a server tells."""

    def head(self) -> bytes:
        """The header lines of the request to an endpoint, but for host and length."""
        return _HEAD + self.version_line + self.lines

    def body(self, wanted: SubscriptionFilter, meta: dict[str, msgspec.Raw]) -> bytes:
        """The JSON-RPC request to an endpoint."""
        return msgspec.json.encode(
            {
                "jsonrpc": "2.0",
                "id": REQUEST_ID,
                "method": "subscriptions/listen",
                "params": {"_meta": meta, "notifications": wanted.as_params()},
            }
        )


def listen_request(call: Call, message: Message, wanted: SubscriptionFilter) -> ListenRequest:
    """What one client's listen asks."""
    meta = lasting_meta(message)
    meta.pop(CLIENT_INFO, None)
    version = (call.head.protocol_version or "").encode("ascii")
    return ListenRequest(
        wanted,
        b"mcp-protocol-version: %b\r\n" % version,
        _PASSING_LINES.sub(b"", call.head.forward),
        msgspec.json.encode(meta, order="deterministic"),
    )


def lasting_meta(message: Message) -> dict[str, msgspec.Raw]:
    """The ``_meta`` of a listen without what belongs to one request only."""
    members = message.meta or {}
    return {name: raw for name, raw in members.items() if name not in _PASSING_META}
