"""It gets no slot yet, and is not ready until it has some: nobody is sent to it to be refused."""

import asyncio
from random import Random

from fakes.replica_network import Network
from moorage_contract.report_channel import PROMISE_SECONDS
from moorage_gateway.routing.guided import SLOTS_SECONDS
from moorage_operator.planning.demand.demand_ledger import DemandLedger


def test_it_is_not_ready_for_the_whole_time_without_slots() -> None:
    async def story() -> None:
        network = Network(Random(1), replicas=3, endpoints=1, per_pod=6)
        network.leader = DemandLedger(network, network.clock.now)
        newcomer = network.replicas[0]
        network.exchange(newcomer)
        slots = newcomer.group.slots
        assert slots is not None
        waited_seconds = 0.0
        while slots.fullest() is None:
            assert newcomer.guided.hindrances(), f"after {waited_seconds} s"
            network.clock.now += 1.0
            waited_seconds += 1.0
            network.leader.expire(network.clock.now)
            network.exchange(newcomer)
        assert waited_seconds >= PROMISE_SECONDS, "the others may live, and have been promised all"
        assert newcomer.guided.hindrances() == ()

    asyncio.run(story())


def test_whom_others_leave_nothing_for_longer_than_a_leader_settles_is_ready_all_the_same() -> None:
    async def story() -> None:
        network = Network(Random(1), replicas=1, endpoints=1, per_pod=1)
        for _ in range(2):
            network.exchange(network.replicas[0])
        newcomer = network._new_replica()
        network.replicas.append(newcomer)
        network.exchange(newcomer)
        began_at = network.clock.now
        network.clock.now = began_at + SLOTS_SECONDS
        assert newcomer.guided.hindrances()
        network.clock.now = began_at + SLOTS_SECONDS + 1.0
        assert newcomer.group.slots is not None and newcomer.group.slots.fullest() is None
        assert newcomer.guided.hindrances() == ()

    asyncio.run(story())
