"""Nobody is counted away by ignorance, nobody twice, and what has ended is gone."""

from collections.abc import Mapping
from typing import Any

import pytest

from moorage_contract.report_channel import (
    DemandReport,
    EndpointReport,
    GroupReport,
    Handshake,
)
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand import claims, demand_ledger, ended_sessions
from moorage_operator.planning.demand.claims import DemandRefused
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules
from moorage_operator.planning.snapshot import EndpointVerdict, GatewayPodReport, GroupDemand

GATEWAY = ResourceName("team", "agents")
OTHER_GATEWAY = ResourceName("guests", "agents")
GROUP = ResourceName("team", "tickets")
IDLE_SECONDS = 60
ONE, TWO = GatewayPod(GATEWAY, "one"), GatewayPod(GATEWAY, "two")
GUEST = GatewayPod(OTHER_GATEWAY, "guest")
READY = Handshake(state="ready", own=True, why="handshake succeeded", versions=("2025-11-25",))
FAILED = Handshake(own=True, why="404 instead of MCP")


class Scene:
    """A settled leader, and pods that report what a test says."""

    def __init__(self) -> None:
        self.served = {GATEWAY: {GROUP}, OTHER_GATEWAY: {GROUP}}
        self.ledger = DemandLedger(self, leading_since=-1000.0)
        self._seq: dict[GatewayPod, int] = {}

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        rules = GroupRules(per_pod=10, idle_seconds=IDLE_SECONDS)
        return dict.fromkeys(self.served.get(gateway, ()), rules)

    def tell(
        self,
        pod: GatewayPod,
        now: float = 0.0,
        *,
        uid: str = "u",
        group: str = "",
        handshake: Handshake | None = READY,
        gone: tuple[str, ...] = (),
        more: Mapping[str, Any] | None = None,
        **news: Any,
    ) -> Any:
        seq = self._seq[pod] = self._seq.get(pod, 0) + 1
        endpoints = {} if uid in gone else {uid: EndpointReport(handshake=handshake, **news)}
        group = group or ("tickets" if pod.gateway.namespace == "team" else "team/tickets")
        report = DemandReport(
            seq=seq,
            gateway=str(pod.gateway),
            pod=pod.name,
            groups={group: GroupReport(endpoints=endpoints, gone=gone)},
            **{"whole": seq == 1, "table_digest": "d", **(more or {})},
        )
        return self.ledger.hear(pod, report, now)

    def ended_told(self, pod: GatewayPod) -> tuple[str, ...]:
        guidance = self.ledger.guidance(pod, 0.0, answer=True)
        assert guidance is not None
        groups = guidance.groups.values()
        return tuple(tag for told in groups for each in told.values() for tag in each.ended)

    @property
    def sessions(self) -> int:
        return self.ledger.demand(GROUP).sessions


def test_a_session_that_several_see_is_one() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a", "b"))
    scene.tell(TWO, seen=("a",))
    scene.tell(GUEST, seen=("b", "c"))
    assert scene.sessions == 3


def test_every_pod_that_told_of_a_session_is_told_once_that_it_ended() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a", "b"))
    scene.tell(GUEST, seen=("a",))
    scene.tell(TWO, ended=("a",))
    assert scene.ended_told(ONE) == scene.ended_told(GUEST) == ("a",)
    assert scene.ended_told(TWO) == scene.ended_told(ONE) == ()
    scene.tell(TWO, seen=("a",))
    assert scene.ended_told(TWO) == ("a",), "it came late"


def test_a_guidance_tells_of_a_bounded_number_of_ends_and_the_next_one_of_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demand_ledger, "MAX_ENDED_PER_GUIDANCE", 2)
    scene = Scene()
    scene.served[GATEWAY] = {GROUP, ResourceName("team", "wiki")}
    for group in ("tickets", "wiki"):
        scene.tell(ONE, uid=group, group=group, opened=(f"{group}-1", f"{group}-2"))
    for group in ("tickets", "wiki"):
        scene.tell(TWO, uid=group, group=group, ended=(f"{group}-1", f"{group}-2"))
    assert scene.ended_told(ONE) == ("tickets-1", "tickets-2")
    assert scene.ended_told(ONE) == ("wiki-1", "wiki-2")
    assert scene.ended_told(ONE) == ()


