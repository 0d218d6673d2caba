"""Which pod shakes hands with an endpoint of which nothing good is known (pure).

One pod at a time, in turns. In the first round the turn passes on as soon as a pod has failed, or
has not begun for too long. When all had theirs a pod keeps its turn for longer and longer, and
repeats its handshake meanwhile by its own delays.
"""

from collections import Counter
from collections.abc import Mapping, Set

from moorage_contract.report_channel import Handshake
from moorage_operator.planning.demand.gateway_pod import GatewayPod

FIRST_TURN_SECONDS = 12.0
"""A pod that has not begun by then may never: it may not know yet that the endpoint is ready."""
LONGEST_TURN_SECONDS = 120.0
ATTEMPT_SECONDS = 150.0
"""Longer than any handshake takes: a stdio server gets twice 65 s to start."""


class Appointment:
    """The turns of one endpoint."""

    def __init__(self) -> None:
        self.pod: GatewayPod | None = None
        self._since = 0.0
        self._turn_seconds = FIRST_TURN_SECONDS
        self._had_theirs: set[GatewayPod] = set()

    def settle(
        self, pods: Mapping[GatewayPod, Handshake], busy: Counter[GatewayPod], now: float
    ) -> bool:
        """Let a turn begin where none is; True if another pod has it than before.

        ``pods`` are those that wait for a verdict; ``busy``: how many endpoints each verifies.
        """
        before = self.pod
        known = pods.get(before) if before is not None else None
        if known is not None and not self._is_over(known, now, alone=len(pods) == 1):
            return False
        self.pod = self._next(pods, busy)
        self._since = now
        if self.pod is not None:
            self._had_theirs.add(self.pod)
        return self.pod != before

    def _is_over(self, known: Handshake, now: float, *, alone: bool) -> bool:
        lasts_seconds = now - self._since
        if known.under_way:
            return lasts_seconds >= self._turn_seconds + ATTEMPT_SECONDS
        if known.own and self._turn_seconds == FIRST_TURN_SECONDS:
            return not alone
        return lasts_seconds >= self._turn_seconds

    def _next(
        self, pods: Mapping[GatewayPod, Handshake], busy: Counter[GatewayPod]
    ) -> GatewayPod | None:
        candidates: Set[GatewayPod] = pods.keys() - self._had_theirs
        if pods and not candidates:
            self._had_theirs = set()
            self._turn_seconds = min(2 * self._turn_seconds, LONGEST_TURN_SECONDS)
            candidates = pods.keys() - {self.pod} or pods.keys()
        # One that is at it already, by itself or by a former leader's word, needs no second one.
        return min(
            candidates, key=lambda pod: (not pods[pod].under_way, busy[pod], pod), default=None
        )
