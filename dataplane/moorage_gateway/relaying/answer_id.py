"""Whether a body answers a request: what another request's answer looks like (pure).

Endpoints that answer twice, or answer the wrong one, would else cross their callers' answers
(threat P5). JSON-RPC 2.0 §5: a response carries the id of its request.
"""

import msgspec

from moorage_gateway.errors import BadAnswer
from moorage_wire.jsonrpc import MalformedMessage, MessageKind, read_message

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


def names(raw_id: bytes, events: bytes) -> bool:
    """True where ``events`` may hold the response to the request of that raw id."""
    return b'"id":' + raw_id in events or b'"id": ' + raw_id in events
