"""Whole first, then what changed; ended sessions until a leader has confirmed them."""

import dataclasses

import pytest
from msgspec.structs import replace

from fakes.replica_network import Clock, SimulatedReplica, table
from moorage_contract.report_channel import (
    LOST_SECONDS,
    MAX_WHY_CHARS,
    EndpointGuidance,
    EndpointReport,
    GroupReport,
    Guidance,
    Handshake,
    decode_report,
    encode_report,
)
from moorage_contract.route_table import Endpoint
from moorage_gateway.routing import demand_log
from moorage_gateway.routing.guided import ReplicaFacts
from moorage_gateway.routing.session_slots import SessionSlots

FACTS = ReplicaFacts("pod-001", "digest", ("key",), 3)
TAG, OTHER = b"AAAAAAAA", b"BBBBBBBB"
TEXT, OTHER_TEXT = "QUFBQUFBQUE", "QkJCQkJCQkI"


class Scene:
    """One replica of two endpoints."""

    def __init__(self) -> None:
        self.table = table(endpoints=2, per_pod=5, replicas=2)
        self.clock = Clock()
        self.replica = SimulatedReplica(1, self.table, self.clock)
        self.replica.connect()

    def news(self, *, whole: bool = False) -> dict[str, EndpointReport]:
        """Endpoints of the one report that is due."""
        (report,) = self.replica.guided.reports(FACTS, whole=whole)
        assert report.whole is whole
        return report.groups.get("servers", GroupReport()).endpoints

    def open(self, tag: bytes, uid: str = "uid-0") -> None:
        self.replica.ledger.open(tag, self.replica.group, uid, 0.0)

    def confirm_all(self) -> None:
        """The leader has heard all that was told."""
        self.replica.guided.take(Guidance(seq=1, report_seq=1_000))

    def endpoints(self, *uids: str) -> None:
        group = self.table.groups[0]
        self._serve(tuple(each for each in group.endpoints if each.uid in uids))

    def move(self, uid: str) -> None:
        """The endpoint is at another path from now on."""
        group = self.table.groups[0]
        moved = (
            replace(each, url=f"{each.url}/v2") if each.uid == uid else each
            for each in group.endpoints
        )
        self._serve(tuple(moved))

    def not_yet_verified(self, uid: str) -> Handshake:
        """Told of an endpoint as it is spoken to now."""
        spoken_to = self.replica.group.endpoints[uid].spoken_to
        return Handshake(why="not yet verified", spoken_to=spoken_to)

    def _serve(self, endpoints: tuple[Endpoint, ...]) -> None:
        (group,) = self.table.groups
        self.replica.serve(replace(self.table, groups=(replace(group, endpoints=endpoints),)))


async def test_the_api_servers_words_are_told_as_far_as_the_leader_takes_them() -> None:
    scene = Scene()
    facts = dataclasses.replace(FACTS, unfollowed={"team": "no " * MAX_WHY_CHARS})
    (report,) = scene.replica.guided.reports(facts, whole=True)
    decoded = decode_report(encode_report(report))
    assert decoded.unfollowed == {"team": ("no " * MAX_WHY_CHARS)[:MAX_WHY_CHARS]}


async def test_a_certificate_that_is_not_used_is_told() -> None:
    facts = dataclasses.replace(FACTS, certificate_refused="x" * 300)
    (report,) = Scene().replica.guided.reports(facts, whole=True)
    assert decode_report(encode_report(report)).certificate_refused == "x" * MAX_WHY_CHARS


async def test_the_first_report_tells_all_and_the_next_only_news() -> None:
    scene = Scene()
    scene.open(TAG)
    whole = scene.news(whole=True)
    assert whole["uid-0"].seen == (TEXT,)
    assert whole["uid-1"] == EndpointReport(handshake=scene.not_yet_verified("uid-1"))
    assert scene.news() == {}
    scene.open(OTHER)
    assert scene.news() == {"uid-0": EndpointReport(opened=(OTHER_TEXT,))}


async def test_a_pods_name_is_told_once() -> None:
    scene = Scene()
    group = scene.table.groups[0]
    named = tuple(replace(each, name="x" * 300) for each in group.endpoints)
    scene.replica.book.apply((replace(group, endpoints=named),))
    assert {each.name for each in scene.news(whole=True).values()} == {"x" * 253}
    scene.open(TAG)
    assert [each.name for each in scene.news().values()] == [""]


async def test_a_pods_name_that_comes_later_is_told_then() -> None:
    """A replica may begin by a table of before that had none."""
    scene = Scene()
    scene.news(whole=True)
    group = scene.table.groups[0]
    first, second = group.endpoints
    scene.replica.book.apply(
        (replace(group, endpoints=(replace(first, name="tickets-1"), second)),)
    )
    told = EndpointReport(name="tickets-1", handshake=scene.not_yet_verified("uid-0"))
    assert scene.news() == {"uid-0": told}
    assert scene.news() == {}
    scene.endpoints("uid-1")
    scene.news()
    scene.replica.book.apply((replace(group, endpoints=(replace(first, name="tickets-1"),)),))
    assert scene.news()["uid-0"].name == "tickets-1"


