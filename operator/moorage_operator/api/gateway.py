"""The kind McpGateway."""

from dataclasses import dataclass, field

from moorage_operator.api import bounds
from moorage_operator.api.authentication import AuthenticationSpec, read_authentication
from moorage_operator.api.limits import LimitSpec, read_limits
from moorage_operator.api.listener import ListenerSpec, read_listener
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.routes import RouteSpec, read_routes
from moorage_operator.api.value import Value


@dataclass(frozen=True)
class McpGatewaySpec:
    """What a gateway serves, where, and to whom."""

    routes: tuple[RouteSpec, ...]
    replicas: int = bounds.GATEWAY_REPLICAS.default
    listener: ListenerSpec = field(default_factory=ListenerSpec)
    authentication: AuthenticationSpec | None = None
    limits: tuple[LimitSpec, ...] = ()


@dataclass(frozen=True)
class McpGateway:
    """One gateway object."""

    name: ResourceName
    spec: McpGatewaySpec


def read_gateway_spec(value: Value) -> McpGatewaySpec:
    """The spec as written, with the defaults filled in."""
    with value.members() as spec:
        return McpGatewaySpec(
            routes=read_routes(spec),
            replicas=spec.integer("replicas", bounds.GATEWAY_REPLICAS),
            listener=read_listener(spec.optional("listener")),
            authentication=read_authentication(spec.optional("authentication")),
            limits=read_limits(spec.optional("limits")),
        )
