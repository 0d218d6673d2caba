"""``spec.sessions`` of an McpUpstreamGroup: how its sessions are placed, kept and counted."""

from dataclasses import dataclass, field

from moorage_contract.route_table import AffinityKind, OnPodLoss
from moorage_operator.api import bounds
from moorage_operator.api.value import Members, Value
from moorage_operator.api.web_rules import affinity_header

AFFINITY_KINDS: tuple[AffinityKind, ...] = ("Protocol", "Header", "Principal")
ON_POD_LOSS: tuple[OnPodLoss, ...] = ("Replay", "Fail")


@dataclass(frozen=True)
class AffinitySpec:
    """What keeps the requests of one caller on one endpoint."""

    type: AffinityKind = AFFINITY_KINDS[0]
    header: str | None = None
    """Set exactly when the type is Header."""


@dataclass(frozen=True)
class SessionsSpec:
    """The rules for a group's sessions."""

    per_pod: int = bounds.PER_POD.default
    idle_seconds: int = bounds.SESSION_IDLE_SECONDS.default
    max_seconds: int = bounds.SESSION_MAX_SECONDS.default
    on_pod_loss: OnPodLoss = ON_POD_LOSS[0]
    affinity: AffinitySpec = field(default_factory=AffinitySpec)


def read_sessions(value: Value | None) -> SessionsSpec:
    """The rules as written; absent is all defaults."""
    if value is None:
        return SessionsSpec()
    with value.members() as sessions:
        spec = SessionsSpec(
            per_pod=sessions.integer("perPod", bounds.PER_POD),
            idle_seconds=sessions.integer("idleSeconds", bounds.SESSION_IDLE_SECONDS),
            max_seconds=sessions.integer("maxSeconds", bounds.SESSION_MAX_SECONDS),
            on_pod_loss=sessions.choice("onPodLoss", ON_POD_LOSS),
            affinity=_read_affinity(sessions.optional("affinity")),
        )
        _refuse_idle_beyond_max(sessions, spec)
    return spec


def _read_affinity(value: Value | None) -> AffinitySpec:
    if value is None:
        return AffinitySpec()
    with value.members() as affinity:
        kind = affinity.choice("type", AFFINITY_KINDS)
        header = affinity.optional_text("header", affinity_header)
        if kind == "Header" and header is None:
            affinity.refuse("MissingField", "needs header", 'add "header: X-Session-ID"')
        if kind != "Header" and header is not None:
            message = f"has a header, which the type {kind} does not use"
            affinity.refuse("Contradiction", message, 'write "type: Header" or remove the header')
    return AffinitySpec(kind, header)


def _refuse_idle_beyond_max(sessions: Members, spec: SessionsSpec) -> None:
    if spec.idle_seconds > spec.max_seconds:
        message = f"idleSeconds {spec.idle_seconds} is more than maxSeconds {spec.max_seconds}"
        sessions.refuse("Contradiction", message, "lower idleSeconds or raise maxSeconds")
