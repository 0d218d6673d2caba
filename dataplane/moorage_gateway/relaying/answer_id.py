"""Whether a body answers a request: what another request's answer looks like (pure).

Endpoints that answer twice, or answer the wrong one, would else cross their callers' answers
(threat P5). JSON-RPC 2.0 §5: a response carries the id of its request.
"""

import msgspec

from moorage_gateway.errors import BadAnswer
from moorage_wire.jsonrpc import MalformedMessage, MessageKind, read_message
from moorage_wire.sse import SseReader

_NULL = b"null"
_decode = msgspec.json.Decoder().decode


def require_answer_to(raw_id: bytes, body: bytes) -> None:
    """Raises BadAnswer when ``body`` is no JSON-RPC response to the request of that raw id.

    An error under the id null passes: so an endpoint answers what it could not read.
    """
    if body.endswith(b"}") and (
        b'"id":%b,' % raw_id in body or b'"id":%b}' % raw_id in body  # as most libraries write it
    ):
        return
    _require_response_to(raw_id, body)


def _require_response_to(raw_id: bytes, body: bytes) -> None:
    try:
        message = read_message(body)
    except MalformedMessage as error:
        raise BadAnswer(f"the endpoint sent no JSON-RPC message: {error.reason}") from error
    if message.kind is not MessageKind.RESPONSE:
        raise BadAnswer("the endpoint answered with a message that is no response")
    told = message.id or _NULL
    if told == _NULL and "error" in message.members:
        return
    if told != raw_id and _decode(told) != _decode(raw_id):
        raise BadAnswer("the endpoint answered with the id of another request")


class ResponseWatch:
    """Looks for the response to one request in a stream of events; ``seen`` once it was there."""

    __slots__ = ("_raw_id", "_reader", "seen")

    def __init__(self, raw_id: bytes, max_event_bytes: int) -> None:
        self._raw_id = raw_id
        self._reader = SseReader(max_event_bytes=max_event_bytes)
        self.seen = False

    def feed(self, octets: bytes) -> None:
        """The next part of the stream, cut anywhere."""
        if not self.seen:
            self.seen = any(
                is_answer_to(self._raw_id, event.data) for event in self._reader.feed(octets)
            )


def is_answer_to(raw_id: bytes, data: bytes) -> bool:
    """True where ``data`` is the response to the request of that raw id."""
    if b'"id"' not in data:
        return False
    try:
        _require_response_to(raw_id, data)
    except BadAnswer:
        return False
    return True
