"""A server that answers no ping at this moment gets new sessions where none is ready, as many as
it takes from all replicas together."""

import asyncio
from itertools import count
from random import Random

from fakes.replica_network import GROUP, Network, SimulatedReplica

PER_POD = 4
fresh_tags = (number.to_bytes(8, "big") for number in count())


def rounds(network: Network, times: int = 6) -> None:
    for _ in range(times):
        for one in network.replicas:
            network.exchange(one)


def settled_network() -> Network:
    network = Network(Random(1), replicas=3, endpoints=1, per_pod=PER_POD)
    rounds(network)
    network.clock.now += 20.0
    network.leader.expire(network.clock.now)
    rounds(network)
    return network


def open_all(network: Network, one: SimulatedReplica) -> int:
    """How many sessions a replica can open at once."""
    opened = 0
    while True:
        one.keep_place()
        if not one.kept:
            return opened
        opened += 1
        tag = next(fresh_tags)
        network.live[tag] = one.open(tag)


def test_all_replicas_together_open_no_more_than_per_pod() -> None:
    async def story() -> None:
        network = settled_network()
        for one in network.replicas:
            one.fall_silent("uid-0")
        assert sum(open_all(network, one) for one in network.replicas) == PER_POD
        rounds(network)
        assert network.leader.demand(GROUP).sessions == PER_POD

    asyncio.run(story())


def test_slots_are_shared_on_while_it_is_silent_for_all() -> None:
    async def story() -> None:
        network = settled_network()
        for one in network.replicas:
            one.fall_silent("uid-0")
        rounds(network)
        assert sum(open_all(network, one) for one in network.replicas) == PER_POD
        for tag in tuple(network.live):
            network.replicas[0].touch(tag, network.live.pop(tag))
            network.replicas[0].ledger.forget(tag)
        rounds(network)
        assert sum(open_all(network, one) for one in network.replicas) == PER_POD

    asyncio.run(story())


def test_who_hears_it_has_the_slots_and_not_who_hears_nothing() -> None:
    async def story() -> None:
        network = settled_network()
        deaf, *others = network.replicas
        deaf.fall_silent("uid-0")
        rounds(network)
        assert open_all(network, deaf) == 0
        assert sum(open_all(network, one) for one in others) == PER_POD

    asyncio.run(story())
