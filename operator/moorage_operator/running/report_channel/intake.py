"""What all connections of the report channel may hold of frames: whole, waiting, or half here."""

import asyncio

from moorage_operator.planning.demand.claims import Account, has_room
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.running.report_channel.message_sizes import MessageSizes

MAX_HELD_BYTES = 64 * 1024 * 1024
"""Of all pods: an eighth of the memory that the chart gives the operator."""
MAX_HELD_BYTES_PER_NAMESPACE = 16 * 1024 * 1024
"""No namespace may have more than is left for all others either."""
FREE_BYTES = 16 * 1024
"""Of each connection, not counted: an ordinary report is heard, whatever others hold."""


class HeldFrames:
    """By namespace, beyond what each connection has free."""

    def __init__(self) -> None:
        self._account = Account("bytes of reports")

    @property
    def total(self) -> int:
        """Of all connections."""
        return self._account.total

    def has_room(self, pod: GatewayPod, more: int) -> bool:
        """Whether one of its connections may hold so much more."""
        own = self._account.of_namespace(pod)
        in_bound = own + more <= MAX_HELD_BYTES_PER_NAMESPACE
        return in_bound and has_room(own, MAX_HELD_BYTES - self._account.total, more)

    def charge(self, pod: GatewayPod, more: int) -> None:
        """It holds so much more, or less."""
        self._account.charge(pod, more)


class Intake(asyncio.Protocol):
    """Stands before aiohttp's end of one connection: nothing gets past it once it is full."""

    def __init__(self, pod: GatewayPod, behind: asyncio.Protocol, held: HeldFrames) -> None:
        self._pod, self._behind, self._held = pod, behind, held
        self._sizes = MessageSizes()
        self._charged = 0
        self.full = asyncio.get_running_loop().create_future()
        """Done when it is: what waits of this pod and its namespace is more than is let in."""

    def data_received(self, data: bytes) -> None:
        """From the transport; an error of the reader behind it is the connection's."""
        if self.full.done():
            return
        self._sizes.feed(data)
        more = self._beyond_free() - self._charged
        if more > 0 and not self._held.has_room(self._pod, more):
            self.full.set_result(None)
            return
        self._recharge()
        self._behind.data_received(data)

    def done(self) -> None:
        """The oldest frame was taken in."""
        self._sizes.done()
        self._recharge()

    def eof_received(self) -> bool | None:
        """As aiohttp does."""
        return self._behind.eof_received()

    def pause_writing(self) -> None:
        """As aiohttp does."""
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        """As aiohttp does."""
        self._behind.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Only now all is forgotten that aiohttp holds."""
        self._charge(0)
        self._behind.connection_lost(error)

    def _recharge(self) -> None:
        self._charge(self._beyond_free())

    def _charge(self, held: int) -> None:
        self._held.charge(self._pod, held - self._charged)
        self._charged = held

    def _beyond_free(self) -> int:
        return max(0, self._sizes.held - FREE_BYTES)
