"""Ids of several clients on one channel: each answer finds its owner, and nobody else's."""

import weakref

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moorage_wire.id_map import IdInFlight, IdMap, IdMapFull


def test_two_owners_with_the_same_id_are_told_apart() -> None:
    ids = IdMap(limit=10)
    anna, bert = ids.issue("anna", b"1"), ids.issue("bert", b"1")
    assert anna != bert
    assert ids.resolve(bert) == ("bert", b"1")
    assert ids.resolve(anna) == ("anna", b"1")
    assert len(ids) == 0


def test_an_answer_is_matched_once() -> None:
    ids = IdMap(limit=10)
    issued = ids.issue("anna", b'"a"')
    assert ids.peek(issued) == ("anna", b'"a"')
    assert ids.resolve(issued) == ("anna", b'"a"')
    assert ids.resolve(issued) is None
    assert ids.peek(issued) is None


def test_the_string_1_and_the_number_1_are_two_ids() -> None:
    ids = IdMap(limit=10)
    assert ids.issue("anna", b"1") != ids.issue("anna", b'"1"')


def test_a_full_map_refuses_and_takes_again_after_an_answer() -> None:
    ids = IdMap(limit=2)
    first = ids.issue("anna", b"1")
    ids.issue("anna", b"2")
    with pytest.raises(IdMapFull, match="2 requests are already in flight") as refusal:
        ids.issue("anna", b"3")
    assert refusal.value.limit == 2
    assert ids.find("anna", b"3") is None
    ids.resolve(first)
    assert ids.peek(ids.issue("anna", b"3")) == ("anna", b"3")


def test_an_id_that_is_still_in_flight_is_refused() -> None:
    ids = IdMap(limit=10)
    issued = ids.issue("anna", b"7")
    with pytest.raises(IdInFlight, match="id 7 is already in flight") as refusal:
        ids.issue("anna", b"7")
    assert refusal.value.raw_id == b"7"
    assert ids.resolve(issued) == ("anna", b"7")
    ids.issue("anna", b"7")


def test_a_released_owner_gets_no_late_answer() -> None:
    ids = IdMap(limit=10)
    first, second = ids.issue("anna", b"1"), ids.issue("anna", b"2")
    other = ids.issue("bert", b"1")
    assert ids.release_owner("anna") == [(first, b"1"), (second, b"2")]
    assert ids.resolve(first) is None
    assert ids.release_owner("anna") == []
    assert ids.resolve(other) == ("bert", b"1")
    assert ids.issue("anna", b"1") not in {first, second, other}


class Client:
    """An owner whose life can be watched."""


def test_an_owner_without_requests_in_flight_is_not_kept() -> None:
    ids, client = IdMap(limit=10), Client()
    life = weakref.ref(client)
    ids.resolve(ids.issue(client, b"1"))
    del client
    assert life() is None


class SharedChannel(RuleBasedStateMachine):
    """Any order of events, against a plain list of what is in flight."""

    LIMIT = 4

    def __init__(self) -> None:
        super().__init__()
        self.ids = IdMap(self.LIMIT)
        self.in_flight: dict[int, tuple[str, bytes]] = {}
        self.ever_issued: set[int] = set()

    @rule(owner=st.sampled_from("abc"), raw_id=st.sampled_from([b"1", b"2", b'"1"']))
    def issue(self, owner: str, raw_id: bytes) -> None:
        pair = (owner, raw_id)
        if len(self.in_flight) == self.LIMIT:
            with pytest.raises(IdMapFull):
                self.ids.issue(owner, raw_id)
        elif pair in self.in_flight.values():
            with pytest.raises(IdInFlight):
                self.ids.issue(owner, raw_id)
        else:
            issued = self.ids.issue(owner, raw_id)
            assert issued not in self.ever_issued
            self.ever_issued.add(issued)
            self.in_flight[issued] = pair

    @rule(issued=st.integers(0, 20))
    def resolve(self, issued: int) -> None:
        assert self.ids.peek(issued) == self.in_flight.get(issued)
        assert self.ids.resolve(issued) == self.in_flight.pop(issued, None)

    @rule(owner=st.sampled_from("abc"))
    def release(self, owner: str) -> None:
        left = [(issued, raw) for issued, (whose, raw) in self.in_flight.items() if whose == owner]
        assert self.ids.release_owner(owner) == left
        for issued, _ in left:
            del self.in_flight[issued]

    @invariant()
    def holds_exactly_what_is_in_flight(self) -> None:
        assert len(self.ids) == len(self.in_flight)
        for issued, (owner, raw_id) in self.in_flight.items():
            assert self.ids.find(owner, raw_id) == issued


TestSharedChannel = SharedChannel.TestCase
TestSharedChannel.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
