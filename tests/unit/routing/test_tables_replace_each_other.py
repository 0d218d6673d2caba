"""What stays and what begins anew when a new table comes into force."""

import pytest
from msgspec.structs import replace

from moorage_contract.route_table import Endpoint, Group
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.settings import Limits

U = Endpoint(uid="u", url="http://h/mcp")
GROUP = Group(name="g", source="External", endpoints=(U,))


class Scene:
    """A book that notes who must be verified."""

    def __init__(self) -> None:
        self.appeared: list[BookedEndpoint] = []
        self.book = EndpointBook(Limits(), self.appeared.append)

    def ready(self) -> BookedEndpoint:
        self.book.apply([GROUP])
        booked = self.book.groups["g"].endpoints["u"]
        self.book.set_health(booked, booked.health.verified(()))
        return booked


async def test_an_endpoint_that_stays_keeps_its_health() -> None:
    scene = Scene()
    booked = scene.ready()
    scene.book.apply([replace(GROUP, answer_seconds=7)])
    assert scene.appeared == [booked]
    assert booked.group.rules.answer_seconds == 7
    assert list(booked.group.requests) == ["u"]


async def test_an_endpoint_that_gets_a_name_keeps_its_health_and_sessions() -> None:
    scene = Scene()
    booked = scene.ready()
    scene.book.apply([replace(GROUP, endpoints=(replace(U, name="tickets-1"),))])
    assert scene.book.groups["g"].endpoints == {"u": booked}
    assert booked.health.state is EndpointState.READY


@pytest.mark.parametrize(
    "changed",
    [
        replace(GROUP, transport="HttpSse"),
        replace(GROUP, source="Stdio"),
        replace(GROUP, endpoints=(replace(U, url="http://h/other"),)),
    ],
    ids=["transport", "source", "url"],
)
async def test_an_endpoint_that_is_spoken_to_otherwise_is_verified_anew(changed: Group) -> None:
    scene = Scene()
    before = scene.ready()
    scene.book.apply([changed])
    now = scene.book.groups["g"].endpoints["u"]
    assert scene.appeared == [before, now]
    assert before.health.state is EndpointState.ABSENT
    assert now.health.state is EndpointState.VERIFYING
    assert list(now.group.requests) == []


async def test_counts_leave_with_their_endpoint_or_with_the_last_of_its_work() -> None:
    scene = Scene()
    scene.book.apply([GROUP])
    group = scene.book.groups["g"]
    for number in range(3):
        uid = f"pod{number}"
        scene.book.apply([replace(GROUP, endpoints=(Endpoint(uid=uid, url="http://h/mcp"),))])
        group.request_started(uid)
        group.request_ended(uid)
        group.session_opened(uid)
    scene.book.apply([replace(GROUP, endpoints=())])
    assert group.in_flight == {}
    assert group.live_sessions == {"pod0": 1, "pod1": 1, "pod2": 1}
    for number in range(3):
        group.session_closed(f"pod{number}")
    assert group.live_sessions == {}
