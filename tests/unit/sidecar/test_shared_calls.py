"""Calls on one shared channel: each has an integer of its own, and one end."""

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.refusals import TooMany
from moorage_sidecar.sharing.shared_calls import LISTEN_METHOD, SharedCall, SharedCalls
from moorage_wire.jsonrpc import Message, read_message

ANSWER_SECONDS = 10.0
LIMIT = 4


def request(request_id: object = 1, method: str = "tools/call") -> Message:
    body = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": {}}
    return read_message(msgspec.json.encode(body))


def calls() -> SharedCalls:
    return SharedCalls(BridgeLimits(max_calls=LIMIT, answer_seconds=ANSWER_SECONDS))


def test_a_silent_call_is_overdue_at_the_bound_and_a_subscription_never() -> None:
    held = calls()
    silent = held.open(request(), 0)
    heard = held.open(request(), 0)
    held.open(request(method=LISTEN_METHOD), 0)
    heard.last_heard = 1

    assert held.overdue(ANSWER_SECONDS - 0.1) == []
    assert held.overdue(ANSWER_SECONDS) == [silent]
    assert held.overdue(ANSWER_SECONDS + 1) == [silent, heard]


class SharedChannel(RuleBasedStateMachine):
    """Any order of requests and answers, against a plain dict of what is in flight."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = calls()
        self.in_flight: dict[int, SharedCall] = {}
        self.ever_issued: set[int] = set()

    @rule(request_id=st.sampled_from([1, 2, "1"]))
    def open(self, request_id: object) -> None:
        if len(self.in_flight) == LIMIT:
            with pytest.raises(TooMany):
                self.calls.open(request(request_id), 0)
            return
        call = self.calls.open(request(request_id), 0)
        assert call.raw_id == msgspec.json.encode(request_id)
        assert call.issued not in self.ever_issued
        self.ever_issued.add(call.issued)
        self.in_flight[call.issued] = call

    @rule(issued=st.integers(0, 20))
    def close(self, issued: int) -> None:
        assert self.calls.close(issued) is self.in_flight.pop(issued, None)

    @rule()
    def close_all(self) -> None:
        assert self.calls.close_all() == list(self.in_flight.values())
        self.in_flight.clear()

    @invariant()
    def holds_exactly_what_is_in_flight(self) -> None:
        assert len(self.calls) == len(self.in_flight)
        for issued in range(20):
            assert self.calls.get(issued) is self.in_flight.get(issued)


TestSharedChannel = SharedChannel.TestCase
TestSharedChannel.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
