"""All listens of one kind (group, caller, filter): opened on every ready endpoint, merged."""

import asyncio
from collections.abc import Callable

import msgspec

from moorage_gateway.errors import EndpointUnreachable
from moorage_gateway.relaying.listens.client_listen import ClientListen
from moorage_gateway.relaying.listens.endpoint_listen import EndpointListen
from moorage_gateway.relaying.listens.followed_endpoint import FollowedEndpoint
from moorage_gateway.relaying.listens.listen_request import ListenRequest
from moorage_gateway.relaying.listens.losses import Losses, lost_changes
from moorage_gateway.relaying.listens.subscription_filter import (
    SubscriptionFilter,
    honoured_by_all,
)
from moorage_gateway.relaying.listens.task_homes import TaskHomes
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.picker import none_ready
from moorage_wire.jsonrpc import Message

ACK_SECONDS = 2.0
KEEP_ALIVE_SECONDS = 15.0


class SharedListen:
    """Follows every ready endpoint, late ones too, as long as a client listens."""

    def __init__(
        self,
        group: BookedGroup,
        request: ListenRequest,
        homes: TaskHomes,
        meta: dict[str, msgspec.Raw],
        event_bytes: int,
        is_served: Callable[[], bool],
    ) -> None:
        """``is_served`` tells whether the group is in the table in force."""
        self._group = group
        self._request = request
        self._homes = homes
        self._meta = meta
        self._event_bytes = event_bytes
        self._is_served = is_served
        self._loop = asyncio.get_running_loop()
        self._clients: set[ClientListen] = set()
        self._waiting: dict[ClientListen, asyncio.TimerHandle] = {}
        self._followed: dict[BookedEndpoint, FollowedEndpoint] = {}
        self._unanswered: set[BookedEndpoint] = set()
        self._losses = Losses()
        self._follow_ready()
        self._task = self._loop.create_task(self._keep_following())

    @property
    def clients(self) -> int:
        return len(self._clients)

    def join(self, client: ClientListen) -> None:
        """Let a client in once all ready endpoints have answered, or 2 s have passed."""
        self._clients.add(client)
        self._waiting[client] = self._loop.call_later(ACK_SECONDS, self._admit, client)
        if not self._unanswered:
            self._admit(client)

    def leave(self, client: ClientListen) -> None:
        """The client is gone."""
        self._clients.discard(client)
        if client in self._waiting:
            self._waiting.pop(client).cancel()

    def finish(self) -> None:
        """End every client's listen gracefully."""
        for client in tuple(self._clients):
            client.finish()

    def close(self) -> None:
        """Close every upstream listen."""
        self._task.cancel()
        for booked in tuple(self._followed):
            self._followed.pop(booked).leave()

    # clients

    def _admit(self, client: ClientListen) -> None:
        """Acknowledge what every endpoint honours that has answered by now, or refuse."""
        self._waiting.pop(client).cancel()
        answered = [
            followed.listen
            for booked, followed in self._followed.items()
            if booked not in self._unanswered
        ]
        honoured = [
            self._homes.told(listen.booked.uid, listen.honoured)
            for listen in answered
            if listen.honoured is not None
        ]
        if honoured or not self._request.wanted.as_params():
            client.acknowledge(honoured_by_all(honoured))
        elif answered:
            client.end(answered[0].refusal)
        elif self._followed:
            client.end(_not_acknowledged())
        else:
            client.end(none_ready(self._group))

    def _has_answered(self, booked: BookedEndpoint) -> None:
        self._unanswered.discard(booked)
        if not self._unanswered:
            for client in tuple(self._waiting):
                self._admit(client)

    # endpoints

    async def _keep_following(self) -> None:
        keep_alive_at = self._loop.time() + KEEP_ALIVE_SECONDS
        while self._is_served():
            changed = self._group.changed
            self._follow_ready()
            try:
                async with asyncio.timeout_at(keep_alive_at):
                    await changed.wait()
            except TimeoutError:
                keep_alive_at = self._loop.time() + KEEP_ALIVE_SECONDS
                for client in tuple(self._clients):
                    client.keep_alive()
        self.finish()

    def _follow_ready(self) -> None:
        group = self._group
        ready = {group.endpoints[uid] for uid in group.requests if self._asked_of(uid).as_params()}
        for booked in self._followed.keys() - ready:
            self._followed.pop(booked).leave()
            self._losses.missed(booked)
            self._has_answered(booked)
        self._losses.present(set(group.endpoints.values()))
        for booked in ready - self._followed.keys():
            self._followed[booked] = FollowedEndpoint(
                booked, self._request_to, self._new_listen, self._ended
            )

    def _request_to(self, booked: BookedEndpoint) -> bytes:
        body = self._request.body(self._asked_of(booked.uid), self._meta)
        return booked.pool.post(self._request.head(), b"", body)

    def _asked_of(self, uid: str) -> SubscriptionFilter:
        return self._homes.asked_of(uid, self._request.wanted)

    def _new_listen(self, booked: BookedEndpoint) -> EndpointListen:
        self._unanswered.add(booked)
        return EndpointListen(booked, self, self._event_bytes)

    # Listener

    def acknowledged(self, listen: EndpointListen) -> None:
        if self._losses.heard(listen.booked):
            self._tell_what_may_be_lost(listen)
        self._has_answered(listen.booked)

    def notified(self, listen: EndpointListen, message: Message) -> None:
        for told in self._homes.translated(listen.booked.uid, message):
            for client in tuple(self._clients):
                client.notify(told)

    def _ended(self, listen: EndpointListen) -> None:
        if listen.refusal is not None:
            self._has_answered(listen.booked)
        else:
            self._losses.missed(listen.booked)
            self._unanswered.add(listen.booked)

    def _tell_what_may_be_lost(self, listen: EndpointListen) -> None:
        assert listen.honoured is not None
        for message in lost_changes(listen.honoured):
            for client in tuple(self._clients - self._waiting.keys()):
                client.notify(message)


def _not_acknowledged() -> EndpointUnreachable:
    return EndpointUnreachable(
        f"no endpoint acknowledged the listen within {ACK_SECONDS:g} s",
        reason="ListenNotAcknowledged",
        remedy="listen again; look at the endpoints' logs if it stays so",
        retry_after_seconds=1,
    )