async def test_a_handshake_is_told_when_it_says_something_new() -> None:
    scene = Scene()
    scene.news(whole=True)
    book, booked = scene.replica.book, scene.replica.group.endpoints["uid-1"]
    book.set_health(booked, booked.health.verified(("2025-11-25",)))
    told = Handshake(
        state="ready",
        own=True,
        why="handshake succeeded",
        spoken_to=booked.spoken_to,
        versions=("2025-11-25",),
    )
    assert scene.news() == {"uid-1": EndpointReport(handshake=told)}
    book.set_health(booked, booked.health.failed("x" * 10_000, fatal=True))
    (down,) = scene.news().values()
    assert down.handshake is not None
    assert (down.handshake.state, len(down.handshake.why)) == ("down", 256)


async def test_an_end_is_told_again_until_a_leader_has_confirmed_it() -> None:
    scene = Scene()
    scene.news(whole=True)
    scene.open(TAG)
    scene.replica.ledger.forget(TAG)
    assert scene.news() == {"uid-0": EndpointReport(ended=(TEXT,))}
    scene.replica.disconnect()
    scene.open(OTHER)
    scene.replica.ledger.forget(OTHER)
    scene.replica.connect()
    assert scene.news(whole=True)["uid-0"].ended == (TEXT, OTHER_TEXT)
    scene.confirm_all()
    scene.clock.now += LOST_SECONDS + 1
    scene.confirm_all()
    scene.replica.disconnect()
    scene.replica.connect()
    assert scene.news(whole=True)["uid-0"].ended == ()


async def test_an_end_is_told_to_a_new_leader_that_follows_soon() -> None:
    """The former one may have had no time to tell other replicas."""
    scene = Scene()
    scene.news(whole=True)
    scene.open(TAG)
    scene.replica.ledger.forget(TAG)
    scene.news()
    scene.confirm_all()
    scene.replica.disconnect()
    scene.replica.connect()
    assert scene.news(whole=True)["uid-0"].ended == (TEXT,)


async def test_a_session_that_ended_elsewhere_is_counted_no_more_and_not_told_back() -> None:
    scene = Scene()
    scene.open(TAG)
    scene.open(OTHER)
    scene.news(whole=True)
    told = {"uid-0": EndpointGuidance(load=1, slots=4, ended=(TEXT, "AAAAAAAAAAA"))}
    scene.replica.guided.take(Guidance(seq=1, report_seq=1, groups={"servers": told}))
    assert [tag for tag, _ in scene.replica.ledger] == [OTHER]
    assert scene.replica.group.live_sessions["uid-0"] == 1
    assert scene.replica.group.slots is not None
    assert scene.replica.group.slots.left("uid-0") == 4
    assert scene.news() == {}


async def test_an_idle_session_that_shows_life_is_not_told_idle() -> None:
    scene = Scene()
    scene.open(TAG)
    scene.news(whole=True)
    scene.replica.forget_idle(TAG)
    scene.replica.touch(TAG, "uid-0")
    assert scene.news() == {"uid-0": EndpointReport(seen=(TEXT,))}


async def test_a_session_that_is_idle_before_it_was_told_is_told_as_opened_and_idle() -> None:
    """Else the leader would not know that its slot was taken, and never give it anew."""
    scene = Scene()
    scene.news(whole=True)
    scene.open(TAG)
    scene.replica.forget_idle(TAG)
    assert scene.news() == {"uid-0": EndpointReport(opened=(TEXT,), idle=(TEXT,))}


async def test_ends_that_no_leader_hears_of_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand_log, "MAX_ENDED_KEPT", 2)
    scene = Scene()
    scene.replica.disconnect()
    for number in range(5):
        tag = number.to_bytes(8, "big")
        scene.open(tag)
        scene.replica.ledger.forget(tag)
    scene.replica.connect()
    assert len(scene.news(whole=True)["uid-0"].ended) == 2


async def test_ends_that_a_leader_has_confirmed_are_bounded_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demand_log, "MAX_ENDED_KEPT", 2)
    scene = Scene()
    scene.news(whole=True)
    for tag in (b"DDDDDDDD", b"EEEEEEEE", b"FFFFFFFF", TAG, OTHER):
        scene.open(tag)
        scene.replica.ledger.forget(tag)
        scene.news()
        scene.confirm_all()
    scene.replica.disconnect()
    scene.replica.connect()
    assert scene.news(whole=True)["uid-0"].ended == (TEXT, OTHER_TEXT)


