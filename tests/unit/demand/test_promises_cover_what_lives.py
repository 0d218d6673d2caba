"""What the leader counts and has promised covers what lives, whatever is lost, late or in pieces.

From that alone follows that sessions stay within ``perPod``: nothing is promised beyond it.
"""

import asyncio
from collections.abc import Iterator
from random import Random

import pytest

from fakes.replica_network import Network
from moorage_gateway.routing import demand_log

STEPS = 400
PER_POD = 5


@pytest.fixture(autouse=True)
def reports_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each endpoint comes in a report of its own."""
    monkeypatch.setattr(demand_log, "MAX_ENDPOINTS_PER_REPORT", 1)


@pytest.mark.parametrize("seed", range(300))
def test_live_sessions_are_counted_or_promised_and_never_beyond_per_pod(seed: int) -> None:
    async def story() -> None:
        network = Network(
            Random(seed),
            replicas=2 + seed % 2,
            endpoints=3 - seed % 2,
            per_pod=PER_POD,
            groups=("servers", "others"),
        )
        for step in range(STEPS):
            network.step()
            for uid, known in known_endpoints(network):
                assert network.may_live(uid) <= known, f"step {step}"
            for uid in network.sessions_by_endpoint():
                assert network.may_live(uid) <= PER_POD, f"step {step}"

    asyncio.run(story())


def known_endpoints(network: Network) -> Iterator[tuple[str, int]]:
    """Counted and promised sessions by endpoint, once the leader has heard all there is."""
    for group in network.leader._groups.values():
        if group.incomplete or network.unheard:
            continue
        for uid, endpoint in group.endpoints.items():
            yield uid, len(endpoint.tags) + endpoint.promised
