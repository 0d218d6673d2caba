"""Endpoints that keep their uids but are elsewhere are verified again at once, by one replica."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.in_process_gateway import until, urls_of
from fakes.operator_channel import GROUP, Served, operator
from fakes.reporting_gateway import Replica, all_ready, replica, reporting_table
from fakes.scripted_upstream import Peer, Received
from moorage_contract.route_table import RouteTable, UpstreamTls
from moorage_operator.planning.demand.served_groups import GroupRules

SOON_SECONDS = 5.0
QUIET_SECONDS = 3.0
"""All news are told by then, so that nothing else brings a word."""


class Scene:
    """Replicas of one gateway, one endpoint that they serve, and where it goes."""

    def __init__(self, former: RouteTable, elsewhere: RouteTable, pods: list[Replica]) -> None:
        self.former, self.elsewhere, self.pods = former, elsewhere, pods

    async def serves_soon_by(self, table: RouteTable) -> None:
        for pod in self.pods:
            pod.gateway.apply(table)
        for pod in self.pods:
            await until(partial(_serves, pod), "it is verified again", SOON_SECONDS)
            status, _ = await pod.initialize()
            assert status == 200


@asynccontextmanager
async def scene(
    upstreams: list[HonestUpstream], folder: Path, replicas: int
) -> AsyncIterator[Scene]:
    served = Served(groups={GROUP: GroupRules(20, 60)})
    async with operator(folder, served=served) as leader, AsyncExitStack() as stack:
        former, elsewhere = (
            reporting_table([url], leader.target, per_pod=20, replicas=replicas)
            for url in urls_of(upstreams)
        )
        tokens = {
            name: leader.cluster.token(name) for name in map("pod-{}".format, range(replicas))
        }
        pods = [
            await stack.enter_async_context(replica(former, token, folder, name))
            for name, token in tokens.items()
        ]
        yield Scene(former, elsewhere, pods)


@pytest.mark.parametrize("replicas", [1, 2])
async def test_at_another_address_it_is_verified_without_any_session_before(
    tmp_path: Path, replicas: int
) -> None:
    async with honest_upstreams(2) as upstreams, scene(upstreams, tmp_path, replicas) as at:
        await all_ready(*at.pods)
        await asyncio.sleep(QUIET_SECONDS)
        await at.serves_soon_by(at.elsewhere)
        handshakes = [b'"initialize"' in each.body for each in upstreams[1].server.own_requests]
        assert sum(handshakes) == 1


@pytest.mark.parametrize("replicas", [1, 2])
async def test_a_wrong_path_that_is_corrected_serves(tmp_path: Path, replicas: int) -> None:
    async with honest_upstreams(2) as upstreams:
        upstreams[0].server.behaviour = _no_mcp
        async with scene(upstreams, tmp_path, replicas) as at:
            await asyncio.sleep(QUIET_SECONDS)
            assert {state for pod in at.pods for state in pod.states().values()} == {"verifying"}
            await at.serves_soon_by(at.elsewhere)


async def test_another_certificate_authority_begins_the_handshakes_anew(tmp_path: Path) -> None:
    async with honest_upstreams(2) as upstreams, scene(upstreams, tmp_path, 1) as at:
        await all_ready(*at.pods)
        await asyncio.sleep(QUIET_SECONDS)
        (group,) = at.former.groups
        tls = UpstreamTls(server_name="rotated")
        await at.serves_soon_by(replace(at.former, groups=(replace(group, tls=tls),)))


async def test_who_still_speaks_with_the_former_place_vouches_for_no_wrong_one(
    tmp_path: Path,
) -> None:
    async with honest_upstreams(2) as upstreams, scene(upstreams, tmp_path, 2) as at:
        upstreams[1].server.behaviour = _no_mcp
        await all_ready(*at.pods)
        first, second = at.pods
        first.gateway.apply(at.elsewhere)
        await asyncio.sleep(QUIET_SECONDS)
        assert set(first.states().values()) == {"verifying"}
        second.gateway.apply(at.elsewhere)
        await asyncio.sleep(QUIET_SECONDS)
        assert set(second.states().values()) == {"verifying"}
        upstreams[1].server.behaviour = upstreams[1].endpoint
        await all_ready(*at.pods)


async def _no_mcp(request: Received, peer: Peer) -> None:
    await peer.answer(404, b"no MCP here")


def _serves(pod: Replica) -> bool:
    return set(pod.states().values()) == {"ready"}
