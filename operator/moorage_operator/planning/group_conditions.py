"""What the status of an upstream group says, in the order in which people read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from moorage_operator.api.findings import quoted
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.api.workload_source import WorkloadSource
from moorage_operator.planning.conditions import GROUP
from moorage_operator.planning.earlier_conditions import held_before
from moorage_operator.planning.group_pods import (
    PodCounts,
    count_pods,
    deployment_of,
    endpoint_urls,
    pod_selector,
    sorted_verdicts,
)
from moorage_operator.planning.kubectl_lines import describe_pods, server_log
from moorage_operator.planning.ownership import name_taken_message
from moorage_operator.planning.sentences import counted
from moorage_operator.planning.snapshot import (
    ChildKey,
    Condition,
    EndpointVerdict,
    GroupSnapshot,
    ObservedDeployment,
)
from moorage_operator.rendering.stdio_pods import weakened_fields

WORKLOAD = "spec.source.workload"
STDIO = "spec.source.stdio"
FAILURES_TOLD = 3


@dataclass(frozen=True)
class GroupState:
    """An accepted group and what its plan came to."""

    snapshot: GroupSnapshot
    group: McpUpstreamGroup
    gateways: tuple[ResourceName, ...]
    """Those that name it and that it allows."""
    taken: tuple[ChildKey, ...]

    @property
    def deployment(self) -> ObservedDeployment | None:
        """Of a stdio group, if it is ours."""
        return deployment_of(self.snapshot)


def group_conditions(state: GroupState) -> tuple[Condition, ...]:
    """The conditions of a group whose document is accepted."""
    accepted, resolved, verified = _accepted(state), _resolved(state), _verified(state)
    ready = _ready(state, accepted, resolved, verified)
    return (accepted, resolved, verified, ready, *_restricted(state))


def refused_group_conditions(accepted: Condition) -> tuple[Condition, ...]:
    """The conditions of a group whose document is refused; what was accepted last goes on."""
    text = "spec: refused, see Accepted; mend it there"
    return (
        accepted,
        GROUP.condition("ResolvedRefs", "SpecRefused", text),
        GROUP.condition("Verified", "SpecRefused", text),
        GROUP.condition("Ready", "SpecRefused", f"{text}. What was accepted last is served"),
    )


def _accepted(state: GroupState) -> Condition:
    if state.taken:
        return GROUP.condition("Accepted", "NameTaken", name_taken_message(state.taken))
    owner = state.snapshot.workload_owner
    if owner is not None:
        text = (
            f"{WORKLOAD}.name: the older group {owner} has this workload already, and two would "
            "count its sessions apart; route to that group, or remove one of them"
        )
        return GROUP.condition("Accepted", "WorkloadTaken", text)
    return GROUP.condition("Accepted", "Accepted", "the spec is valid and in use")


def _resolved(state: GroupState) -> Condition:
    source = state.group.spec.source
    if isinstance(source, WorkloadSource):
        return _resolved_workload(source, state)
    return GROUP.condition("ResolvedRefs", "ResolvedRefs", "nothing else is referred to")


def _resolved_workload(source: WorkloadSource, state: GroupState) -> Condition:
    workload = state.snapshot.workload
    if workload is None:
        text = (
            f"{WORKLOAD}.name: no {source.kind} {quoted(source.name)} in the namespace "
            f"{state.group.name.namespace}; create it, or correct name or kind"
        )
        return GROUP.condition("ResolvedRefs", "WorkloadNotFound", text)
    if workload.has_expressions or not workload.match_labels:
        text = (
            f"{WORKLOAD}.name: the {source.kind} {quoted(source.name)} selects its pods by "
            "matchExpressions, and a Service can select by labels only; give the workload a "
            "selector of matchLabels alone"
        )
        return GROUP.condition("ResolvedRefs", "SelectorNotSupported", text)
    name = None if source.tls is None else source.tls.ca_config_map_name
    if name is not None and state.snapshot.ca_pem is None:
        text = (
            f"{WORKLOAD}.tls.caConfigMapName: no ConfigMap {quoted(name)} with PEM certificates of "
            f"at most 32 KiB in ca.crt in the namespace {state.group.name.namespace}; create it, "
            "leave other certificates out, or correct the name"
        )
        return GROUP.condition("ResolvedRefs", "CaMissing", text)
    text = f"the {source.kind} {quoted(source.name)} is there"
    return GROUP.condition("ResolvedRefs", "ResolvedRefs", text)


def _verified(state: GroupState) -> Condition:
    good, bad = sorted_verdicts(state.snapshot)
    if good:
        versions = ", ".join(sorted({version for verdict in good for version in verdict.versions}))
        spoken = f"MCP {versions}" if versions else "MCP"
        failed = f"; {_failures(state)}" if bad else ""
        instances = counted(len(good) + len(bad), "instance")
        text = f"{len(good)} of {instances} answered with {spoken}{failed}"
        return GROUP.condition("Verified", "Verified", text)
    if bad:
        text = (
            f"spec.source: no instance completed an MCP handshake: {_failures(state)}; "
            f"{_handshake_remedy(state)}"
        )
        return GROUP.condition("Verified", "HandshakeFailed", text)
    if not state.gateways:
        text = (
            "no gateway that this group allows names it in its routes, so nobody has spoken to "
            "its instances; add a route to an McpGateway (and its namespace to "
            "spec.allowedGateways)"
        )
        return GROUP.condition("Verified", "NoGateway", text)
    earlier = held_before(state.snapshot.resource, "Verified")
    if earlier is not None:
        return GROUP.condition("Verified", "Verified", earlier)
    text = "no gateway has shaken hands with an instance yet"
    return GROUP.condition("Verified", "Pending", text)


def _handshake_remedy(state: GroupState) -> str:
    if isinstance(state.group.spec.source, StdioSource):
        _, bad = sorted_verdicts(state.snapshot)
        return f"see {server_log(state.group.name.namespace, bad[0].endpoint_name)}, mend {STDIO}"
    return "see that port, path and transport are those of an MCP server"


def _failures(state: GroupState) -> str:
    _, bad = sorted_verdicts(state.snapshot)
    urls = endpoint_urls(state.group)
    told = [f"{_name_of(verdict, urls)}: {verdict.why}" for verdict in bad[:FAILURES_TOLD]]
    more = len(bad) - FAILURES_TOLD
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def _name_of(verdict: EndpointVerdict, urls: Mapping[str, str]) -> str:
    return urls.get(verdict.endpoint_uid) or verdict.endpoint_name or verdict.endpoint_uid


def _ready(
    state: GroupState, accepted: Condition, resolved: Condition, verified: Condition
) -> Condition:
    for hindrance in (accepted, resolved):
        if hindrance.status == "False":
            text = f"see {hindrance.type} ({hindrance.reason}); mend it there"
            return GROUP.condition("Ready", "NotResolved", text)
    pods = count_pods(state.snapshot, state.group)
    if pods is not None and not pods.ready:
        return GROUP.condition("Ready", "NoReadyPods", _none_ready(state, pods))
    if verified.reason == "NoGateway":
        return GROUP.condition("Ready", "NoGateway", "see Verified: no gateway names this group")
    if verified.status != "True":
        text = f"see Verified ({verified.reason}): sessions go to verified instances only"
        return GROUP.condition("Ready", "NotVerified", text)
    if pods is None:
        return GROUP.condition("Ready", "Ready", "its instances can take sessions")
    text = f"{pods.ready} of {counted(pods.wanted, 'pod')} ready"
    return GROUP.condition("Ready", "Ready", text)


def _none_ready(state: GroupState, pods: PodCounts) -> str:
    describe = describe_pods(state.group.name.namespace, pod_selector(state.snapshot, state.group))
    return f"0 of {counted(pods.wanted, 'pod')} ready; if this lasts, see why: {describe}"


def _restricted(state: GroupState) -> tuple[Condition, ...]:
    source = state.group.spec.source
    if not isinstance(source, StdioSource):
        return ()
    weakened = weakened_fields(source.pod.security_context)
    if not weakened:
        text = "the pods run under the restricted pod security standard, on a read-only root"
        return (GROUP.condition("Restricted", "Restricted", text),)
    fields = ", ".join(f"{STDIO}.securityContext.{field}" for field in weakened)
    text = f"{fields}: weaker than the default; remove what the image can do without"
    return (GROUP.condition("Restricted", "Weakened", text),)
