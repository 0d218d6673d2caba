"""Who shakes hands with an endpoint, and what all are told of it (pure)."""

from collections.abc import Iterable, Mapping, Sequence

from moorage_contract.report_channel import Handshake, Verdict
from moorage_operator.planning.demand.gateway_pod import GatewayPod


def merged_verdict(handshakes: Iterable[Handshake]) -> Verdict | None:
    """One success is enough; without any the first own failure tells why; else nothing is known."""
    failure = None
    for handshake in handshakes:
        if handshake.state == "ready":
            return Verdict(verified=True, versions=handshake.versions, why=handshake.why)
        if handshake.own and failure is None:
            failure = Verdict(verified=False, why=handshake.why)
    return failure


def verdict_for(known: Handshake, verdict: Verdict | None) -> Verdict | None:
    """What a pod is told of others' handshakes: only what it does not know by itself."""
    if verdict is None or known.own or known.state != "verifying":
        return None
    return verdict


def pick_verifier(
    pods: Sequence[GatewayPod], to_verify: Mapping[GatewayPod | None, int]
) -> GatewayPod | None:
    """The pod with the fewest endpoints to verify, of equals the first by name."""
    return min(pods, key=lambda pod: (to_verify.get(pod, 0), pod), default=None)