def test_a_session_that_ended_anywhere_is_gone_and_nobody_revives_it() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a",))
    scene.tell(TWO, seen=("a",))
    scene.tell(TWO, ended=("a",))
    assert scene.sessions == 0
    scene.tell(ONE, more={"whole": True}, seen=("a",))
    scene.tell(GUEST, seen=("a",))
    assert scene.sessions == 0


def test_a_session_that_one_replica_forgot_as_idle_stays_while_another_sees_it() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a",))
    scene.tell(TWO, seen=("a",))
    scene.tell(ONE, idle=("a",))
    assert scene.sessions == 1
    scene.tell(TWO, idle=("a",))
    assert scene.sessions == 1, "a third one that saw it may not be heard at this moment"
    scene.ledger.expire(15.0)
    assert scene.sessions == 1
    assert scene.ledger.expire(15.5) == {GROUP}
    assert scene.sessions == 0


def test_a_session_that_is_idle_but_for_a_pod_whose_channel_is_broken_stays_counted() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a",))
    scene.tell(TWO, seen=("a",))
    scene.ledger.vanish(TWO, 1.0, may_live_on=True)
    scene.tell(ONE, 2.0, idle=("a",))
    scene.ledger.expire(10.0)
    assert scene.sessions == 1
    scene.tell(TWO, 10.0, more={"whole": True}, seen=("a",))
    scene.ledger.expire(100.0)
    assert scene.sessions == 1


@pytest.mark.parametrize("may_live_on", [True, False])
def test_sessions_of_a_gateway_that_vanished_count_until_they_are_idle(may_live_on: bool) -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a", "b"))
    scene.tell(TWO, seen=("b",))
    scene.ledger.vanish(ONE, 100.0, may_live_on=may_live_on)
    scene.ledger.expire(100.0 + IDLE_SECONDS)
    assert scene.sessions == 2
    assert scene.ledger.expire(100.5 + IDLE_SECONDS) == {GROUP}
    assert scene.sessions == 1, "the other one still sees b"


def test_sessions_whose_gateway_is_back_or_whose_client_came_elsewhere_go_on() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a", "b", "c"))
    scene.ledger.vanish(ONE, 0.0, may_live_on=True)
    scene.tell(ONE, 10.0, more={"whole": True}, seen=("a",))
    scene.tell(TWO, 10.0, seen=("b",))
    scene.ledger.expire(1.0 + IDLE_SECONDS)
    assert scene.sessions == 2


def test_sessions_go_with_their_endpoint_when_the_last_table_has_it_no_more() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a",))
    scene.tell(TWO, seen=("a",))
    scene.tell(ONE, gone=("u",))
    assert scene.sessions == 1
    scene.tell(TWO, gone=("u",))
    assert scene.sessions == 0
    scene.ledger.expire(1.0)
    assert scene.ledger.demand(GROUP) == GroupDemand()


def test_what_a_gateway_does_not_serve_it_cannot_count() -> None:
    scene = Scene()
    scene.tell(GUEST, seen=("a",))
    scene.served[OTHER_GATEWAY] = set()
    scene.tell(GUEST, 1.0, seen=("b",))
    assert scene.sessions == 1, "what it counted while it might goes on until it is idle"
    scene.ledger.expire(2.0 + IDLE_SECONDS)
    assert scene.sessions == 0
    assert scene.ledger.to_be_heard_anew() == frozenset()
    scene.served[OTHER_GATEWAY] = {GROUP}
    assert scene.ledger.to_be_heard_anew() == {GUEST}


