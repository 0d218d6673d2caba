"""The session ledger: who is counted, on what, and until when."""

import pytest
from msgspec.structs import replace

from moorage_contract.route_table import Endpoint, Group, SessionRules
from moorage_gateway.errors import CapacityError
from moorage_gateway.routing.endpoint_book import BookedGroup, EndpointBook
from moorage_gateway.routing.session_ledger import SessionLedger
from moorage_gateway.settings import Limits

IDLE_SECONDS = 60
GROUP = Group(
    name="g",
    source="External",
    endpoints=(Endpoint(uid="u", url="http://h/mcp"),),
    sessions=SessionRules(idle_seconds=IDLE_SECONDS),
)


class Counts:
    """Live sessions by group."""

    def __init__(self) -> None:
        self.live: dict[str, int] = {}

    def session_opened(self, group: str) -> None:
        self.live[group] = self.live.get(group, 0) + 1

    def session_closed(self, group: str) -> None:
        self.live[group] -= 1


class Scene:
    """A book with one group, and a ledger."""

    def __init__(self, limit: int = 9) -> None:
        self.book = EndpointBook(Limits(), lambda booked: None)
        self.book.apply([GROUP])
        self.counts = Counts()
        self.ledger = SessionLedger(limit, self.counts)

    @property
    def group(self) -> BookedGroup:
        return self.book.groups["g"]

    def touch(self, tag: bytes, now: float) -> None:
        self.ledger.touch(tag, self.group, "u", now)

    def counted(self) -> tuple[int, int, int]:
        live = self.group.live_sessions.get("u", 0)
        return len(self.ledger), live, self.counts.live.get("g", 0)


async def test_a_session_is_counted_once_until_it_ends() -> None:
    scene = Scene()
    scene.touch(b"1", 0)
    scene.touch(b"1", 1)
    scene.touch(b"2", 1)
    assert scene.counted() == (2, 2, 2)
    scene.ledger.forget(b"1")
    scene.ledger.forget(b"1")
    assert scene.counted() == (1, 1, 1)


async def test_a_silent_session_is_forgotten_after_its_groups_idle_seconds() -> None:
    scene = Scene()
    scene.touch(b"1", 0)
    scene.touch(b"2", 1)
    scene.ledger.forget_idle(IDLE_SECONDS)
    assert scene.counted() == (2, 2, 2)
    scene.ledger.forget_idle(IDLE_SECONDS + 0.5)
    assert scene.counted() == (1, 1, 1)


async def test_a_session_with_an_open_stream_is_not_idle_until_the_stream_has_been_closed() -> None:
    scene = Scene()
    scene.touch(b"1", 0)
    stream = scene.ledger.stream_opened(b"1")
    scene.ledger.forget_idle(1000)
    assert len(scene.ledger) == 1
    scene.ledger.stream_closed(stream, 1000)
    scene.ledger.forget_idle(1000 + IDLE_SECONDS)
    assert len(scene.ledger) == 1
    scene.ledger.forget_idle(1001 + IDLE_SECONDS)
    assert len(scene.ledger) == 0


async def test_a_stream_that_outlives_its_session_does_not_touch_the_one_counted_anew() -> None:
    scene = Scene()
    scene.touch(b"1", 0)
    stream = scene.ledger.stream_opened(b"1")
    scene.ledger.forget(b"1")
    scene.touch(b"1", 1)
    scene.ledger.stream_closed(stream, 2)
    scene.ledger.forget_idle(2 + IDLE_SECONDS)
    assert scene.counted() == (0, 0, 0)


async def test_sessions_of_a_group_that_left_and_returned_are_counted_on_the_returned_one() -> None:
    scene = Scene()
    scene.touch(b"1", 0)
    scene.touch(b"2", 0)
    stream = scene.ledger.stream_opened(b"1")
    scene.book.apply([])
    scene.book.apply([GROUP])
    assert scene.group.live_sessions == {}
    scene.touch(b"1", 1)
    scene.touch(b"2", 1)
    assert scene.counted() == (2, 2, 2)
    scene.ledger.forget_idle(1000)
    assert scene.counted() == (1, 1, 1), "the open stream came along"
    scene.ledger.stream_closed(stream, 1000)
    scene.ledger.forget(b"1")
    assert scene.counted() == (0, 0, 0)


async def test_past_the_limit_new_sessions_are_refused_and_strangers_not_counted() -> None:
    scene = Scene(limit=1)
    scene.ledger.require_room()
    scene.touch(b"1", 0)
    with pytest.raises(CapacityError, match="already serves 1 sessions"):
        scene.ledger.require_room()
    scene.touch(b"2", 0)
    assert scene.counted() == (1, 1, 1)
    assert scene.ledger.stream_opened(b"2") is None
    scene.ledger.stream_closed(None, 1)


async def test_a_session_whose_endpoint_left_the_table_is_counted_no_more() -> None:
    scene = Scene()
    scene.touch(b"1", 0)
    with_stream = scene.ledger.stream_opened(b"1")
    scene.book.apply([replace(GROUP, endpoints=())])
    scene.ledger.forget_departed()
    assert scene.counted() == (0, 0, 0)
    scene.ledger.stream_closed(with_stream, 1)
    assert scene.counted() == (0, 0, 0)


async def test_a_session_that_began_just_when_its_endpoint_left_is_not_counted_for_long() -> None:
    scene = Scene()
    group = scene.group
    scene.book.apply([replace(GROUP, endpoints=())])
    scene.ledger.open(b"1", group, "u", 0)
    scene.ledger.forget_idle(5)
    assert scene.counted() == (0, 0, 0)
