"""What a plan is made from: one resource and all that bears on it, frozen at one moment.

``running`` takes it from its indices and from the report channel; ``planning`` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from moorage_contract.route_table import RouteTable
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.workload_source import WorkloadKind
from moorage_operator.planning.group_keys import GroupKeys


@dataclass(frozen=True)
class ObservedResource:
    """One McpGateway or McpUpstreamGroup as the API server has it."""

    name: ResourceName
    uid: str
    generation: int
    created_at: str
    """RFC 3339; of two that claim a free thing the older one has it, then the smaller name."""
    document: Mapping[str, object]
    """apiVersion, kind, metadata, spec and status."""


@dataclass(frozen=True)
class ChildKey:
    """What names one child object in the cluster."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True)
class ObservedChild:
    """An object that stands where a child of ours belongs."""

    key: ChildKey
    owner_uid: str | None
    """The uid in its controlling owner reference."""
    uid: str = ""
    """Of the object itself: writes go to this one only."""


@dataclass(frozen=True)
class ObservedDeployment:
    """How far a Deployment of ours is."""

    generation: int
    observed_generation: int
    replicas: int
    updated_replicas: int
    ready_replicas: int
    available_replicas: int
    spec_replicas: int = 1


@dataclass(frozen=True)
class ObservedWorkload:
    """A user's Deployment or StatefulSet behind a group."""

    kind: WorkloadKind
    name: ResourceName
    match_labels: Mapping[str, str]
    has_expressions: bool
    """Whether its selector has matchExpressions, which no Service can have."""
    replicas: int
    ready_replicas: int


SecretState = Literal["Present", "Missing", "WrongType", "Unfit"]


@dataclass(frozen=True)
class ObservedTlsSecret:
    """The Secret that a listener names."""

    state: SecretState
    why: str = ""
    """What is unfit: a wrong type, a missing key, an expired certificate."""


@dataclass(frozen=True)
class GatewayPodReport:
    """What one live gateway pod last reported."""

    pod: str
    table_digest: str
    key_ids: frozenset[str]
    sessions: int
    """Those that no report before it counts: the sum is how many live at the gateway."""
    streams: int
    account_uid: str = ""
    """Uid of the service account that its token is of; a former gateway's is another one."""
    stopping: bool = False
    """It ends, and counts no more among those that must serve the newest table."""
    unfollowed: Mapping[str, str] = field(default_factory=dict)
    """Why the API server refuses to tell it the EndpointSlices of a namespace, by namespace."""
    certificate_refused: str = ""
    """Why its listener does not use the newest certificate; empty while it does."""


@dataclass(frozen=True)
class EndpointVerdict:
    """What a handshake with one endpoint gave, told by the gateway that made it."""

    endpoint_uid: str
    verified: bool
    versions: tuple[str, ...] = ()
    why: str = ""
    """What it answered instead, for people."""
    endpoint_name: str = ""
    """What people call it, as far as it is known: a pod's name."""


@dataclass(frozen=True)
class GroupDemand:
    """What all live gateways together know of one group."""

    sessions: int = 0
    """Size of the union of session tags."""
    verdicts: tuple[EndpointVerdict, ...] = ()


@dataclass(frozen=True)
class ServingGateway:
    """A gateway that names a group in its routes."""

    name: ResourceName
    namespace_labels: Mapping[str, str]


@dataclass(frozen=True)
class GatewaySnapshot:
    """All that bears on one gateway."""

    resource: ObservedResource
    namespace_labels: Mapping[str, str]
    groups: Mapping[ResourceName, ObservedResource]
    """Those that its routes name, as far as they exist."""
    hostname_owners: Mapping[str, ResourceName] = field(default_factory=dict)
    """Other gateways that have one of its host names."""
    tls_secret: ObservedTlsSecret | None = None
    children: Mapping[ChildKey, ObservedChild] = field(default_factory=dict)
    deployment: ObservedDeployment | None = None
    reports: tuple[GatewayPodReport, ...] = ()
    group_failures: Mapping[ResourceName, str] = field(default_factory=dict)
    """Why a group cannot be served, by its own plan (workload missing, taken …)."""
    group_authorities: Mapping[ResourceName, str] = field(default_factory=dict)
    """PEM of the authorities of its groups that speak TLS (``GroupSnapshot.ca_pem``)."""
    published: RouteTable | None = None
    """The table in its ConfigMap: a group that failed or is refused is served as it says."""
    published_groups: Mapping[ResourceName, ObservedResource] = field(default_factory=dict)
    """Those that only the published table names, as far as they exist."""
    key_ring_problem: str = ""
    """Why the ring in its Secret cannot be read, if it is there."""
    keys: str = ""
    """Names what its Secret holds (``RouteTable.keys``); empty where there is none to be used."""
    namespace_terminating: bool = False


@dataclass(frozen=True)
class GroupSnapshot:
    """All that bears on one group."""

    resource: ObservedResource
    workload: ObservedWorkload | None = None
    workload_owner: ResourceName | None = None
    """The older group that has this workload."""
    gateways: tuple[ServingGateway, ...] = ()
    ca_pem: str | None = None
    """The certificate authorities that ``workload.tls`` names, as far as they are there."""
    children: Mapping[ChildKey, ObservedChild] = field(default_factory=dict)
    deployment: ObservedDeployment | None = None
    """Of a stdio group."""
    demand: GroupDemand = field(default_factory=GroupDemand)
    namespace_terminating: bool = False
    keys: GroupKeys | None = None
    """Of a stdio group, once they are in its Secret."""


@dataclass(frozen=True)
class Condition:
    """One condition as planned; the status writer adds generation and transition time."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str


@dataclass(frozen=True)
class ScaleTo:
    """Replicas of a Deployment of ours, to be written through its scale subresource."""

    target: ChildKey
    replicas: int


@dataclass(frozen=True)
class Plan:
    """What shall be so: the children, those of ours that shall go, and what the status says."""

    children: tuple[Mapping[str, object], ...]
    """Whole manifests with owner references, in the order in which they are applied."""
    unwanted: tuple[ChildKey, ...]
    conditions: tuple[Condition, ...]
    counts: Mapping[str, object]
    """Further members of the status: routes, sessions, address, pods, replicas, selector …"""
    scale: ScaleTo | None = None
    keeps_table: bool = False
    """Of a gateway: no new table can be made, and the published one goes on."""
