"""What all pods' handshakes with an endpoint say together (pure)."""

from collections.abc import Iterable

from moorage_contract.report_channel import Handshake, Verdict


def decisive(handshakes: Iterable[Handshake]) -> Handshake | None:
    """The one that decides: any success; without one the first own failure; else None."""
    failure = None
    for handshake in handshakes:
        if handshake.state == "ready":
            return handshake
        if handshake.own and failure is None:
            failure = handshake
    return failure


def verdict_for(known: Handshake, word: Handshake | None) -> Verdict | None:
    """What a pod that knows nothing good is told: that another one's handshake succeeded."""
    if word is None or known.state != "verifying":
        return None
    return Verdict(versions=word.versions, spoken_to=word.spoken_to)
