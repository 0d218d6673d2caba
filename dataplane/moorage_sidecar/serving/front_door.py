"""One HTTP request's way through a bridge: check, find the story, answer or refuse."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.refusals import BadRequest, Refusal
from moorage_sidecar.serving.answers import refusal_answer
from moorage_sidecar.serving.caller_guard import check_caller
from moorage_sidecar.serving.group_key import GroupKey
from moorage_sidecar.serving.http_server import connection_of
from moorage_sidecar.serving.http_sse_story import HttpSseStory
from moorage_sidecar.serving.legacy_story import LegacyStory
from moorage_sidecar.serving.modern_story import ModernStory
from moorage_sidecar.serving.request_reading import Checked, check_request, read_messages
from moorage_sidecar.sharing.modern_checks import is_modern
from moorage_wire.eras import Era, era_of
from moorage_wire.jsonrpc import Message

MCP_PATH: Final = "/mcp"
SSE_PATH: Final = "/sse"
CLIENT_GONE: Final = 499
"""Never seen by anybody: there is no connection left to send it on."""
Body = Message | tuple[Message, ...]
PostStory = Callable[[Checked, Body], Awaitable[web.StreamResponse]]

_logger = logging.getLogger("moorage_sidecar.http")


@dataclass(frozen=True)
class FrontDoor:
    """Routes requests to the story of their path and era."""

    name: str
    own_host: str | None
    """The host name that the bridge listens on; ``None`` on a Unix socket, where no page comes."""
    limits: BridgeLimits
    legacy: LegacyStory
    http_sse: HttpSseStory
    modern: ModernStory
    key: GroupKey | None = None
    """What every request must show, where the bridge is open to a network."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; what cannot be answered is refused by name."""
        connection_of(request).head_is_complete()
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return self._refuse(refusal, None)
        except ConnectionError:
            return web.Response(status=CLIENT_GONE)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.key is not None:
            self.key.check(request.raw_headers)
        checked = check_request(request)
        if self.own_host is not None:
            check_caller(checked.head.host, checked.head.origin, self.own_host)
        match request.path:
            case "/mcp":
                return await self._mcp(checked)
            case "/sse":
                return await self._sse(checked)
            case "/messages":
                return await self._messages(checked)
        raise BadRequest(
            "PathNotFound",
            "nothing is served at this path",
            f"use {MCP_PATH}, or {SSE_PATH} for HTTP+SSE",
            status=404,
        )

    async def _mcp(self, checked: Checked) -> web.StreamResponse:
        method = checked.http.method
        if method == "POST":
            return await self._post(checked, self._post_to_era)
        if method == "OPTIONS":  # RFC 9110 §9.3.7; how a gateway asks whether we are there
            return web.Response(status=204, headers={"Allow": "GET, POST, DELETE"})
        if era_of(checked.head.protocol_version) is Era.MODERN:
            raise _not_allowed("POST")
        if method == "GET":
            return await self.legacy.get(checked)
        if method == "DELETE":
            return await self.legacy.delete(checked)
        raise _not_allowed("GET, POST, DELETE")

    async def _sse(self, checked: Checked) -> web.StreamResponse:
        if checked.http.method != "GET":
            raise _not_allowed("GET")
        return await self.http_sse.get(checked)

    async def _messages(self, checked: Checked) -> web.StreamResponse:
        if checked.http.method != "POST":
            raise _not_allowed("POST")
        return await self._post(checked, self.http_sse.post)

    async def _post_to_era(self, checked: Checked, body: Body) -> web.StreamResponse:
        if is_modern(checked.head, body):
            return await self.modern.post(checked, body)
        return await self.legacy.post(checked, body)

    async def _post(self, checked: Checked, story: PostStory) -> web.StreamResponse:
        body = await read_messages(checked, self.limits)
        try:
            return await story(checked, body)
        except Refusal as refusal:
            return self._refuse(refusal, body.id if isinstance(body, Message) else None)

    def _refuse(self, refusal: Refusal, raw_id: bytes | None) -> web.Response:
        facts = {"bridge": self.name, "reason": refusal.reason, "status": refusal.status}
        _logger.debug("request refused", extra={"facts": facts})
        return refusal_answer(refusal, raw_id)


def _not_allowed(allowed: str) -> BadRequest:
    return BadRequest(
        "MethodNotAllowed",
        "this path does not take that HTTP method",
        f"use {allowed}",
        status=405,
        allow=allowed,
    )