def test_one_success_verifies_and_without_one_the_first_failure_tells_why() -> None:
    scene = Scene()
    scene.tell(ONE, handshake=Handshake())
    assert scene.ledger.demand(GROUP).verdicts == ()
    assert scene.tell(TWO, handshake=FAILED).verdicts == {GROUP}
    assert scene.ledger.demand(GROUP).verdicts == (EndpointVerdict("u", False, (), FAILED.why),)
    assert scene.tell(ONE, handshake=READY).verdicts == {GROUP}
    assert scene.ledger.demand(GROUP).verdicts == (
        EndpointVerdict("u", True, ("2025-11-25",), READY.why),
    )
    assert scene.tell(TWO, handshake=READY).verdicts == frozenset()


def test_an_endpoint_keeps_the_name_that_one_pod_told() -> None:
    scene = Scene()
    scene.tell(ONE, handshake=Handshake(), name="tickets-1")
    scene.tell(TWO, handshake=FAILED)
    (verdict,) = scene.ledger.demand(GROUP).verdicts
    assert verdict.endpoint_name == "tickets-1"


def test_a_name_that_comes_later_is_news_of_the_group() -> None:
    scene = Scene()
    scene.tell(ONE, handshake=FAILED)
    heard = scene.tell(ONE, handshake=FAILED, name="tickets-1")
    assert heard.verdicts == {GROUP}
    assert scene.ledger.demand(GROUP).verdicts[0].endpoint_name == "tickets-1"


def test_what_each_pod_last_told_is_kept_while_it_is_connected() -> None:
    scene = Scene()
    more = {"key_ids": ("k1",), "sessions": 3, "streams": 2}
    first = scene.tell(ONE, more=more, opened=("a", "b", "c"))
    assert first.in_force and first.counts
    scene.tell(TWO, seen=("b",), more={"sessions": 1})
    scene.tell(GUEST, seen=("c", "d"))
    assert scene.ledger.reports(GATEWAY) == (
        GatewayPodReport("one", "d", frozenset({"k1"}), 3, 2),
        GatewayPodReport("two", "d", frozenset(), 0, 0),
    )
    assert not scene.tell(ONE, more={"key_ids": ("k1",)}).in_force
    assert scene.tell(ONE, more={"key_ids": ("k1", "k2")}).in_force
    assert scene.tell(ONE, more={"key_ids": ("k1", "k2"), "table_digest": "e"}).in_force
    scene.ledger.vanish(ONE, 0.0, may_live_on=True)
    assert [each.pod for each in scene.ledger.reports(GATEWAY)] == ["two"]


def test_one_live_pod_verifies_and_another_takes_its_place_when_it_vanishes() -> None:
    scene = Scene()
    for pod in (ONE, TWO, GUEST):
        scene.tell(pod, handshake=Handshake())
    appointed = [pod for pod in (ONE, TWO, GUEST) if is_to_verify(scene, pod)]
    assert len(appointed) == 1
    scene.ledger.vanish(appointed[0], 1.0, may_live_on=True)
    (successor,) = scene.ledger.appoint(1.0) - set(appointed)
    left = [pod for pod in (ONE, TWO, GUEST) if pod not in appointed]
    assert [pod for pod in left if is_to_verify(scene, pod)] == [successor]
    scene.tell(left[0], handshake=READY)
    guidance = scene.ledger.guidance(left[1], 2.0, answer=True)
    assert guidance is not None
    (told,) = next(iter(guidance.groups.values())).values()
    assert told.verdict is not None and told.verdict.versions == ("2025-11-25",)


def is_to_verify(scene: Scene, pod: GatewayPod) -> bool:
    guidance = scene.ledger.guidance(pod, 1.0, answer=True)
    assert guidance is not None
    return any(told.verify for group in guidance.groups.values() for told in group.values())


