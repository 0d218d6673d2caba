"""``spec.source.workload`` of an McpUpstreamGroup: pods that run in the cluster already."""

from dataclasses import dataclass
from typing import Literal

from moorage_contract.route_table import Transport
from moorage_operator.api import bounds
from moorage_operator.api.name_rules import object_name
from moorage_operator.api.transports import TRANSPORTS
from moorage_operator.api.value import Value
from moorage_operator.api.web_rules import mcp_path, tls_hostname

WorkloadKind = Literal["Deployment", "StatefulSet"]
WORKLOAD_KINDS: tuple[WorkloadKind, ...] = ("Deployment", "StatefulSet")


@dataclass(frozen=True)
class WorkloadTlsSpec:
    """How the workload's pods prove who they are."""

    hostname: str
    """What their certificates must name."""
    ca_config_map_name: str | None = None
    """ConfigMap of the group's namespace with ``ca.crt``; None means the system's authorities."""


@dataclass(frozen=True)
class WorkloadSource:
    """The workload whose pods are the group's endpoints, and how its pods are spoken to."""

    name: str
    port: int
    kind: WorkloadKind = WORKLOAD_KINDS[0]
    path: str = bounds.DEFAULT_MCP_PATH
    transport: Transport = TRANSPORTS[0]
    tls: WorkloadTlsSpec | None = None
    """Set where the pods speak TLS."""


def read_workload(value: Value) -> WorkloadSource:
    """The workload as written."""
    with value.members() as workload:
        return WorkloadSource(
            name=workload.text("name", object_name),
            port=workload.integer("port", bounds.PORT),
            kind=workload.choice("kind", WORKLOAD_KINDS),
            path=workload.optional_text("path", mcp_path) or bounds.DEFAULT_MCP_PATH,
            transport=workload.choice("transport", TRANSPORTS),
            tls=_read_tls(workload.optional("tls")),
        )


def _read_tls(value: Value | None) -> WorkloadTlsSpec | None:
    if value is None:
        return None
    with value.members() as tls:
        return WorkloadTlsSpec(
            hostname=tls.text("hostname", tls_hostname),
            ca_config_map_name=tls.optional_text("caConfigMapName", object_name),
        )
