"""``spec.routes`` of an McpGateway: which path leads to which upstream group."""

from dataclasses import dataclass

from moorage_operator.api import bounds
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.name_rules import group_name, namespace_name
from moorage_operator.api.unique import refuse_repeated
from moorage_operator.api.value import Members, Value
from moorage_operator.api.web_rules import route_path


@dataclass(frozen=True)
class UpstreamReference:
    """The group that a route names."""

    name: str
    namespace: str | None = None
    """None means the gateway's own namespace."""

    def resolve(self, gateway_namespace: str) -> ResourceName:
        """The group's full name, seen from a gateway in that namespace."""
        return ResourceName(self.namespace or gateway_namespace, self.name)


@dataclass(frozen=True)
class RouteSpec:
    """One path of the gateway and the group behind it."""

    path: str
    upstream: UpstreamReference


def read_routes(spec: Members) -> tuple[RouteSpec, ...]:
    """All routes; their paths differ."""
    items = spec.items("routes", bounds.ROUTES)
    readings = [_read_route(item) for item in items]
    places = [place for place, _ in readings]
    routes = tuple(route for _, route in readings)
    refuse_repeated(places, [route.path for route in routes])
    return routes


def _read_route(value: Value) -> tuple[Value, RouteSpec]:
    with value.members() as route:
        place = route.required("path")
        upstream = route.required("upstream", 'add "upstream: {name: …}"')
        return place, RouteSpec(place.text(route_path), _read_reference(upstream))


def _read_reference(value: Value) -> UpstreamReference:
    with value.members() as upstream:
        return UpstreamReference(
            name=upstream.text("name", group_name),
            namespace=upstream.optional_text("namespace", namespace_name),
        )
