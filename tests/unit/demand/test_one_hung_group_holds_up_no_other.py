"""Initializes that hang in one group keep their places there, and nothing anywhere else."""

import asyncio
from random import Random

from fakes.replica_network import Network
from moorage_operator.planning.demand.claims import MAX_UNACKNOWLEDGED

PER_POD = 4


def rounds(network: Network, count: int = 6) -> None:
    for _ in range(count):
        for one in network.replicas:
            network.exchange(one)


def settled(network: Network) -> None:
    rounds(network)
    network.clock.now += 20.0
    network.leader.expire(network.clock.now)
    rounds(network)


def one_pod_with_all_slots() -> Network:
    network = Network(
        Random(1), replicas=1, endpoints=1, per_pod=PER_POD, groups=("servers", "others")
    )
    settled(network)
    return network


def left(network: Network, group: str) -> list[int]:
    """Slots of each replica at the one endpoint of a group."""
    told = [one.book.groups[group].slots for one in network.replicas]
    (uid,) = network.replicas[0].book.groups[group].endpoints
    return [slots.left(uid) for slots in told if slots is not None]


def test_a_pod_that_comes_gets_its_share_of_the_other_group() -> None:
    async def story() -> None:
        network = one_pod_with_all_slots()
        for _ in range(PER_POD):
            network.replicas[0].keep_place()
        network.replicas.append(network._new_replica())
        rounds(network)
        assert left(network, "others") == [2, 2]
        assert left(network, "servers")[1] == 0, "all places are kept by the first one"

    asyncio.run(story())


def test_each_hung_one_that_fails_leaves_its_slot_to_who_has_none() -> None:
    async def story() -> None:
        network = one_pod_with_all_slots()
        first = network.replicas[0]
        for _ in range(PER_POD):
            first.keep_place()
        network.replicas.append(network._new_replica())
        rounds(network)
        for expected in (1, 2, 2, 2):
            first.fail_to_open()
            rounds(network)
            assert left(network, "servers")[1] == expected

    asyncio.run(story())


def test_the_honest_pod_goes_by_each_guidance_and_is_never_left() -> None:
    async def story() -> None:
        network = one_pod_with_all_slots()
        for _ in range(PER_POD):
            network.replicas[0].keep_place()
        network.replicas.append(network._new_replica())
        rounds(network)
        for _ in range(MAX_UNACKNOWLEDGED + 2):
            network.exchange(network.replicas[0])

    asyncio.run(story())
