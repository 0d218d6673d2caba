"""Who shakes hands with an endpoint, and what all are told of it (pure)."""

from collections.abc import Iterable, Mapping, Sequence

from moorage_contract.report_channel import Handshake, Verdict
from moorage_operator.planning.demand.gateway_pod import GatewayPod


def decisive(handshakes: Iterable[Handshake]) -> Handshake | None:
    """The one that decides: any success; without one the first own failure; else None."""
    failure = None
    for handshake in handshakes:
        if handshake.state == "ready":
            return handshake
        if handshake.own and failure is None:
            failure = handshake
    return failure


def verdict_for(known: Handshake, decided: Handshake | None) -> Verdict | None:
    """What a pod that knows nothing itself is told: that another one's handshake succeeded."""
    if decided is None or decided.state != "ready" or known.own or known.state != "verifying":
        return None
    return Verdict(versions=decided.versions)


def pick_verifier(
    pods: Sequence[GatewayPod], to_verify: Mapping[GatewayPod | None, int]
) -> GatewayPod | None:
    """The pod with the fewest endpoints to verify, of equals the first by name."""
    return min(pods, key=lambda pod: (to_verify.get(pod, 0), pod), default=None)
