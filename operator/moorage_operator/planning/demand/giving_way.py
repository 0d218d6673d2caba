"""Ends that are only remembered give way to sessions that live, the oldest first (pure)."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from moorage_operator.planning.demand import claims
from moorage_operator.planning.demand.claims import Held
from moorage_operator.planning.demand.ended_sessions import EndedSessions
from moorage_operator.planning.demand.gateway_pod import GatewayPod

AT_ONCE = 8
"""One of so many is forgotten whenever one must be: looking for them costs more than forgetting."""
Whose = Callable[[GatewayPod], bool]


def give_way(
    pod: GatewayPod, new: int, held: Held, in_groups: Callable[[], Iterable[EndedSessions]]
) -> None:
    """Forget ends until the pod has room for ``new`` sessions: its own where it has too much, then
    those of its namespace, then anybody's. None where that would not do."""
    if not new or not _would_do(pod, new, held):
        return
    ends, namespace = held.remembered_ends, pod.gateway.namespace
    for short_of, number_of, whose in (
        (_pod_lacks, ends.of_pod, lambda one: one == pod),
        (_namespace_lacks, ends.of_namespace, lambda one: one.gateway.namespace == namespace),
        (_all_lack, lambda _: ends.total, lambda _: True),
    ):
        if (short := short_of(pod, new, held)) > 0:
            number = min(number_of(pod), max(short, number_of(pod) // AT_ONCE))
            _forget(number, whose, in_groups())


def _would_do(pod: GatewayPod, new: int, held: Held) -> bool:
    ends = held.remembered_ends
    pod_has_room = _pod_lacks(pod, new, held) <= ends.of_pod(pod)
    # An end of the namespace itself counts twice: it has one less, and one more is left for all.
    return pod_has_room and _all_lack(pod, new, held) <= ends.total + ends.of_namespace(pod)


def _pod_lacks(pod: GatewayPod, new: int, held: Held) -> int:
    return held.sessions.of_pod(pod) + new - claims.MAX_SESSIONS_PER_POD


def _namespace_lacks(pod: GatewayPod, new: int, held: Held) -> int:
    return (_all_lack(pod, new, held) + 1) // 2


def _all_lack(pod: GatewayPod, new: int, held: Held) -> int:
    """How many others must give back, so that its namespace has no more than is left."""
    left = claims.MAX_SESSIONS - held.sessions.total
    return held.sessions.of_namespace(pod) + 2 * new - left


def _forget(number: int, whose: Whose, in_groups: Iterable[EndedSessions]) -> None:
    by_age = heapq.merge(*(_aged(ended, whose) for ended in in_groups if len(ended)))
    for _, _, tag, ended in list(islice(by_age, number)):
        ended.forget(tag)


def _aged(ended: EndedSessions, whose: Whose) -> Iterator[tuple[float, int, str, EndedSessions]]:
    """To be merged; no two are equal before the last part."""
    return ((at, id(ended), tag, ended) for at, tag in ended.oldest(whose))
