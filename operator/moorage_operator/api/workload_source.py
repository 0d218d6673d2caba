"""``spec.source.workload`` of an McpUpstreamGroup: pods that run in the cluster already."""

from dataclasses import dataclass
from typing import Literal

from moorage_contract.route_table import Transport
from moorage_operator.api import bounds
from moorage_operator.api.name_rules import object_name
from moorage_operator.api.transports import TRANSPORTS
from moorage_operator.api.value import Value
from moorage_operator.api.web_rules import mcp_path

WorkloadKind = Literal["Deployment", "StatefulSet"]
WORKLOAD_KINDS: tuple[WorkloadKind, ...] = ("Deployment", "StatefulSet")


@dataclass(frozen=True)
class WorkloadSource:
    """The workload whose pods are the group's endpoints, and how its pods are spoken to."""

    name: str
    port: int
    kind: WorkloadKind = WORKLOAD_KINDS[0]
    path: str = bounds.DEFAULT_MCP_PATH
    transport: Transport = TRANSPORTS[0]


def read_workload(value: Value) -> WorkloadSource:
    """The workload as written."""
    with value.members() as workload:
        return WorkloadSource(
            name=workload.text("name", object_name),
            port=workload.integer("port", bounds.PORT),
            kind=workload.choice("kind", WORKLOAD_KINDS),
            path=workload.optional_text("path", mcp_path) or bounds.DEFAULT_MCP_PATH,
            transport=workload.choice("transport", TRANSPORTS),
        )
