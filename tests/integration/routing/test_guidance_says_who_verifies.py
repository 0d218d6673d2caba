"""A replica shakes hands while a leader says that it is the one, and no longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.in_process_gateway import endpoints_of, until, urls_of
from fakes.scripted_upstream import Peer, Received
from moorage_contract.report_channel import EndpointGuidance
from moorage_contract.route_table import Group
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.routing.new_endpoints import NewEndpoints
from moorage_gateway.routing.verification import Verification
from moorage_gateway.settings import Limits

LONGER_THAN_A_RETRY_SECONDS = 1.0


class LedReplica:
    """What verifies in a gateway, one endpoint, and what a leader says of it."""

    def __init__(self, upstream: HonestUpstream, *, ready: bool) -> None:
        self._server = upstream.server
        self.verification = Verification(jitter=lambda: 0.5)
        self.new_endpoints = NewEndpoints(self.verification)
        self.new_endpoints.is_led = True
        self.book = self.verification.book = EndpointBook(Limits(), self.new_endpoints.appeared)
        self._endpoint = endpoints_of(urls_of([upstream]))[0]
        self.serve(ready=ready)

    def serve(self, *, ready: bool) -> None:
        """The table says whether the pod is ready."""
        endpoints = (replace(self._endpoint, ready=ready),)
        self.book.apply([Group(name="g", source="External", endpoints=endpoints)])

    def told(self, *, verify: bool) -> None:
        """A leader says whether this replica is the one."""
        guidance = {self.booked.uid: EndpointGuidance(verify=verify)}
        self.new_endpoints.take(self.book, self.booked.group, guidance)

    @property
    def booked(self) -> BookedEndpoint:
        (booked,) = self.book.groups["g"].endpoints.values()
        return booked

    @property
    def is_verified(self) -> bool:
        return self.booked.health.state is EndpointState.READY

    async def leaves_the_server_alone(self) -> bool:
        """Whether it asks nothing for longer than it would take to try again."""
        asked = len(self._server.own_requests)
        await asyncio.sleep(LONGER_THAN_A_RETRY_SECONDS)
        return len(self._server.own_requests) == asked


@asynccontextmanager
async def led_replica(upstream: HonestUpstream, *, ready: bool) -> AsyncIterator[LedReplica]:
    one = LedReplica(upstream, ready=ready)
    yield one
    await one.verification.stop()
    one.book.close()


async def no_mcp(request: Received, peer: Peer) -> None:
    await peer.answer(404, b"no MCP here")


async def test_a_turn_that_is_over_ends_the_handshakes_and_the_next_one_begins_them() -> None:
    async with honest_upstreams() as (upstream,), led_replica(upstream, ready=True) as one:
        upstream.server.behaviour = no_mcp
        assert await one.leaves_the_server_alone(), "nobody has said that it is the one"
        one.told(verify=True)
        await until(lambda: one.booked.health.failures > 0, "it has failed")
        one.told(verify=False)
        assert await one.leaves_the_server_alone()
        upstream.server.behaviour = upstream.endpoint
        one.told(verify=True)
        await until(lambda: one.is_verified, "it is its turn")


async def test_a_turn_that_is_over_before_the_pod_was_ready_begins_nothing() -> None:
    async with honest_upstreams() as (upstream,), led_replica(upstream, ready=False) as one:
        one.told(verify=True)
        one.told(verify=False)
        one.serve(ready=True)
        assert await one.leaves_the_server_alone()
        one.told(verify=True)
        await until(lambda: one.is_verified, "it is its turn")


async def test_what_a_former_leader_said_does_not_count_under_the_next_one() -> None:
    async with honest_upstreams() as (upstream,), led_replica(upstream, ready=False) as one:
        one.told(verify=True)
        one.new_endpoints.go_alone()
        one.new_endpoints.is_led = True
        one.serve(ready=True)
        assert await one.leaves_the_server_alone()


async def test_whoever_is_appointed_before_the_pod_is_ready_begins_when_it_is() -> None:
    async with honest_upstreams() as (upstream,), led_replica(upstream, ready=False) as one:
        one.told(verify=True)
        assert await one.leaves_the_server_alone()
        one.serve(ready=True)
        await until(lambda: one.is_verified, "it has not forgotten")
