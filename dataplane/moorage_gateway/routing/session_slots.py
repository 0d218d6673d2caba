"""Where this replica may open sessions of one group, if several replicas share its endpoints."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from moorage_contract.report_channel import EndpointGuidance
from moorage_gateway.routing.load_ladder import LoadLadder
from moorage_gateway.routing.slot_account import SlotAccount, share_alone


class ReportCount:
    """The number of the next report, shared by all groups of a process; and who wants it soon."""

    def __init__(self, hurry: Callable[[], None]) -> None:
        self.next_seq = 1
        self.hurry = hurry


class SessionSlots:
    """An account for each endpoint, and the ladder of those with slots left."""

    def __init__(self, count: ReportCount) -> None:
        self._count = count
        self._accounts: dict[str, SlotAccount] = {}
        self._placeable: set[str] = set()
        self._open = LoadLadder()
        self._alone: tuple[int, int] | None = None
        """perPod and replicas, while no operator gives out slots."""
        self.held = 0
        """Requests that wait for a slot at this moment."""
        self.arrivals = 0
        """Sessions that clients wanted to begin since the last report."""
        self.was_wanted = False
        """Whether the last report told of some, so that the next one must tell of none."""

    # where a session goes

    def fullest(self) -> str | None:
        """The fullest endpoint with a slot left."""
        return self._open.fullest_below(_NO_BOUND)

    def __iter__(self) -> Iterator[str]:
        """The endpoints with a slot left."""
        return iter(self._open)

    def may_come(self, per_pod: int, uids: Iterable[str]) -> bool:
        """Whether a slot may be granted soon: one of them is not full, as far as is known."""
        if self._alone is not None:
            return False
        return any(self._account(uid).load < per_pod for uid in uids)

    def place(self, uid: str, placeable: bool) -> None:
        """Whether the endpoint may get anything new at all."""
        (self._placeable.add if placeable else self._placeable.discard)(uid)
        if placeable:
            self._account(uid)
        self._reorder(uid)

    def keep_only(self, uids: Container[str]) -> None:
        """All other endpoints left the table. One that is elsewhere now keeps its account: what
        was about to begin begins all the same, and the operator's word on its way holds."""
        for uid in [uid for uid in self._accounts if uid not in uids]:
            del self._accounts[uid]
            self.place(uid, placeable=False)

    # what begins and ends

    def keep(self, uid: str) -> None:
        """A place is kept for a session that is about to begin."""
        self._account(uid).places += 1
        self._reorder(uid)

    def give_back(self, uid: str) -> None:
        """The counterpart of ``keep``."""
        account = self._accounts.get(uid)
        if account is None or not account.places:
            return
        if account.give_back():
            self._count.hurry()  # others wait until the leader knows that we have fewer
        self._reorder(uid)

    def hold(self) -> None:
        """A request waits for a slot; whoever counts it so takes it back from ``held``."""
        self.held += 1
        self._count.hurry()

    def opened(self, uid: str) -> int:
        """A session began; returns the number of the report that will tell it."""
        seq = self._count.next_seq
        if uid in self._accounts:
            self._accounts[uid].opened(seq)
            self._reorder(uid)
        return seq

    def closed(self, uid: str, seq: int, *, over: bool) -> None:
        """A session is ``over``, or only idle; ``seq`` tells its opening, 0 if others opened it."""
        account = self._accounts.get(uid)
        if account is None:
            return
        if over and account.left <= 0:
            self._count.hurry()  # somebody may wait for the place that is free now
        ours = (over or self._alone is not None) and account.ended(seq)
        if not ours and self._alone is not None and seq:
            account.freed()  # nobody else gives its slot away
        elif not ours and over:
            account.over(self._count.next_seq)
        self._reorder(uid)

    # what is said of it

    def take(self, guidance: Mapping[str, EndpointGuidance], report_seq: int) -> bool:
        """Go by the operator's word; True if some endpoint has fewer slots by it."""
        self._alone, fewer = None, False
        for uid, told in guidance.items():
            account = self._account(uid)
            before = account.left
            account.guided(told.slots, told.load, report_seq)
            fewer |= account.left < before
            self._reorder(uid)
        return fewer

    def go_alone(self, live: Mapping[str, int], per_pod: int, replicas: int) -> None:
        """Go on without an operator; ``live`` are our own live sessions on every endpoint.

        Again while alone it does nothing, unless the rules are others.
        """
        if self._alone == (per_pod, replicas):
            return
        self._alone = (per_pod, replicas)
        for uid, sessions in live.items():
            account = self._account(uid)
            load = max(sessions, account.load) - account.places
            slots = share_alone(per_pod, load, replicas) + account.places
            account.guided(min(slots, max(0, per_pod - load)), load, self._count.next_seq)
            self._reorder(uid)

    def told(self, uid: str, report_seq: int) -> int:
        """What a whole report says is left; counted from that report on."""
        return self._account(uid).told(report_seq)

    def kept_beyond(self, uid: str) -> int:
        """How many sessions may begin that the newest guidance does not cover together."""
        account = self._accounts.get(uid)
        return account.kept_beyond if account is not None else 0

    def left(self, uid: str) -> int:
        """Slots left on one endpoint."""
        return self._account(uid).left

    def _account(self, uid: str) -> SlotAccount:
        """Made when it is first asked for. Alone it has our share then, though the endpoint may not
        be ready yet: a leader that is told of it is told what we would open there."""
        account = self._accounts.get(uid)
        if account is None:
            slots = 0 if self._alone is None else share_alone(self._alone[0], 0, self._alone[1])
            account = self._accounts[uid] = SlotAccount(slots)
        return account

    def _reorder(self, uid: str) -> None:
        account = self._accounts.get(uid)
        if account is not None and uid in self._placeable and account.left > 0:
            self._open.add(uid, account.load)
        else:
            self._open.remove(uid)


_NO_BOUND = 1 << 62
