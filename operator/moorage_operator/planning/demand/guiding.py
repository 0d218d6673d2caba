"""What a pod is told of the endpoints of one group (pure but for noting that it was told)."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from moorage_contract.report_channel import MAX_ENDPOINTS_PER_GUIDANCE, EndpointGuidance
from moorage_operator.planning.demand.endpoint_demand import (
    EndpointDemand,
    PodAtEndpoint,
)
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.group_of_pods import GroupOfPods
from moorage_operator.planning.demand.promises import Promise
from moorage_operator.planning.demand.sharing import shared_out, slots_now
from moorage_operator.planning.demand.verdicts import verdict_for


@dataclass(frozen=True)
class Occasion:
    """When and why a pod is told something."""

    guidance_seq: int
    report_seq: int
    """The pod's newest report, which is taken in."""
    first: bool = False
    """It was told nothing on this connection yet."""
    settling: bool = False
    """Not all that was promised is known yet: nobody gets more than it has."""
    endpoints_at_most: int = MAX_ENDPOINTS_PER_GUIDANCE


def guide(group: GroupOfPods, pod: GatewayPod, occasion: Occasion) -> dict[str, EndpointGuidance]:
    """By uid, what the pod cannot know by itself of each endpoint; it counts as told."""
    told: dict[str, EndpointGuidance] = {}
    ended = group.ended.taken_by(pod)
    for uid, endpoint, known in _endpoints_of(group, pod):
        if len(told) >= occasion.endpoints_at_most:
            break
        guidance = EndpointGuidance(
            load=len(endpoint.tags),
            slots=_slots(group, pod, endpoint, occasion),
            verify=endpoint.verifier == pod and known.handshake.state == "verifying",
            verdict=verdict_for(known.handshake, endpoint.word_for(known.handshake)),
        )
        if occasion.first or ended or _is_news(known, guidance):
            promise = Promise(occasion.guidance_seq, occasion.report_seq, guidance.slots)
            endpoint.tell(pod, promise, guidance)
            told[uid] = replace(guidance, ended=ended)
            ended = ()
    return told


def _endpoints_of(
    group: GroupOfPods, pod: GatewayPod
) -> Iterator[tuple[str, EndpointDemand, PodAtEndpoint]]:
    for uid, endpoint in group.endpoints.items():
        known = endpoint.pods.get(pod)
        if known is not None and known.vanished_at is None:
            yield uid, endpoint, known


def _slots(
    group: GroupOfPods,
    pod: GatewayPod,
    endpoint: EndpointDemand,
    occasion: Occasion,
) -> int:
    per_pod, load = group.rules.per_pod, len(endpoint.tags)
    settling = occasion.settling or bool(group.incomplete)
    taken = per_pod if settling else load + endpoint.promised
    free = per_pod - load - endpoint.promised_to_vanished
    share = endpoint.order(group.order).share_of(pod, shared_out(free))
    return slots_now(share, endpoint.pods[pod].promises.outstanding, per_pod, taken)


def _is_news(known: PodAtEndpoint, guidance: EndpointGuidance) -> bool:
    """Whether the pod would go by anything else if it were told nothing."""
    promises, told = known.promises, known.told
    return (
        told is None
        or promises.is_used
        or (guidance.slots, guidance.load) != (promises.newest.slots, told.load)
        or (guidance.verify != told.verify and known.handshake.state == "verifying")
        or guidance.verdict not in (None, told.verdict)
    )