def test_nothing_is_granted_by_a_new_leader_before_all_may_be_known() -> None:
    scene = Scene()
    scene.ledger = DemandLedger(scene, leading_since=0.0)
    scene.tell(ONE, slots=2)
    assert slots(scene, ONE, 1.0) == 2, "what it has it keeps"
    scene.tell(ONE, 2.0, more={"guidance_seq": 1})
    scene.ledger.expire(20.0)
    scene.tell(ONE, 20.0, more={"guidance_seq": 1})
    assert slots(scene, ONE, 20.0) == 9, "one in ten stays for a pod that comes"

    scene = Scene()
    scene.ledger = DemandLedger(scene, leading_since=0.0)
    scene.tell(ONE, slots=2)
    scene.tell(TWO, slots=0)
    assert (slots(scene, ONE, 1.0), slots(scene, TWO, 1.0)) == (2, 0), "a rollout has more pods"


def slots(scene: Scene, pod: GatewayPod, now: float) -> int:
    guidance = scene.ledger.guidance(pod, now, answer=True)
    assert guidance is not None
    return guidance.groups["tickets"]["u"].slots


def test_sessions_are_bounded_and_the_refusal_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claims, "MAX_SESSIONS", 12)
    scene = Scene()
    scene.tell(ONE, opened=("a", "b", "c"))
    scene.tell(TWO, seen=("a", "b", "c"))
    with pytest.raises(DemandRefused, match="idleSeconds"):
        scene.tell(TWO, seen=("d",))
    assert scene.sessions == 3
    scene.tell(ONE, ended=("a",))
    assert scene.ended_told(TWO) == ("a",)
    scene.tell(TWO, seen=("d",))
    assert scene.sessions == 3


def test_an_end_that_overtakes_the_opening_is_remembered_and_every_end_for_minutes_only() -> None:
    scene = Scene()
    scene.tell(TWO, 0.0, ended=("a",))
    scene.tell(ONE, 1.0, opened=("a",))
    assert scene.sessions == 0
    scene.ledger.expire(ended_sessions.ENDED_SECONDS)
    scene.tell(GUEST, 2.0, seen=("a",))
    assert scene.sessions == 0
    scene.ledger.expire(ended_sessions.ENDED_SECONDS + 1.0)
    scene.tell(GUEST, 3.0, seen=("a",))
    assert scene.sessions == 1, "who tells of it so late counts it until it is idle"


def test_a_report_in_pieces_is_answered_at_its_end() -> None:
    scene = Scene()
    scene.tell(ONE, seen=("a",), more={"whole": True, "more": True})
    assert scene.ledger.guidance(ONE, 0.0, answer=True) is None
    scene.tell(ONE, seen=("b",))
    guidance = scene.ledger.guidance(ONE, 0.0, answer=True)
    assert guidance is not None and guidance.report_seq == 2
    assert scene.sessions == 2


def test_a_pod_that_comes_opens_sessions_at_once_though_others_were_told_all_that_is_free() -> None:
    scene = Scene()
    scene.tell(ONE)
    assert slots(scene, ONE, 1.0) == 9
    heard = scene.tell(TWO, 1.0)
    assert heard.to_guide == {ONE}, "it has too many now, and is told so at once"
    assert slots(scene, TWO, 1.0) == 1


def test_what_a_vanished_pod_may_still_open_is_kept_free_and_the_rest_shared_anew() -> None:
    scene = Scene()
    scene.tell(ONE, slots=5)
    scene.tell(TWO, slots=4)
    scene.ledger.vanish(TWO, 3.0, may_live_on=True)
    scene.tell(GUEST, 4.0)
    assert slots(scene, ONE, 4.0) == 3, "of six that are free without those that TWO may open"
    scene.tell(ONE, 4.1, more={"guidance_seq": 1})
    guidance = scene.ledger.guidance(GUEST, 4.2, answer=True)
    assert guidance is not None
    assert guidance.groups["team/tickets"]["u"].slots == 3


def test_while_nobody_can_say_what_a_gateway_serves_what_was_known_stays() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a",))
    of_all = scene.served_by
    scene.served_by = lambda gateway: None  # type: ignore[method-assign]
    scene.tell(ONE, 1.0, opened=("b",))
    scene.served_by = of_all  # type: ignore[method-assign]
    assert scene.sessions == 2
    assert not scene.ledger.to_be_heard_anew()


