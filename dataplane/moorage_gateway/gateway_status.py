"""What a gateway process says of itself: for the live summary and the admin page."""

from dataclasses import dataclass

from moorage_contract.route_table import RouteTable
from moorage_gateway.parts import Parts
from moorage_gateway.reporting.cluster_facts import ClusterFacts
from moorage_gateway.routing.endpoint_book import BookedGroup


@dataclass(frozen=True)
class EndpointStatus:
    """One endpoint."""

    uid: str
    url: str
    state: str
    why: str
    versions: tuple[str, ...]
    sessions: int
    in_flight: int


@dataclass(frozen=True)
class GroupStatus:
    """One upstream group."""

    name: str
    endpoints: tuple[EndpointStatus, ...]


@dataclass(frozen=True)
class GatewayStatus:
    """One gateway process."""

    table: str
    """Digest of the route table in force."""
    sessions: int
    streams: int
    requests: int
    refused: int
    refusals: tuple[tuple[str, int], ...]
    """How often each named refusal was given, in the order of their first time."""
    groups: tuple[GroupStatus, ...]
    cluster: ClusterFacts | None = None
    """Only in a cluster."""


def gateway_status(table: RouteTable, parts: Parts) -> GatewayStatus:
    """The present state of a process."""
    cells, runtime = parts.cells, parts.runtime
    return GatewayStatus(
        table=table.digest(),
        sessions=len(runtime.ledger),
        streams=sum(cells.streams.values()),
        requests=sum(cell.count for cell in cells.requests.values()),
        refused=sum(cells.refusals.values()),
        refusals=tuple(cells.refusals.items()),
        groups=tuple(_group_status(group) for group in runtime.book.groups.values()),
        cluster=cells.cluster(),
    )


def _group_status(group: BookedGroup) -> GroupStatus:
    return GroupStatus(
        name=group.name,
        endpoints=tuple(
            EndpointStatus(
                uid=uid,
                url=booked.endpoint.url,
                state=booked.health.state.value,
                why=booked.health.why,
                versions=booked.health.versions,
                sessions=group.live_sessions.get(uid, 0),
                in_flight=group.in_flight.get(uid, 0),
            )
            for uid, booked in group.endpoints.items()
        ),
    )
