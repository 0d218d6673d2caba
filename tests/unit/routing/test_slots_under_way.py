"""A place that is kept by an older word counts: nobody else is given its slot meanwhile."""

from moorage_contract.report_channel import EndpointGuidance
from moorage_gateway.routing.session_slots import ReportCount, SessionSlots


def guided(slots: SessionSlots, count: int, report_seq: int = 0) -> None:
    slots.take({"a": EndpointGuidance(slots=count)}, report_seq)


def slots_of_one_endpoint(hurried: list[str]) -> SessionSlots:
    slots = SessionSlots(ReportCount(lambda: hurried.append("hurry")))
    slots.place("a", True)
    return slots


def test_guidance_that_takes_a_kept_place_is_in_force_once_the_place_is_given_back() -> None:
    hurried: list[str] = []
    slots = slots_of_one_endpoint(hurried)
    guided(slots, 2)
    slots.keep("a")
    slots.keep("a")
    assert slots.kept_beyond("a") == 0
    guided(slots, 1)
    assert slots.kept_beyond("a") == 2, "two may still begin"
    assert not hurried
    slots.give_back("a")
    assert slots.kept_beyond("a") == 0
    assert hurried == ["hurry"], "others wait for it"


def test_a_kept_place_is_told_to_a_new_leader_though_it_is_beyond_the_slots() -> None:
    slots = slots_of_one_endpoint([])
    guided(slots, 1)
    slots.keep("a")
    guided(slots, 0)
    assert slots.told("a", 1) == 1
    assert slots.kept_beyond("a") == 0
    assert slots.fullest() is None
