"""Another replica's success says nothing of an endpoint that has moved since."""

import msgspec
import pytest

from fakes.replica_network import Clock, SimulatedReplica, table
from moorage_contract.report_channel import (
    EndpointGuidance,
    Guidance,
    Verdict,
    decode_guidance,
    encode_guidance,
)
from moorage_gateway.routing.endpoint_state import EndpointState


def replica() -> SimulatedReplica:
    made = SimulatedReplica(1, table(endpoints=1, per_pod=5, replicas=2), Clock())
    made.connect()
    return made


def told(verdict: Verdict) -> Guidance:
    guidance = {"servers": {"uid-0": EndpointGuidance(slots=2, verdict=verdict)}}
    return Guidance(seq=1, report_seq=1, groups=guidance)


def state_of(one: SimulatedReplica) -> EndpointState:
    return one.group.endpoints["uid-0"].health.state


async def test_a_word_of_another_place_is_not_taken() -> None:
    one = replica()
    one.guided.take(told(Verdict(spoken_to="0123456789abcdef")))
    assert state_of(one) is EndpointState.VERIFYING
    one.guided.take(told(Verdict(spoken_to=one.group.endpoints["uid-0"].spoken_to)))
    assert state_of(one) is EndpointState.READY


async def test_after_a_word_of_another_place_a_replica_alone_verifies_by_itself() -> None:
    one = replica()
    one.guided.take(told(Verdict(spoken_to="0123456789abcdef")))
    one.disconnect()
    assert one.group.endpoints["uid-0"].health.own


async def test_an_older_leader_that_names_no_place_is_believed() -> None:
    one = replica()
    frame = encode_guidance(told(Verdict(versions=("2025-11-25",))))
    one.guided.take(decode_guidance(frame.replace(',"spoken_to":""', "")))
    health = one.group.endpoints["uid-0"].health
    assert (health.state, health.versions) == (EndpointState.READY, ("2025-11-25",))


def test_the_place_goes_with_the_word_and_is_bounded() -> None:
    said = told(Verdict(versions=("2025-11-25",), spoken_to="x" * 64))
    assert decode_guidance(encode_guidance(said)) == said
    with pytest.raises(msgspec.ValidationError, match="spoken_to"):
        decode_guidance(encode_guidance(told(Verdict(spoken_to="x" * 65))))
