"""Reads a request's body: bounded in size, in silence and in time."""

import asyncio

from aiohttp import StreamReader, web

from moorage_gateway.errors import MalformedRequest, RequestTimeout
from moorage_gateway.limiting.half_sent import HalfSent
from moorage_gateway.settings import Limits


async def read_request_body(
    request: web.BaseRequest, limits: Limits, half_sent: HalfSent, *, expects_continue: bool
) -> bytes:
    """The whole body; raises MalformedRequest (too large), RequestTimeout, CapacityError."""
    content = request.content
    if content.is_eof():
        body: bytes = content.read_nowait(-1)
        if len(body) > limits.request_body_bytes:
            raise _too_large(limits)
        return body
    if (request.content_length or 0) > limits.request_body_bytes:
        raise _too_large(limits)
    address = request.remote or ""
    half_sent.enter(address)
    try:
        if expects_continue and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await _read_slowly(content, limits)
    finally:
        half_sent.leave(address)


async def _read_slowly(content: StreamReader, limits: Limits) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            while not content.at_eof():
                async with asyncio.timeout(limits.body_idle_seconds):
                    piece = await content.readany()
                size += len(piece)
                if size > limits.request_body_bytes:
                    raise _too_large(limits)
                pieces.append(piece)
    except TimeoutError as error:
        raise RequestTimeout(
            "the request's body did not come in time",
            reason="BodyTimeout",
            remedy=f"send it within {limits.body_seconds:.0f} s, "
            f"never silent for {limits.body_idle_seconds:.0f} s",
        ) from error
    return b"".join(pieces)


def _too_large(limits: Limits) -> MalformedRequest:
    return MalformedRequest(
        f"the request's body is over {limits.request_body_bytes} bytes",
        reason="BodyTooLarge",
        remedy="send less in one message",
        status=413,
    )
