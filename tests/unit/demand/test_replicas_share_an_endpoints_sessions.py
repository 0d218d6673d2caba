"""However the network behaves, no endpoint gets more sessions than it takes, and nobody starves."""

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.replica_network import GROUP, Network, SimulatedReplica

STEPS = 250
ROUNDS = 4
"""Exchanges of every replica until slots have moved to who wants them."""

networks = {
    "seed": st.integers(0, 2**32),
    "replicas": st.integers(1, 4),
    "endpoints": st.integers(1, 3),
    "per_pod": st.integers(1, 7),
}


@settings(max_examples=150, deadline=None)
@given(**networks)
def test_no_endpoint_ever_has_more_sessions_than_per_pod(
    seed: int, replicas: int, endpoints: int, per_pod: int
) -> None:
    async def story() -> None:
        network = network_of(seed, replicas, endpoints, per_pod)
        for _ in range(STEPS):
            network.step()
            assert max(network.sessions_by_endpoint().values()) <= per_pod

    asyncio.run(story())


@settings(max_examples=150, deadline=None)
@given(**networks)
def test_whoever_keeps_clients_waiting_gets_a_slot_while_there_are_free_ones(
    seed: int, replicas: int, endpoints: int, per_pod: int
) -> None:
    async def story() -> None:
        network = network_of(seed, replicas, endpoints, per_pod)
        for _ in range(STEPS):
            network.step()
        let_settle(network)
        one = network.random.choice(network.replicas)
        fill_up(network, one)
        # More where somebody still counts a session whose end nobody is left to tell.
        assert network.leader.demand(GROUP).sessions >= endpoints * per_pod
        assert max(network.sessions_by_endpoint().values()) <= per_pod

    asyncio.run(story())


def network_of(seed: int, replicas: int, endpoints: int, per_pod: int) -> Network:
    return Network(Random(seed), replicas=replicas, endpoints=endpoints, per_pod=per_pod)


def let_settle(network: Network) -> None:
    """All faults are over for long enough, and nobody is in the middle of anything."""
    for one in network.replicas:
        network.take_table(one)
        while one.hung:
            one.answer_hung()
        while one.kept:
            one.fail_to_open()
        for booked in one.silent():
            one.begin(booked)
    for _ in range(10):
        for one in network.replicas:
            network.exchange(one)
        network.clock.now += 2.0
        network.leader.expire(network.clock.now)


def fill_up(network: Network, one: SimulatedReplica) -> None:
    """One replica alone opens all there is; at each refusal it waits for some rounds."""
    assert one.group.slots is not None
    refusals = 0
    while refusals < ROUNDS:
        if one.group.slots.fullest() is None:
            refusals += 1
            one.group.slots.held = 1
            for each in network.replicas:
                network.exchange(each)
            one.group.slots.held = 0
        else:
            refusals = 0
            network.initialize(one)
            while one.kept:
                network.answer(one)
    for each in network.replicas:
        network.exchange(each)


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_new_sessions_are_packed(replicas: int) -> None:
    async def story() -> None:
        network = network_of(1, replicas, endpoints=3, per_pod=12)
        let_settle(network)
        for _ in range(12):
            one = network.random.choice(network.replicas)
            one.keep_place()
            while one.kept:
                network.answer(one)
            for each in network.replicas:
                network.exchange(each)
        assert max(network.sessions_by_endpoint().values()) >= 10

    asyncio.run(story())