async def test_an_endpoint_that_leaves_is_told_and_one_that_returns_brings_its_sessions() -> None:
    scene = Scene()
    scene.open(TAG)
    scene.news(whole=True)
    scene.endpoints("uid-1")
    (report,) = scene.replica.guided.reports(FACTS, whole=False)
    assert report.groups["servers"] == GroupReport(gone=("uid-0",))
    scene.replica.ledger.forget(OTHER)
    assert scene.news() == {}
    scene.endpoints("uid-0", "uid-1")
    assert scene.news()["uid-0"].seen == (TEXT,)


async def test_an_endpoint_that_is_elsewhere_is_told_anew_and_keeps_sessions_and_slots() -> None:
    scene = scene_with_kept_places()
    scene.open(TAG)
    scene.news()
    scene.replica.begin(scene.replica.group.endpoints["uid-0"])
    scene.news()
    before = scene.not_yet_verified("uid-0")
    scene.move("uid-0")
    assert scene.not_yet_verified("uid-0") != before
    anew = EndpointReport(anew=True, kept=2, handshake=scene.not_yet_verified("uid-0"))
    assert scene.news() == {"uid-0": anew}
    assert scene.news() == {"uid-0": EndpointReport(kept=2)}
    assert slots_of(scene).kept_beyond("uid-0") == 2


async def test_one_that_left_and_came_back_between_two_reports_is_told_anew() -> None:
    """What it knows of the endpoint looks as before, but a word that it got is lost."""
    scene = Scene()
    scene.news(whole=True)
    scene.endpoints("uid-1")
    scene.endpoints("uid-0", "uid-1")
    anew = EndpointReport(anew=True, handshake=scene.not_yet_verified("uid-0"))
    assert scene.news() == {"uid-0": anew}


async def test_wants_are_told_and_that_there_are_none_any_more() -> None:
    scene = Scene()
    scene.news(whole=True)
    slots = scene.replica.group.slots
    assert slots is not None
    slots.arrivals, slots.held = 4, 2
    for arrivals, held in ((4, 2), (0, 0)):
        (report,) = scene.replica.guided.reports(FACTS, whole=False)
        assert report.groups["servers"] == GroupReport(arrivals=arrivals, held=held)
        slots.held = 0
    assert scene.news() == {}


async def test_what_is_too_much_for_one_frame_comes_in_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demand_log, "MAX_TAGS_PER_REPORT", 2)
    scene = Scene()
    for number in range(3):
        scene.open(number.to_bytes(8, "big"))
    first, last = scene.replica.guided.reports(FACTS, whole=True)
    assert (first.whole, first.more, last.whole, last.more) == (True, True, False, False)
    assert last.seq == first.seq + 1
    assert list(first.groups["servers"].endpoints) == ["uid-0"]
    assert list(last.groups["servers"].endpoints) == ["uid-1"]
    scene.open(TAG)
    (session,) = (live for tag, live in scene.replica.ledger if tag == TAG)
    assert session.opened_seq == last.seq + 1


async def test_what_is_kept_beyond_guidance_is_told_while_it_is_and_once_more() -> None:
    scene = scene_with_kept_places()
    assert scene.news() == {"uid-0": EndpointReport(kept=2)}
    assert scene.news() == {"uid-0": EndpointReport(kept=2)}
    scene.open(TAG)
    slots_of(scene).give_back("uid-0")
    assert scene.news() == {"uid-0": EndpointReport(kept=1, opened=(TEXT,))}
    slots_of(scene).give_back("uid-0")
    assert scene.news() == {"uid-0": EndpointReport()}
    assert scene.news() == {}


async def test_a_new_leader_hears_of_kept_places_as_of_slots() -> None:
    scene = scene_with_kept_places()
    scene.news()
    scene.replica.disconnect()
    scene.replica.connect()
    told = scene.news(whole=True)["uid-0"]
    assert (told.slots, told.kept) == (2, 0)
    assert scene.news() == {}


async def test_what_was_kept_at_an_endpoint_that_left_and_came_back_is_over() -> None:
    scene = scene_with_kept_places()
    scene.news()
    scene.endpoints("uid-1")
    scene.news()
    slots_of(scene).give_back("uid-0")
    scene.endpoints("uid-0", "uid-1")
    back = scene.news()["uid-0"]
    assert (back.slots, back.kept) == (0, 0)
    assert scene.news() == {}


def slots_of(scene: Scene) -> SessionSlots:
    slots = scene.replica.group.slots
    assert slots is not None
    return slots


def scene_with_kept_places() -> Scene:
    """Two sessions are about to begin, of which the newest guidance covers none."""
    scene = Scene()
    scene.news(whole=True)
    slots = slots_of(scene)
    slots.take({"uid-0": EndpointGuidance(slots=2)}, 1)
    slots.keep("uid-0")
    slots.keep("uid-0")
    slots.take({"uid-0": EndpointGuidance(slots=0)}, 1)
    return scene
