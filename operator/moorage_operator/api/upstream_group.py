"""The kind McpUpstreamGroup."""

from dataclasses import dataclass, field

from moorage_operator.api import bounds
from moorage_operator.api.allowed_gateways import AllowedGatewaysSpec, read_allowed_gateways
from moorage_operator.api.failover import FailoverSpec, read_failover
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.scaling import ScalingSpec, read_scaling
from moorage_operator.api.sessions import SessionsSpec, read_sessions
from moorage_operator.api.source import SourceSpec, read_source
from moorage_operator.api.timeouts import TimeoutsSpec, read_timeouts
from moorage_operator.api.value import Value


@dataclass(frozen=True)
class McpUpstreamGroupSpec:
    """Interchangeable instances of one MCP server, and the rules for their sessions."""

    source: SourceSpec
    sessions: SessionsSpec = field(default_factory=SessionsSpec)
    timeouts: TimeoutsSpec = field(default_factory=TimeoutsSpec)
    failover: FailoverSpec | None = None
    scaling: ScalingSpec | None = None
    replicas: int = bounds.GROUP_REPLICAS.default
    """Read only in ``scaling.mode: External``, so that HPA and KEDA can scale the group."""
    allowed_gateways: AllowedGatewaysSpec = field(default_factory=AllowedGatewaysSpec)


@dataclass(frozen=True)
class McpUpstreamGroup:
    """One upstream group object."""

    name: ResourceName
    spec: McpUpstreamGroupSpec


def read_group_spec(value: Value) -> McpUpstreamGroupSpec | None:
    """The spec as written, with the defaults filled in; None if it has no one source."""
    with value.members() as spec:
        source = read_source(spec.required("source"))
        sessions = read_sessions(spec.optional("sessions"))
        timeouts = read_timeouts(spec.optional("timeouts"))
        failover = read_failover(spec.optional("failover"))
        scaling = read_scaling(spec.optional("scaling"))
        replicas = spec.integer("replicas", bounds.GROUP_REPLICAS)
        allowed_gateways = read_allowed_gateways(spec.optional("allowedGateways"))
    if source is None:
        return None
    return McpUpstreamGroupSpec(
        source=source,
        sessions=sessions,
        timeouts=timeouts,
        failover=failover,
        scaling=scaling,
        replicas=replicas,
        allowed_gateways=allowed_gateways,
    )
