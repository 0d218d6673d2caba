"""The listen story: one client's ``subscriptions/listen``, from its request to its last frame."""

from contextlib import suppress

from moorage_gateway.access.principal import Principal
from moorage_gateway.errors import CapacityError, GatewayError, MalformedRequest
from moorage_gateway.relaying.answer_head import whole_head
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.listens.client_listen import ClientListen
from moorage_gateway.relaying.listens.endpoint_listen import Refusal
from moorage_gateway.relaying.listens.listen_request import (
    ListenRequest,
    lasting_meta,
    listen_request,
)
from moorage_gateway.relaying.listens.shared_listen import SharedListen
from moorage_gateway.relaying.listens.subscription_filter import read_filter
from moorage_gateway.relaying.listens.task_homes import TaskHomes
from moorage_gateway.relaying.modern_capsules import open_task_id, unknown_task
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedGroup
from moorage_gateway.routing.picker import none_ready
from moorage_wire.capsules import TaskContent
from moorage_wire.jsonrpc import MalformedMessage, Message, read_message

ListenKey = tuple[BookedGroup, bytes, ListenRequest]


class ListenStory:
    """Tells listens; those that want the same share their upstream streams."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._shared: dict[ListenKey, SharedListen] = {}
        self.open_listens = 0

    async def tell(self, call: Call, message: Message, principal: Principal) -> None:
        """Serve the listen until one side ends it. Raises GatewayError before its first frame."""
        assert call.group is not None and call.route is not None
        if call.raw_id is None:
            raise MalformedRequest("subscriptions/listen is a request and needs an id")
        if not len(call.group.requests):
            raise none_ready(call.group)
        self._require_room()
        key, shared = self._share(call, message, principal)
        client = ClientListen(call)
        self.open_listens += 1
        self._runtime.cells.stream_opened(call.route.path, "listen")
        call.client.feeder = client
        try:
            shared.join(client)
            refusal = await client.ended
        finally:
            call.client.feeder = None
            self.open_listens -= 1
            self._runtime.cells.stream_closed(call.route.path, "listen")
            shared.leave(client)
            if not shared.clients:
                shared.close()
                if self._shared.get(key) is shared:
                    del self._shared[key]
        if isinstance(refusal, GatewayError):
            raise refusal
        if refusal is not None:
            _relay(call, refusal)

    def finish(self) -> None:
        """The process stops: every listen ends with its result."""
        for shared in tuple(self._shared.values()):
            shared.finish()

    def _require_room(self) -> None:
        limit = self._runtime.limits.streams
        if self.open_listens >= limit:
            raise CapacityError(
                f"this gateway already serves {limit} listens",
                reason="TooManyStreams",
                remedy="close listens that are not needed, or add gateway replicas",
                retry_after_seconds=5,
            )

    def _share(
        self, call: Call, message: Message, principal: Principal
    ) -> tuple[ListenKey, SharedListen]:
        group = call.group
        assert group is not None
        wanted = read_filter((message.params or {}).get("notifications"))
        homes = TaskHomes.of(wanted.tasks, lambda text: self._opened(call, text, principal))
        request = listen_request(call, message, wanted)
        key = (group, principal.tag, request)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = SharedListen(
                group,
                request,
                homes,
                lasting_meta(message),
                self._runtime.limits.event_bytes,
                is_served=lambda: self._runtime.book.groups.get(group.name) is group,
            )
        return key, shared

    def _opened(self, call: Call, text: str, principal: Principal) -> TaskContent:
        """What a wanted task's capsule says; raises InvalidParameter."""
        assert call.group is not None and call.route is not None
        runtime, now = self._runtime, int(self._runtime.unix_seconds())
        content = open_task_id(text, runtime.sealer, call.route.path, principal.tag, now)
        if content.endpoint_uid not in call.group.endpoints:
            raise unknown_task()
        return content


def _relay(call: Call, refusal: Refusal) -> None:
    """Every endpoint refused: the client gets the first one's own words, under its own id."""
    body = refusal.body
    with suppress(MalformedMessage, ValueError):
        body = read_message(body).with_id(call.raw_id or b"null").encode()
    call.status, call.outcome = refusal.status, "upstream_error"
    closing = call.decide_closing()
    head = whole_head(refusal.status, refusal.lines, call.cors_lines, len(body), closing=closing)
    if call.client.transport is not None:
        call.client.transport.write(head + body)
