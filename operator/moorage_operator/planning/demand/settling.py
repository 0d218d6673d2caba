"""Since when a new leader knows all that was promised before it (pure).

A gateway pod goes on by a former leader's word. So a new one gives nobody more than it has until
every pod has told what it goes by: every one that the API server knows of, also those that end. One
that is not heard may live all the same, and its word holds for ``PROMISE_SECONDS`` at most.
"""

from moorage_contract.report_channel import PROMISE_SECONDS
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.gateway_pod import GatewayPod

PodNames = frozenset[tuple[ResourceName, str]]
"""Gateway and pod."""


class Settling:
    """Of one leader, from its beginning on."""

    def __init__(self, leading_since: float) -> None:
        self._at_last = leading_since + PROMISE_SECONDS
        self._awaited: set[tuple[ResourceName, str]] | None = None
        """Pods that there were at the beginning and that have not told all; None: not known."""
        self._heard: set[tuple[ResourceName, str]] = set()

    def expect(self, pods: PodNames) -> None:
        """These are all that a former leader can have promised anything; told anew, they were."""
        if self._awaited is None:
            self._awaited = set(pods - self._heard)

    def hear(self, pod: GatewayPod) -> None:
        """It has told all that it goes by."""
        if self._awaited is None:
            self._heard.add((pod.gateway, pod.name))
        else:
            self._awaited.discard((pod.gateway, pod.name))

    def is_over(self, now: float) -> bool:
        """Whether nothing unknown can be promised any more."""
        return self._awaited == set() or now >= self._at_last
