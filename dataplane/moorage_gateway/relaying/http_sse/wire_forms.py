"""How HTTP+SSE looks on the wire: what opens a stream, where it says to post, which headers go on.

Pure. Source: MCP 2024-11-05, ``basic/transports``; the older and the newer transport at one URL:
2025-11-25, ``basic/transports``, backwards compatibility.
"""

import re

from moorage_wire.heads import RequestHead
from moorage_wire.jsonrpc import MalformedMessage, Message, MessageKind, read_message

MESSAGE_HEAD = b"content-type: application/json\r\n"
STREAMABLE_HEAD = (
    b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
)
LISTENING_HEAD = b"accept: text/event-stream\r\n"

_STREAM_PARAMETER = re.compile(r"(?:^|&)sessionId=([^&]*)")
_OWN_LINES = re.compile(rb"(?m)^(?:accept|content-type|mcp-[^:\r\n]*):[^\r\n]*\r\n")


def opens_stream(head: RequestHead) -> bool:
    """Whether a GET is HTTP+SSE's opening one.

    A GET of streamable HTTP carries the session id, or (since 2025-06-18, where a server gives
    none) the protocol version; the older transport knows neither header.
    """
    return head.session_id is None and head.protocol_version is None


def accepts_events(accept: bytes | None) -> bool:
    """Whether a client can read an event stream (RFC 9110 §12.5.1; absent means all)."""
    return accept is None or any(
        media_type in accept for media_type in (b"text/event-stream", b"text/*", b"*/*")
    )


def accepts_json(accept: bytes | None) -> bool:
    """Whether a client can read a JSON answer (absent means all)."""
    return accept is None or any(
        media_type in accept for media_type in (b"application/json", b"application/*", b"*/*")
    )


def message_uri(route: str, capsule: str) -> bytes:
    """What the ``endpoint`` event tells a client: a path, so the origin is the one it asked."""
    return f"{route}?sessionId={capsule}".encode("ascii")


def stream_capsule(target: str) -> str | None:
    """The capsule in a request target, None if it has no ``sessionId`` at all."""
    found = _STREAM_PARAMETER.findall(target.partition("?")[2])
    if not found:
        return None
    return str(found[0]) if len(found) == 1 else ""


def bridged_lines(forward: bytes) -> bytes:
    """A client's header lines without those that its own transport's rules put there."""
    return _OWN_LINES.sub(b"", forward)


def response_in(data: bytes) -> Message | None:
    """The JSON-RPC response that ``data`` is, None if it is anything else."""
    try:
        message = read_message(data)
    except MalformedMessage:
        return None
    return message if message.kind is MessageKind.RESPONSE else None
