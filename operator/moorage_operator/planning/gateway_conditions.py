"""What the status of a gateway says, in the order in which people read it."""

from dataclasses import dataclass

from moorage_contract.route_table import RouteTable
from moorage_operator.api.findings import SpecFinding, quoted
from moorage_operator.api.gateway import McpGateway
from moorage_operator.planning.cluster_table import ReadGroups, refusal_of
from moorage_operator.planning.conditions import GATEWAY
from moorage_operator.planning.gateway_pods import (
    programmed_condition,
    ready_condition,
)
from moorage_operator.planning.listener_secret import CONSEQUENCE, tls_trouble
from moorage_operator.planning.ownership import name_taken_message
from moorage_operator.planning.sentences import told
from moorage_operator.planning.snapshot import ChildKey, Condition, GatewaySnapshot
from moorage_operator.planning.table_document import TableTooLarge

_GRAVITY = (
    "TlsSecretMissing",
    "TlsSecretUnfit",
    "UpstreamNotFound",
    "RefNotPermitted",
    "UpstreamFailed",
)
"""Of several troubles the first of these gives the condition its reason."""


@dataclass(frozen=True)
class GatewayState:
    """An accepted gateway and what its plan came to."""

    snapshot: GatewaySnapshot
    gateway: McpGateway
    groups: ReadGroups
    findings: tuple[SpecFinding, ...]
    """What is wrong with its references."""
    table: RouteTable
    taken: tuple[ChildKey, ...]
    too_large: TableTooLarge | None


def gateway_conditions(state: GatewayState) -> tuple[Condition, ...]:
    """The conditions of a gateway whose document is accepted."""
    in_force = state.table if state.too_large is None else state.snapshot.published
    return (
        _accepted(state),
        _resolved(state),
        programmed_condition(state.snapshot, state.table, published=state.too_large is None),
        ready_condition(state.snapshot, in_force, state.taken),
    )


def refused_gateway_conditions(
    accepted: Condition, snapshot: GatewaySnapshot
) -> tuple[Condition, ...]:
    """The conditions of a gateway whose document is refused; what it serves goes on."""
    why = "spec: refused, see Accepted; mend it there"
    return (
        accepted,
        GATEWAY.condition("ResolvedRefs", "SpecRefused", f"{why}, its references are not known"),
        GATEWAY.condition("Programmed", "NotAccepted", f"{why}, the last accepted table is served"),
        ready_condition(snapshot, snapshot.published, taken=()),
    )


def _accepted(state: GatewayState) -> Condition:
    if state.taken:
        return GATEWAY.condition("Accepted", "NameTaken", name_taken_message(state.taken))
    if state.too_large is not None:
        return GATEWAY.condition("Accepted", "TableTooLarge", str(state.too_large))
    taken_names = _taken_hostnames(state)
    if taken_names:
        return GATEWAY.condition("Accepted", "HostnameTaken", taken_names)
    return GATEWAY.condition("Accepted", "Accepted", "the spec is valid and in use")


def _taken_hostnames(state: GatewayState) -> str:
    owners = state.snapshot.hostname_owners
    taken = [
        f"spec.listener.hostnames[{index}]: {quoted(name)} belongs to the gateway "
        f"{owners[name]} until that gives it up; remove it here or there"
        for index, name in enumerate(state.gateway.spec.listener.hostnames)
        if name in owners
    ]
    return told(taken, "All other names are served") if taken else ""


def _resolved(state: GatewayState) -> Condition:
    tls = tls_trouble(state.gateway, state.snapshot)
    troubles = [] if tls is None else [tls]
    troubles += [(str(finding.reason), str(finding)) for finding in state.findings]
    troubles += [("UpstreamFailed", text) for text in _failed_upstreams(state)]
    if not troubles:
        return GATEWAY.condition("ResolvedRefs", "ResolvedRefs", "every route leads to a group")
    reason = min((reason for reason, _ in troubles), key=_GRAVITY.index)
    consequence = "All other routes are served" if tls is None else CONSEQUENCE
    return GATEWAY.condition(
        "ResolvedRefs", reason, told([text for _, text in troubles], consequence)
    )


def _failed_upstreams(state: GatewayState) -> list[str]:
    own = state.gateway.name.namespace
    found = {int(finding.path[2]) for finding in state.findings}
    failures = []
    for index, route in enumerate(state.gateway.spec.routes):
        target = route.upstream.resolve(own)
        why = state.snapshot.group_failures.get(target)
        if target in state.groups.refused:
            refusal = refusal_of(state.groups.refused[target], target, own)
            why = f"its spec is refused: {refusal}"
        # A group that does not allow this gateway tells it nothing, not even what it lacks.
        if why and index not in found:
            failures.append(f"spec.routes[{index}].upstream: {target}: {why}; mend that group")
    return failures
