"""While a replica ends what still runs, the others may open all sessions that are left."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from fakes.honest_endpoint import honest_upstreams, never_answer
from fakes.in_process_gateway import until, urls_of
from fakes.operator_channel import GROUP, Served, operator
from fakes.reporting_gateway import ACCEPT, Replica, all_ready, replica, reporting_table
from moorage_operator.planning.demand.served_groups import GroupRules

PER_POD = 6


async def call_without_end(pod: Replica, session: str) -> int:
    call = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "hang"}}
    headers = {**ACCEPT, "Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}
    async with pod.http.post(pod.url, json=call, headers=headers) as answer:
        await answer.read()
        return answer.status


async def test_others_get_the_slots_of_one_that_no_client_reaches_any_more(tmp_path: Path) -> None:
    served = Served(groups={GROUP: GroupRules(PER_POD, 60)})
    async with (
        honest_upstreams(on={"hang": never_answer}) as upstreams,
        operator(tmp_path, served=served) as leader,
        AsyncExitStack() as stack,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=PER_POD, replicas=2)
        draining, other = [
            await stack.enter_async_context(
                replica(table, leader.cluster.token(pod), tmp_path, pod)
            )
            for pod in ("pod-0", "pod-1")
        ]
        await all_ready(draining, other)
        _, session = await draining.initialize()
        hanging = asyncio.create_task(call_without_end(draining, session))
        await until(lambda: sum(other.sessions().values()) == 0, "the other one has none")
        await until(lambda: leader.server.demand(GROUP).sessions == 1, "one session")
        await asyncio.sleep(0.2)
        stop = asyncio.create_task(draining.gateway.stop())
        await until(lambda: slots_of(other) == PER_POD - 1, "it may open all that are left", 0.9)
        assert leader.server.connections == 2
        assert not stop.done()
        opened = [await other.initialize() for _ in range(PER_POD - 1)]
        assert {status for status, _ in opened} == {200}
        await stop
        await hanging


def slots_of(pod: Replica) -> int:
    """How many sessions it may open."""
    (group,) = pod.gateway._parts.runtime.book.groups.values()
    assert group.slots is not None
    return sum(group.slots.left(uid) for uid in group.endpoints)
