"""One real MCP handshake with an HTTP+SSE endpoint; closing its stream ends it again."""

import asyncio

from moorage_gateway.connecting.control_request import MAX_BODY_BYTES, ask
from moorage_gateway.connecting.handshake import (
    HANDSHAKE_SECONDS,
    INITIALIZE_BODY,
    negotiated,
    refused_initialize,
)
from moorage_gateway.connecting.http_sse_stream import open_http_sse_stream
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import AnswerTimeout, BadAnswer, OutcomeUnknown, UpstreamError
from moorage_wire.jsonrpc import MalformedMessage, MessageKind, read_message

_USER_AGENT = b"user-agent: moorage\r\n"
_MESSAGE_HEAD = _USER_AGENT + b"content-type: application/json\r\n"


async def shake_hands_over_http_sse(pool: UpstreamPool) -> tuple[str, ...]:
    """The protocol version that the endpoint negotiates; raises UpstreamError if it does not."""
    answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def said(message: bytes) -> None:
        if not answer.done() and _is_response(message):
            answer.set_result(message)

    def ended(failure: UpstreamError | None) -> None:
        if not answer.done():
            answer.set_exception(failure or OutcomeUnknown("it ended the stream of the handshake"))

    stream = await open_http_sse_stream(
        pool, _USER_AGENT, HANDSHAKE_SECONDS, MAX_BODY_BYTES, said, ended
    )
    try:
        return (await _initialize(pool, stream.target.result(), answer),)
    finally:
        stream.close()
        if not answer.cancel():
            answer.exception()  # seen: whatever it says, the handshake's own end says more


async def _initialize(pool: UpstreamPool, target: str, answer: asyncio.Future[bytes]) -> str:
    request = pool.post_at(target, _MESSAGE_HEAD, INITIALIZE_BODY)
    posted = await ask(pool, request, HANDSHAKE_SECONDS)
    if posted.status >= 300:
        raise BadAnswer(f"it answered the POST of initialize with HTTP {posted.status}")
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            version = negotiated(await answer)
    except TimeoutError as error:
        raise AnswerTimeout(f"no answer within {HANDSHAKE_SECONDS:g} s") from error
    if version is None:
        raise refused_initialize(await answer, "a message")
    return version


def _is_response(message: bytes) -> bool:
    try:
        return read_message(message).kind is MessageKind.RESPONSE
    except MalformedMessage:
        return False
