"""Which endpoint new sessions and unbound requests get, with an affinity key and without."""

from collections.abc import Iterable

import pytest

from moorage_contract.report_channel import EndpointGuidance
from moorage_contract.route_table import Discovery, Endpoint, Group, SessionRules
from moorage_gateway.errors import CapacityError, EndpointUnreachable
from moorage_gateway.routing.endpoint_book import BookedGroup, EndpointBook
from moorage_gateway.routing.picker import awaits_slot, pick_for_request, pick_for_session
from moorage_gateway.routing.rendezvous import owner
from moorage_gateway.routing.session_slots import ReportCount, SessionSlots
from moorage_gateway.settings import Limits


def ready_group(uids: Iterable[str], per_pod: int) -> BookedGroup:
    book = EndpointBook(Limits(), lambda booked: None)
    endpoints = tuple(Endpoint(uid=uid, url=f"http://{uid}/mcp") for uid in uids)
    rules = SessionRules(per_pod=per_pod)
    book.apply([Group(name="g", source="External", endpoints=endpoints, sessions=rules)])
    group = book.groups["g"]
    for booked in group.endpoints.values():
        book.set_health(booked, booked.health.verified(()))
    return group


async def test_a_key_whose_owner_is_full_goes_to_the_next_in_its_order() -> None:
    group = ready_group("abc", per_pod=1)
    left = set("abc")
    while left:
        uid = pick_for_session(group, b"key").uid
        assert uid == owner(b"key", left)
        group.session_opened(uid)
        left.remove(uid)
    with pytest.raises(CapacityError) as refused:
        pick_for_session(group, b"key")
    assert refused.value.reason == "GroupSessionsExhausted"


async def test_without_a_key_the_fullest_with_room_is_taken() -> None:
    group = ready_group("abc", per_pod=2)
    picked = []
    for _ in range(6):
        picked.append(pick_for_session(group, None).uid)
        group.session_opened(picked[-1])
    assert picked == ["a", "a", "b", "b", "c", "c"]


async def test_a_group_of_which_none_is_ready_says_why() -> None:
    book = EndpointBook(Limits(), lambda booked: None)
    book.apply(
        [Group(name="g", source="External", endpoints=(Endpoint(uid="u", url="http://h/mcp"),))]
    )
    with pytest.raises(EndpointUnreachable, match="not yet verified"):
        pick_for_session(book.groups["g"], b"key")


@pytest.mark.parametrize(
    ("group", "remedy"),
    [
        (Group(name="g", source="External"), "at the configured address"),
        (Group(name="g", source="Stdio"), "in the log of moorage why its server does not start"),
        (
            Group(
                name="g", source="Stdio", discovery=Discovery(namespace="n", group="g", path="/")
            ),
            "conditions Ready and Verified",
        ),
    ],
)
async def test_the_remedy_is_one_that_the_groups_owner_can_follow(
    group: Group, remedy: str
) -> None:
    book = EndpointBook(Limits(), lambda booked: None)
    book.apply([group])
    with pytest.raises(EndpointUnreachable) as refused:
        pick_for_session(book.groups["g"], None)
    assert remedy in str(refused.value.remedy)


def let_fail(group: BookedGroup, uid: str, *, silent: bool) -> None:
    book = EndpointBook(Limits(), lambda booked: None)
    booked = group.endpoints[uid]
    book.set_health(booked, booked.health.failed("it is away", fatal=True, silent=silent))


async def test_where_none_is_ready_those_that_are_only_silent_take_what_comes() -> None:
    group = ready_group("abc", per_pod=2)
    for uid, silent in (("a", False), ("b", True), ("c", True)):
        let_fail(group, uid, silent=silent)
    group.request_started("b")
    group.session_opened("c")
    assert pick_for_request(group, None).uid == "c"
    assert pick_for_request(group, b"key").uid == "c"
    assert pick_for_session(group, None).uid == "b"
    for uid in "bbc":
        group.session_opened(uid)
    with pytest.raises(CapacityError):
        pick_for_session(group, None)
    assert pick_for_request(group, None).uid == "c"


async def test_a_silent_one_takes_no_more_sessions_than_other_replicas_leave_to_this_one() -> None:
    group = ready_group("ab", per_pod=5)
    group.slots = slots = SessionSlots(ReportCount(lambda: None))
    for uid in "ab":
        let_fail(group, uid, silent=True)
    assert awaits_slot(group)
    slots.take({"a": EndpointGuidance(slots=1), "b": EndpointGuidance(load=5)}, 0)
    assert not awaits_slot(group)
    assert pick_for_session(group, None).uid == "a"
    slots.keep("a")
    assert awaits_slot(group), "others may have slots of the one that is not full"
    with pytest.raises(CapacityError) as refused:
        pick_for_session(group, None)
    assert refused.value.reason == "NoSlotForThisReplica"
    slots.take({"a": EndpointGuidance(load=5)}, 0)
    assert not awaits_slot(group)
    with pytest.raises(CapacityError) as refused:
        pick_for_session(group, None)
    assert refused.value.reason == "GroupSessionsExhausted"


async def test_a_silent_one_gets_nothing_new_while_another_is_ready() -> None:
    group = ready_group("ab", per_pod=1)
    let_fail(group, "a", silent=True)
    group.request_started("b")
    assert pick_for_request(group, None).uid == "b"
    group.session_opened("b")
    with pytest.raises(CapacityError):
        pick_for_session(group, None)


async def test_where_all_have_failed_the_refusal_says_why() -> None:
    group = ready_group("ab", per_pod=1)
    for uid in "ab":
        let_fail(group, uid, silent=False)
    for pick in (pick_for_request, pick_for_session):
        with pytest.raises(EndpointUnreachable, match="it is away"):
            pick(group, None)


async def test_a_requests_key_has_one_owner_whatever_the_load() -> None:
    group = ready_group("abc", per_pod=1)
    uid = owner(b"key", "abc")
    assert uid is not None
    for _ in range(3):
        group.request_started(uid)
    assert pick_for_request(group, b"key").uid == uid
    assert pick_for_request(group, None).uid != uid


def test_when_an_endpoint_goes_only_its_own_keys_move() -> None:
    keys = [b"%d" % number for number in range(300)]
    names = {"a", "b", "c", "d"}
    before = {key: owner(key, names) for key in keys}
    after = {key: owner(key, names - {"a"}) for key in keys}
    assert {key for key in keys if before[key] != after[key]} == {
        key for key in keys if before[key] == "a"
    }
    assert all(40 < list(before.values()).count(name) < 120 for name in names)
    assert owner(b"key", ()) is None
