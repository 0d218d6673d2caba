"""What has ended in one group: a late replica revives none, and who counts one is told (pure)."""

from collections.abc import Callable, Iterator

from moorage_contract.report_channel import PROMISE_SECONDS
from moorage_operator.planning.demand.claims import Held
from moorage_operator.planning.demand.gateway_pod import GatewayPod

MAX_ENDED_TAGS = 5_000
"""Remembered per group, oldest out first. Also those that one pod is still to be told; those that
are out it counts until they are idle."""
ENDED_SECONDS = 8 * PROMISE_SECONDS
"""So long an end is remembered: a replica that tells of the session later than that counts it until
it is idle there."""


class EndedSessions:
    """By tag, oldest first; each is charged to a pod as long as it is remembered."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._ended: dict[str, tuple[GatewayPod, float]] = {}
        self._untold: dict[GatewayPod, dict[str, None]] = {}
        """Sessions that a pod counts and that are over."""

    def __contains__(self, tag: str) -> bool:
        return tag in self._ended

    def __len__(self) -> int:
        return len(self._ended)

    def note(self, tag: str, charged: GatewayPod, now: float) -> None:
        """It has ended."""
        if tag in self._ended:
            return
        if len(self._ended) >= MAX_ENDED_TAGS:
            self.forget(next(iter(self._ended)))
        self._ended[tag] = charged, now
        self._held.sessions.charge(charged)
        self._held.remembered_ends.charge(charged)

    def note_unknown(self, tag: str, teller: GatewayPod, now: float) -> None:
        """It has ended before anybody told of it, as that may still be under way."""
        if tag not in self._ended and self._held.has_room_for_session(teller):
            self.note(tag, teller, now)

    def owe(self, pod: GatewayPod, tag: str) -> None:
        """The pod is to be told of that end."""
        untold = self._untold.setdefault(pod, {})
        if tag in untold:
            return
        if len(untold) >= MAX_ENDED_TAGS:
            del untold[next(iter(untold))]
        else:
            self._held.sessions.charge(pod)
        untold[tag] = None

    def taken_by(self, pod: GatewayPod) -> tuple[str, ...]:
        """All that the pod is to be told; nothing is left."""
        untold = tuple(self._untold.pop(pod, ()))
        self._held.sessions.charge(pod, -len(untold))
        return untold

    def expire(self, now: float) -> None:
        """Forget what ended long ago."""
        while self._ended:
            tag, (_, ended_at) = next(iter(self._ended.items()))
            if now - ended_at <= ENDED_SECONDS:
                return
            self.forget(tag)

    def forget_all(self) -> None:
        """Nobody has the group any more."""
        for tag in tuple(self._ended):
            self.forget(tag)
        for pod in tuple(self._untold):
            self.taken_by(pod)

    def oldest(self, whose: Callable[[GatewayPod], bool]) -> Iterator[tuple[float, str]]:
        """When each ended, and its tag; those that are charged to such pods."""
        return ((at, tag) for tag, (charged, at) in self._ended.items() if whose(charged))

    def forget(self, tag: str) -> None:
        """A replica that tells of it later counts it until it is idle there."""
        charged, _ = self._ended.pop(tag)
        self._held.sessions.charge(charged, -1)
        self._held.remembered_ends.charge(charged, -1)
