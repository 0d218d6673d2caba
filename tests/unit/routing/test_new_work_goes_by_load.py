"""Whatever happens to endpoints and their work, new work goes where a plain count would put it."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moorage_contract.route_table import Endpoint, Group
from moorage_gateway.routing.endpoint_book import EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.settings import Limits

UIDS = ("a", "b", "c")
ANY_UID = st.sampled_from(UIDS)


class BookedWork(RuleBasedStateMachine):
    """A book of one group, against plain counts of what runs where."""

    def __init__(self) -> None:
        super().__init__()
        self.book = EndpointBook(Limits(), lambda booked: None)
        self.listed = set(UIDS)
        self._apply()
        self.group = self.book.groups["g"]
        for booked in self.group.endpoints.values():
            self.book.set_health(booked, booked.health.verified(()))
        self.requests = dict.fromkeys(UIDS, 0)
        self.sessions = dict.fromkeys(UIDS, 0)

    def _apply(self) -> None:
        endpoints = tuple(Endpoint(uid=uid, url=f"http://{uid}/mcp") for uid in sorted(self.listed))
        self.book.apply([Group(name="g", source="External", endpoints=endpoints)])

    @rule(uid=ANY_UID)
    def leaves_the_table_or_comes_back(self, uid: str) -> None:
        self.listed ^= {uid}
        self._apply()

    @rule(uid=ANY_UID)
    def fails_or_is_verified(self, uid: str) -> None:
        if booked := self.group.endpoints.get(uid):
            ready = booked.health.state is EndpointState.READY
            failed = booked.health.failed("refused", fatal=True)
            self.book.set_health(booked, failed if ready else booked.health.verified(()))

    @rule(uid=ANY_UID, times=st.integers(1, 3))
    def requests_begin(self, uid: str, times: int) -> None:
        for _ in range(times if uid in self.listed else 0):
            self.group.request_started(uid)
            self.requests[uid] += 1

    @rule(uid=ANY_UID, times=st.integers(1, 3))
    def requests_end(self, uid: str, times: int) -> None:
        for _ in range(min(times, self.requests[uid])):
            self.group.request_ended(uid)
            self.requests[uid] -= 1

    @rule(uid=ANY_UID, times=st.integers(1, 3))
    def sessions_open(self, uid: str, times: int) -> None:
        for _ in range(times if uid in self.listed else 0):
            self.group.session_opened(uid)
            self.sessions[uid] += 1

    @rule(uid=ANY_UID, times=st.integers(1, 3))
    def sessions_close(self, uid: str, times: int) -> None:
        for _ in range(min(times, self.sessions[uid])):
            self.group.session_closed(uid)
            self.sessions[uid] -= 1

    def ready(self) -> list[str]:
        endpoints = self.group.endpoints.items()
        return [uid for uid, booked in endpoints if booked.health.state is EndpointState.READY]

    @rule()
    def a_request_goes_to_the_least_loaded(self) -> None:
        uid, ready = self.group.least_loaded(), self.ready()
        assert (uid is None) == (not ready)
        if uid is not None:
            assert uid in ready
            assert self.requests[uid] == min(self.requests[each] for each in ready)

    @invariant()
    def a_session_goes_to_the_fullest_with_room(self) -> None:
        ready = self.ready()
        for bound in range(5):
            uid = self.group.sessions.fullest_below(bound)
            below = [self.sessions[each] for each in ready if self.sessions[each] < bound]
            assert (uid is None) == (not below)
            assert uid is None or (uid in ready and self.sessions[uid] == max(below))

    @invariant()
    def counts_are_kept_until_the_last_of_the_work(self) -> None:
        for counted, expected in (
            (self.group.in_flight, self.requests),
            (self.group.live_sessions, self.sessions),
        ):
            assert {uid: count for uid, count in counted.items() if count} == {
                uid: count for uid, count in expected.items() if count
            }
            assert counted.keys() <= {*self.group.endpoints, *(u for u in UIDS if expected[u])}


class AskedAllTheTime(BookedWork):
    """The same where every change is followed by a request: the order is never out of date."""

    @invariant()
    def the_order_is_right(self) -> None:
        self.a_request_goes_to_the_least_loaded()


TestAskedNowAndThen = BookedWork.TestCase
TestAskedAllTheTime = AskedAllTheTime.TestCase
TestAskedNowAndThen.settings = TestAskedAllTheTime.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None
)