def test_a_pod_is_heard_anew_of_a_group_that_was_not_its_gateways_for_a_while() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a",))
    scene.served[GATEWAY] = set()
    scene.tell(ONE, 1.0, uid="u", gone=("u",))
    assert not scene.ledger.to_be_heard_anew()
    scene.served[GATEWAY] = {GROUP}
    assert scene.ledger.to_be_heard_anew() == {ONE}


def test_a_pod_that_stops_says_so_at_once_and_its_sessions_still_count() -> None:
    scene = Scene()
    scene.tell(ONE, opened=("a",), more={"sessions": 1})
    heard = scene.tell(ONE, more={"stopping": True, "sessions": 1})
    assert heard.in_force, "Programmed is looked at anew"
    (report,) = scene.ledger.reports(GATEWAY)
    assert (report.stopping, report.sessions) == (True, 1)


def test_a_pod_that_no_client_reaches_any_more_leaves_its_slots_to_others_at_once() -> None:
    scene = Scene()
    scene.tell(ONE, slots=5)
    scene.tell(TWO, slots=4)
    scene.tell(ONE, more={"stopping": True})
    assert slots(scene, ONE, 0.0) == 5, "clients may still come"
    scene.tell(ONE, handshake=None, more={"stopping": True, "closed": True, "guidance_seq": 1})
    assert slots(scene, ONE, 0.0) == 0
    assert slots(scene, TWO, 0.0) <= 5, "until it is known that the other one heard it"
    scene.tell(ONE, handshake=None, more={"stopping": True, "closed": True, "guidance_seq": 2})
    assert slots(scene, TWO, 0.0) == 9
    scene.ledger.vanish(ONE, 0.0, may_live_on=False)
    scene.tell(ONE, more={"whole": True})
    assert slots(scene, TWO, 0.0) <= 5, "one of the same name that is new"


def test_a_pod_of_a_new_gateway_with_the_same_name_shows_its_own_account() -> None:
    scene = Scene()
    scene.tell(GatewayPod(GATEWAY, "one", "former"))
    scene.tell(GatewayPod(GATEWAY, "one", "present"), more={"whole": True})
    assert [each.account_uid for each in scene.ledger.reports(GATEWAY)] == ["present"]


def test_the_last_thousand_sessions_that_ended_are_revived_by_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ended_sessions, "MAX_ENDED_TAGS", 1000)
    scene = Scene()
    ended = tuple(f"s{n}" for n in range(1001))
    scene.tell(ONE, opened=ended)
    scene.tell(ONE, ended=ended)
    scene.tell(TWO, seen=ended[1:])
    assert scene.sessions == 0
    scene.tell(TWO, seen=ended[:1])
    assert scene.sessions == 1, "memory is bounded: the oldest is forgotten"


def test_what_a_pod_was_promised_holds_while_it_tells_all_anew_in_pieces() -> None:
    scene = Scene()
    scene.tell(ONE, uid="a", slots=4)
    scene.tell(ONE, uid="b", slots=4)
    scene.ledger.vanish(ONE, 0.0, may_live_on=True)
    scene.tell(ONE, uid="a", slots=4, more={"whole": True, "more": True})
    scene.ledger.vanish(ONE, 1.0, may_live_on=True)
    guidance = (scene.tell(TWO, 1.0, uid="b"), scene.ledger.guidance(TWO, 1.0, answer=True))[1]
    assert guidance is not None
    assert guidance.groups["tickets"]["b"].slots == 6


def test_who_failed_to_shake_hands_keeps_no_slots_from_who_succeeded() -> None:
    scene = Scene()
    scene.tell(ONE, handshake=READY)
    scene.tell(TWO, handshake=FAILED)
    assert slots(scene, ONE, 1.0) == 9
    assert slots(scene, TWO, 1.0) == 0
