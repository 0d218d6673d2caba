"""How many sessions this replica may still open on one endpoint (pure).

Where an operator leads, it says so with each guidance: slots beyond the sessions that this
replica's report ``report_seq`` told. A slot of a session that was opened since is free again when
the session ends; one of an older session the operator gives away anew, and not always to us.
"""


class SlotAccount:
    """The slots of one endpoint."""

    __slots__ = ("_base_load", "_is_overrun", "_opened", "_over", "_report_seq", "_slots", "places")

    def __init__(self, slots: int = 0, load: int = 0, report_seq: int = 0) -> None:
        self._slots = slots
        self._base_load = load
        self._report_seq = report_seq
        self._opened: dict[int, int] = {}
        """Live sessions that we opened, by the report that tells them."""
        self._over: dict[int, int] = {}
        """Ended sessions of which the operator does not know yet, by the report that tells it."""
        self._is_overrun = False
        """Whether guidance came that does not cover all places."""
        self.places = 0
        """Kept for sessions that are about to begin."""

    @property
    def since(self) -> int:
        """Sessions that we opened and that the slots do not know of."""
        return sum(self._opened.values())

    @property
    def left(self) -> int:
        """How many more may begin; below zero where guidance came too late for it."""
        return self._slots - self.places - self.since

    @property
    def kept_beyond(self) -> int:
        """The places, where the slots do not cover all of them: they were kept by an older word."""
        return self.places if self.left < 0 else 0

    @property
    def load(self) -> int:
        """Sessions on the endpoint, as far as is known here."""
        return self._base_load + self.places + self.since - sum(self._over.values())

    def give_back(self) -> bool:
        """A place is free, or its session is counted by now; True if guidance did not cover it."""
        was_overrun = self._is_overrun
        self.places -= 1
        self._is_overrun = was_overrun and self.kept_beyond > 0
        return was_overrun

    def opened(self, seq: int) -> None:
        """A session began through us; report ``seq`` will tell it."""
        self._opened[seq] = self._opened.get(seq, 0) + 1

    def ended(self, seq: int) -> bool:
        """A session is over that report ``seq`` told or tells; True if its slot is ours again."""
        if seq > self._report_seq and self._opened.get(seq):
            self._opened[seq] -= 1
            return True
        return False

    def over(self, seq: int) -> None:
        """A session is over that the load counts; report ``seq`` tells the operator."""
        self._over[seq] = self._over.get(seq, 0) + 1

    def freed(self) -> None:
        """A session that the load counts is over, and its slot is ours."""
        self._base_load -= 1
        self._slots += 1

    def guided(self, slots: int, load: int, report_seq: int) -> None:
        """The operator has said it anew, knowing all up to report ``report_seq``."""
        self._slots, self._base_load, self._report_seq = slots, load, report_seq
        for counts in (self._opened, self._over):
            for seq in [seq for seq in counts if seq <= report_seq]:
                del counts[seq]
        self._is_overrun = self.kept_beyond > 0

    def told(self, report_seq: int) -> int:
        """A whole report begins a new connection: the slots that are left, and their new base."""
        slots = max(0, self.left) + self.places
        self.guided(slots, self.load - self.places, report_seq)
        return slots


def share_alone(per_pod: int, load: int, replicas: int) -> int:
    """Slots without an operator: an even share of what is free, at least one of it."""
    return -(-max(0, per_pod - load) // replicas)
