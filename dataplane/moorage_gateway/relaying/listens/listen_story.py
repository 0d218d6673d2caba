"""The listen story: one client's ``subscriptions/listen``, from its request to its last frame."""

from contextlib import suppress

import msgspec

from moorage_gateway.access.principal import Principal
from moorage_gateway.errors import CapacityError, MalformedRequest
from moorage_gateway.relaying.answer_head import whole_head
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.listens.client_listen import ClientListen
from moorage_gateway.relaying.listens.shared_listen import SharedListen
from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter, read_filter
from moorage_gateway.relaying.modern_capsules import open_task_id
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.picker import none_ready
from moorage_wire.jsonrpc import MalformedMessage, Message, read_message

ListenKey = tuple[str, bytes, SubscriptionFilter, bytes]


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
        if self.open_listens >= self._runtime.limits.streams:
            raise CapacityError(
                f"this gateway already serves {self._runtime.limits.streams} listens",
                reason="TooManyStreams",
                remedy="close listens that are not needed, or add gateway replicas",
                retry_after_seconds=5,
            )
        wanted = read_filter((message.params or {}).get("notifications"))
        homes, known_tasks = self._homes(call.route.path, wanted, principal)
        client = ClientListen(call, known_tasks)
        key, shared = self._share(call, message, principal, wanted, homes)
        self.open_listens += 1
        self._runtime.cells.stream_opened(call.route.path, "listen")
        call.client.feeder = client
        try:
            refusal = await shared.join(client)
            if refusal is None:
                await client.ended
            else:
                _relay_refusal(call, *refusal)
        finally:
            call.client.feeder = None
            self.open_listens -= 1
            self._runtime.cells.stream_closed(call.route.path, "listen")
            shared.leave(client)
            if not shared.clients and self._shared.get(key) is shared:
                del self._shared[key]
                shared.close()

    def finish(self) -> None:
        """The process stops: every listen ends with its result."""
        for shared in tuple(self._shared.values()):
            shared.finish()

    def _homes(
        self, route: str, wanted: SubscriptionFilter, principal: Principal
    ) -> tuple[dict[str, set[str]], dict[str, str]]:
        """Where each wanted task lives, and the capsules the client knows them by."""
        now = int(self._runtime.unix_seconds())
        homes: dict[str, set[str]] = {}
        known: dict[str, str] = {}
        for text in wanted.tasks:
            content = open_task_id(text, self._runtime.sealer, route, principal.tag, now)
            homes.setdefault(content.endpoint_uid, set()).add(content.task_id)
            known[content.task_id] = text
        return homes, known

    def _share(
        self,
        call: Call,
        message: Message,
        principal: Principal,
        wanted: SubscriptionFilter,
        homes: dict[str, set[str]],
    ) -> tuple[ListenKey, SharedListen]:
        assert call.group is not None
        meta = {name: raw for name, raw in (message.meta or {}).items() if name != "progressToken"}
        # What a server may tell can depend on the client's declared capabilities and level.
        key = (call.group.name, principal.tag, wanted, msgspec.json.encode(meta))
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = SharedListen(
                call.group,
                lambda uid: SubscriptionFilter(
                    wanted.changes, wanted.resources, frozenset(homes.get(uid, ()))
                ),
                meta,
                self._runtime.limits.event_bytes,
            )
        return key, shared


def _relay_refusal(call: Call, status: int, refusal: bytes) -> None:
    """Every endpoint refused: the client gets the first one's own words, under its own id."""
    with suppress(MalformedMessage):
        refusal = read_message(refusal).with_id(call.raw_id or b"null").encode()
    call.status, call.outcome = status, "upstream_error"
    head = whole_head(
        status,
        b"content-type: application/json\r\n",
        b"",
        len(refusal),
        closing=not call.keep_alive,
    )
    if call.client.transport is not None:
        call.client.transport.write(head + refusal)
