"""The modern story: one request of the 2026-07-28 era, which carries all it needs itself."""

import re

from moorage_gateway.access.principal import Principal
from moorage_gateway.errors import EndpointUnreachable, MalformedRequest
from moorage_gateway.relaying.affinity import affinity_key
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.listens.listen_story import ListenStory
from moorage_gateway.relaying.mirrors import check_mirrors, name_line
from moorage_gateway.relaying.modern_capsules import (
    Sealing,
    Unsealed,
    name_of,
    open_request,
    request_digest,
)
from moorage_gateway.relaying.passages.modern import ModernPassage
from moorage_gateway.relaying.places import PLACES_TO_TRY, place_of_request
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_wire.jsonrpc import Message

_NAME_LINE = re.compile(rb"(?im)^mcp-name:[^\r\n]*\r\n")


class ModernStory:
    """Tells modern POSTs."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.listens = ListenStory(runtime)

    async def tell(
        self,
        call: Call,
        read: Message | tuple[Message, ...],
        principal: Principal,
        raw_headers: tuple[tuple[bytes, bytes], ...],
    ) -> None:
        """Relay the request and its answer. Raises GatewayError while nothing was written."""
        if isinstance(read, tuple):
            raise MalformedRequest(
                "protocol version 2026-07-28 has no JSON-RPC batches",
                reason="BatchNotAllowed",
                remedy="send each message in a POST of its own",
            )
        check_mirrors(call.head, read)
        if read.method == "subscriptions/listen":
            await self.listens.tell(call, read, principal)
            return
        assert call.route is not None and call.group is not None
        unsealed = open_request(
            read,
            self._runtime.sealer,
            call.route.path,
            principal.tag,
            int(self._runtime.unix_seconds()),
        )
        if unsealed.endpoint_uid is not None:
            booked = call.group.endpoints.get(unsealed.endpoint_uid)
            if booked is None:
                raise unsealed.lost()
            await self._relay_home(call, booked, read, unsealed, principal)
            return
        key = affinity_key(call.group.rules.sessions.affinity, raw_headers, principal)
        for attempt in range(PLACES_TO_TRY):
            try:
                booked = await place_of_request(call.group, key)
                await self._relay(call, booked, read, unsealed, principal)
            except EndpointUnreachable:
                if attempt + 1 == PLACES_TO_TRY:
                    raise
            else:
                return

    async def _relay_home(
        self,
        call: Call,
        booked: BookedEndpoint,
        asked: Message,
        unsealed: Unsealed,
        principal: Principal,
    ) -> None:
        """To the one endpoint that knows what the request's capsule stands for."""
        try:
            await self._relay(call, booked, asked, unsealed, principal)
        except EndpointUnreachable as error:
            if error.reason == "ConnectRefused":
                raise unsealed.lost() from error
            raise

    async def _relay(
        self,
        call: Call,
        booked: BookedEndpoint,
        asked: Message,
        unsealed: Unsealed,
        principal: Principal,
    ) -> None:
        runtime, group = self._runtime, booked.group
        assert call.route is not None
        sealing = Sealing(
            sealer=runtime.sealer,
            route=call.route.path,
            endpoint_uid=booked.endpoint.uid,
            principal_tag=principal.tag,
            bound_to=request_digest(asked.method or "", name_of(asked)),
            task_seconds=group.rules.sessions.max_seconds,
            now=int(runtime.unix_seconds()),
            known_tasks=dict(unsealed.known_tasks),
        )
        forward = call.head.forward
        if unsealed.name is not None:
            forward = _NAME_LINE.sub(b"", forward) + name_line(unsealed.name)
        request = booked.pool.post(forward, b"", unsealed.message.encode())
        passage = ModernPassage(runtime.limits, sealing, call.raw_id)
        await runtime.exchanges.run(call, booked, request, passage, group.rules.answer_seconds)
