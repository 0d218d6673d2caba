"""All listens of one kind (group, principal, filter): opened on every ready endpoint, merged."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from moorage_gateway.errors import UpstreamError
from moorage_gateway.relaying.listens.client_listen import ClientListen
from moorage_gateway.relaying.listens.endpoint_listen import EndpointListen
from moorage_gateway.relaying.listens.subscription_filter import (
    LIST_CHANGES,
    SubscriptionFilter,
    honoured_by_all,
)
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_wire.jsonrpc import Message, read_message

ACK_SECONDS = 2.0
REOPEN_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 15.0


class SharedListen:
    """Opens late endpoints too, and reopens what broke, as long as a client listens."""

    def __init__(
        self,
        group: BookedGroup,
        wanted_of: Callable[[str], SubscriptionFilter],
        meta: Mapping[str, msgspec.Raw],
        event_bytes: int,
    ) -> None:
        self._group = group
        self._wanted_of = wanted_of
        self._meta = dict(meta)
        self._event_bytes = event_bytes
        self._open: dict[str, EndpointListen] = {}
        self._broken: set[str] = set()
        self._acked = asyncio.Event()
        self._clients: set[ClientListen] = set()
        self._task = asyncio.get_running_loop().create_task(self._keep_open())

    @property
    def clients(self) -> int:
        return len(self._clients)

    async def join(self, client: ClientListen) -> tuple[int, bytes] | None:
        """Let a client in once all ready endpoints have acknowledged, or 2 s have passed.

        Returns status and body of an endpoint's own error when every endpoint refused.
        """
        self._clients.add(client)
        deadline = asyncio.get_running_loop().time() + ACK_SECONDS
        while not self._all_answered():
            try:
                async with asyncio.timeout_at(deadline):
                    await self._acked.wait()
                    self._acked.clear()
            except TimeoutError:
                break
        listens = self._open.values()
        honoured = [listen.honoured for listen in listens if listen.honoured is not None]
        refusals = [listen.refusal for listen in listens if listen.refusal is not None]
        if not honoured and refusals:
            return refusals[0]
        client.acknowledge(honoured_by_all(honoured))
        return None

    def leave(self, client: ClientListen) -> None:
        """The client is gone."""
        self._clients.discard(client)

    def finish(self) -> None:
        """End every client's listen gracefully."""
        for client in tuple(self._clients):
            client.finish()

    def close(self) -> None:
        """Close every upstream listen."""
        self._task.cancel()
        for listen in self._open.values():
            listen.close()
        self._open.clear()

    def _all_answered(self) -> bool:
        return set(self._open) >= set(self._ready()) and all(
            listen.honoured is not None or listen.refusal is not None
            for listen in self._open.values()
        )

    def _ready(self) -> list[str]:
        return [uid for uid in self._group.requests if self._wanted_of(uid).as_params()]

    async def _keep_open(self) -> None:
        last_kept_alive = asyncio.get_running_loop().time()
        while True:
            for uid in self._open.keys() - self._group.endpoints.keys():
                self._open.pop(uid).close()
            changed = self._group.changed
            for uid in self._ready():
                if uid not in self._open:
                    await self._open_at(self._group.endpoints[uid])
            try:
                async with asyncio.timeout(REOPEN_SECONDS if self._broken else KEEP_ALIVE_SECONDS):
                    await changed.wait()
            except TimeoutError:
                pass
            now = asyncio.get_running_loop().time()
            if now - last_kept_alive >= KEEP_ALIVE_SECONDS:
                last_kept_alive = now
                for client in tuple(self._clients):
                    client.keep_alive()

    async def _open_at(self, booked: BookedEndpoint) -> None:
        listen = EndpointListen(booked, self._wanted_of(booked.uid), self, self._event_bytes)
        self._open[booked.uid] = listen
        try:
            await listen.open(self._meta)
        except UpstreamError:
            self.listen_ended(listen)

    # Listener

    def acknowledged(self, listen: EndpointListen) -> None:
        self._acked.set()
        uid = listen.booked.uid
        if uid in self._broken:
            self._broken.discard(uid)
            self._tell_what_may_be_lost(listen)

    def notified(self, listen: EndpointListen, message: Message) -> None:
        for client in tuple(self._clients):
            client.notify(message)

    def listen_ended(self, listen: EndpointListen) -> None:
        self._acked.set()
        if listen.refusal is None and self._open.get(listen.booked.uid) is listen:
            del self._open[listen.booked.uid]
            self._broken.add(listen.booked.uid)
            self._group.place(listen.booked)

    def _tell_what_may_be_lost(self, listen: EndpointListen) -> None:
        """What changed while the listen was broken nobody has told: let clients look again."""
        assert listen.honoured is not None
        methods = [LIST_CHANGES[change] for change in sorted(listen.honoured.changes)]
        messages: list[dict[str, object]] = [{"jsonrpc": "2.0", "method": m} for m in methods]
        messages += [
            {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": uri}}
            for uri in sorted(listen.honoured.resources)
        ]
        for message in messages:
            self.notified(listen, read_message(msgspec.json.encode(message)))
