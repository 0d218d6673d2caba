"""An endpoint that is elsewhere under its uid is verified again, and its slots stay shared out."""

import asyncio
from random import Random

import pytest

from fakes.replica_network import Network

PER_POD = 6
SETTLING_SECONDS = 20.0


def settled_network(seed: int, replicas: int) -> Network:
    network = Network(Random(seed), replicas=replicas, endpoints=2, per_pod=PER_POD)
    rounds(network)
    network.clock.now += SETTLING_SECONDS
    network.leader.expire(network.clock.now)
    rounds(network)
    assert all_serve(network)
    return network


def rounds(network: Network) -> None:
    for _ in range(4):
        for one in network.replicas:
            network.exchange(one)


def all_serve(network: Network) -> bool:
    """Every replica may give new sessions to every endpoint, and all of its slots are given out."""
    uids = network.sessions_by_endpoint()
    ready = all(
        booked.may_get_new_work
        for one in network.replicas
        for booked in one.group.endpoints.values()
    )
    return ready and all(network.may_live(uid) == PER_POD for uid in uids)


@pytest.mark.parametrize("replicas", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_it_serves_again_without_any_other_news(seed: int, replicas: int) -> None:
    async def story() -> None:
        network = settled_network(seed, replicas)
        network.move_endpoint(network.replicas[0])
        for one in network.replicas:
            network.take_table(one)
        rounds(network)
        assert all_serve(network)

    asyncio.run(story())


def test_replicas_that_hear_of_it_one_after_the_other_all_serve_again() -> None:
    async def story() -> None:
        network = settled_network(1, replicas=3)
        network.move_endpoint(network.replicas[0])
        for one in network.replicas:
            network.take_table(one)
            rounds(network)
        assert all_serve(network)

    asyncio.run(story())


@pytest.mark.parametrize("seed", range(4))
def test_a_word_on_its_way_is_not_taken_for_the_place_it_moved_to(seed: int) -> None:
    async def story() -> None:
        network = Network(Random(seed), replicas=2, endpoints=1, per_pod=PER_POD)
        knows, asks = network.replicas
        for _ in range(2):
            network.exchange(knows)
        asks.report()
        while asks.up:
            network.deliver_up(asks)
        network.move_endpoint(asks)
        network.take_table(asks)
        while asks.down:
            asks.hear()
        assert not asks.group.endpoints["uid-0"].may_get_new_work
        network.take_table(knows)
        rounds(network)
        assert all_serve(network)

    asyncio.run(story())
