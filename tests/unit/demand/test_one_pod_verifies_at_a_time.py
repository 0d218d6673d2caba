"""The leader appoints one pod for an endpoint, and another when that one fails or says nothing."""

from collections import Counter
from itertools import pairwise

from moorage_contract.report_channel import Handshake
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.appointment import (
    ATTEMPT_SECONDS,
    FIRST_TURN_SECONDS,
    LONGEST_TURN_SECONDS,
    Appointment,
)
from moorage_operator.planning.demand.gateway_pod import GatewayPod

GATEWAY = ResourceName("team", "agents")
ONE, TWO, THREE = (GatewayPod(GATEWAY, name) for name in ("one", "three", "two"))
SILENT = Handshake()
AT_IT = Handshake(under_way=True)
FAILED = Handshake(own=True, why="404 instead of MCP")


class Turns:
    """Says what pods tell, and who is appointed then."""

    def __init__(self, *pods: GatewayPod) -> None:
        self.known = dict.fromkeys(pods, SILENT)
        self.appointment = Appointment()
        self.appointment.settle(self.known, Counter(), 0.0)

    def at(self, now: float, told: dict[GatewayPod, Handshake] | None = None) -> GatewayPod | None:
        self.known |= told or {}
        self.appointment.settle(self.known, Counter(), now)
        return self.appointment.pod


def test_a_failure_hands_the_turn_on_at_once_until_all_had_theirs() -> None:
    turns = Turns(ONE, TWO, THREE)
    assert turns.at(0.1) == ONE
    assert turns.at(0.2, {ONE: FAILED}) == TWO
    assert turns.at(0.3, {TWO: FAILED}) == THREE
    again = turns.at(0.4, {THREE: FAILED})
    assert again == ONE
    assert turns.at(0.4 + 2 * FIRST_TURN_SECONDS - 1) == ONE, "it repeats by its own delays"
    assert turns.at(0.4 + 2 * FIRST_TURN_SECONDS) == TWO


def test_one_that_says_nothing_is_passed_over_and_one_that_is_at_it_is_not() -> None:
    turns = Turns(ONE, TWO)
    assert turns.at(FIRST_TURN_SECONDS - 1) == ONE
    assert turns.at(FIRST_TURN_SECONDS) == TWO
    turns = Turns(ONE, TWO)
    assert turns.at(FIRST_TURN_SECONDS, {ONE: AT_IT}) == ONE
    assert turns.at(131.0) == ONE, "a stdio server may take so long"
    assert turns.at(FIRST_TURN_SECONDS + ATTEMPT_SECONDS) == TWO


def test_one_that_is_gone_hands_its_turn_on_and_the_last_one_keeps_it() -> None:
    turns = Turns(ONE, TWO)
    del turns.known[ONE]
    assert turns.at(1.0) == TWO
    assert turns.at(2.0, {TWO: FAILED}) == TWO
    del turns.known[TWO]
    assert turns.at(3.0) is None


def test_one_that_is_at_it_already_is_appointed_before_others() -> None:
    turns = Turns()
    assert turns.at(1.0, {ONE: SILENT, TWO: AT_IT}) == TWO


def test_turns_grow_longer_and_none_is_without_end() -> None:
    turns = Turns(ONE, TWO)
    changes, before = [], ONE
    for second in range(1500):
        present = turns.at(float(second))
        if present != before:
            changes.append(second)
            assert present is not None
            before = present
    lengths = [after - at for at, after in pairwise(changes)]
    assert lengths == sorted(lengths)
    assert lengths[-1] == LONGEST_TURN_SECONDS
