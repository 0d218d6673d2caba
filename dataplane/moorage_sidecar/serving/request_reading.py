"""From an HTTP request to checked values: the head, the caller, the body."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from moorage_contract.header_names import PRINCIPAL
from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.refusals import HEADER_MISMATCH, BadRequest
from moorage_wire.heads import HeadRefusal, RequestHead, read_head
from moorage_wire.jsonrpc import INVALID_REQUEST, MalformedMessage, Message, read_body

JSON_TYPE = b"application/json"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True)
class Checked:
    """A request whose head may be acted on."""

    http: web.BaseRequest
    head: RequestHead
    principal: bytes
    """Who is calling, as a gateway in front says; empty for nobody in particular."""


def check_request(request: web.BaseRequest) -> Checked:
    """The request with its head read strictly; raises ``BadRequest``."""
    try:
        head = read_head(request.raw_headers)
    except HeadRefusal as refusal:
        code = HEADER_MISMATCH if (refusal.header or "").startswith("mcp-") else INVALID_REQUEST
        raise BadRequest(
            refusal.reason, refusal.message, None, status=refusal.status, code=code
        ) from None
    return Checked(request, head, _principal(request))


def _principal(request: web.BaseRequest) -> bytes:
    named = [value for name, value in request.raw_headers if name.lower() == PRINCIPAL]
    if len(named) > 1:
        raise BadRequest(
            "DuplicateHeader", "Moorage-Principal appears more than once", "send it once"
        )
    return named[0] if named else b""


async def read_messages(checked: Checked, limits: BridgeLimits) -> Message | tuple[Message, ...]:
    """The JSON-RPC message or batch in the body; raises ``BadRequest``."""
    content_type = (checked.head.content_type or b"").partition(b";")[0].strip().lower()
    if content_type != JSON_TYPE:
        raise BadRequest(
            "UnsupportedContentType",
            "the content type is not application/json",
            "send `Content-Type: application/json`",
            status=415,
        )
    body = await _read_bytes(checked, limits)
    try:
        return read_body(body)
    except MalformedMessage as error:
        remedy = "send one JSON-RPC 2.0 message in UTF-8"
        raise BadRequest(error.reason, str(error), remedy, code=error.code) from None


async def _read_bytes(checked: Checked, limits: BridgeLimits) -> bytes:
    request = checked.http
    if (request.content_length or 0) > limits.body_bytes:
        raise _too_large(limits)
    if checked.head.expects_continue:
        await request.writer.write(CONTINUE)
        request.writer.output_size = 0
    chunks: list[bytes] = []
    total = 0
    while chunk := await _next_chunk(request, limits):
        total += len(chunk)
        if total > limits.body_bytes:
            raise _too_large(limits)
        chunks.append(chunk)
    return b"".join(chunks)


async def _next_chunk(request: web.BaseRequest, limits: BridgeLimits) -> bytes:
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await request.content.readany()
    except TimeoutError:
        raise BadRequest(
            "BodyTooSlow",
            f"nothing of the body came for {limits.body_seconds:g} s",
            "send requests in one go",
            status=408,
        ) from None


def _too_large(limits: BridgeLimits) -> BadRequest:
    return BadRequest(
        "BodyTooLarge",
        f"a message may have {limits.body_bytes} bytes",
        "send less in one message",
        status=413,
    )
