"""Snapshots and plans as YAML documents, see tests/golden/README.md."""

import base64
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import yaml

from moorage_contract.route_table import RouteTable
from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.gateway_plan import plan_gateway
from moorage_operator.planning.group_plan import plan_group
from moorage_operator.planning.ownership import child_key
from moorage_operator.planning.snapshot import (
    ChildKey,
    EndpointVerdict,
    GatewayPodReport,
    GatewaySnapshot,
    GroupDemand,
    GroupSnapshot,
    ObservedChild,
    ObservedDeployment,
    ObservedResource,
    ObservedTlsSecret,
    ObservedWorkload,
    Plan,
    ServingGateway,
)
from moorage_operator.planning.table_document import read_table
from moorage_operator.rendering.child_names import gateway_child_name, group_child_name

Document = dict[str, Any]
Snapshot = GatewaySnapshot | GroupSnapshot

FOLDER = Path(__file__).parents[1] / "golden"
CASES = sorted(path.name.removesuffix(".in.yaml") for path in FOLDER.glob("*.in.yaml"))


def read_case(case: str) -> Document:
    """The input of a golden case."""
    document: Document = yaml.safe_load((FOLDER / f"{case}.in.yaml").read_text())
    return document


def output_path(case: str) -> Path:
    """Where its plan stands."""
    return FOLDER / f"{case}.out.yaml"


def plan_case(case: Document) -> Plan:
    """The plan for an input."""
    snapshot, settings = snapshot_of(case), settings_of(case)
    if isinstance(snapshot, GatewaySnapshot):
        return plan_gateway(snapshot, settings)
    return plan_group(snapshot, settings)


def settings_of(case: Document) -> InstallationSettings:
    """What the chart says in an input."""
    written = {"gateway_image": "moorage/gateway:dev", **case.get("settings", {})}
    return msgspec.convert(written, InstallationSettings)


def snapshot_of(case: Document) -> Snapshot:
    """The snapshot that an input describes."""
    is_gateway = case["resource"]["kind"] == "McpGateway"
    return _gateway_snapshot(case) if is_gateway else _group_snapshot(case)


def observed(document: Document) -> ObservedResource:
    """A document as the API server has it."""
    metadata = document["metadata"]
    return ObservedResource(
        name=ResourceName(metadata["namespace"], metadata["name"]),
        uid=metadata.get("uid", f"uid-of-{metadata['name']}"),
        generation=metadata.get("generation", 1),
        created_at=metadata.get("creationTimestamp", "2026-11-24T08:00:00Z"),
        document=document,
    )


def plan_document(plan: Plan) -> Document:
    """A plan as its golden output says it."""
    children = [deepcopy(dict(child)) for child in plan.children]
    document: Document = {
        "children": children,
        "unwanted": [f"{key.kind} {key.namespace}/{key.name}" for key in plan.unwanted],
        "conditions": [asdict(condition) for condition in plan.conditions],
        "counts": dict(plan.counts),
    }
    for child in children:
        if child["kind"] == "ConfigMap":
            document["table"] = _show_table(child)
    if plan.scale is not None:
        document["scale"] = plan.scale.replicas
    return plain(document)


def table_of(plan: Plan) -> RouteTable | None:
    """The table that the plan publishes."""
    for child in plan.children:
        if child["kind"] == "ConfigMap":
            data = child["binaryData"]
            assert isinstance(data, Mapping)
            return read_table(base64.b64decode(data["table"]))
    return None


def plain(document: Any) -> Document:
    """The document as the API server gets it: JSON."""
    decoded: Document = msgspec.json.decode(msgspec.json.encode(document))
    return decoded


def _show_table(config_map: Document) -> Any:
    data: Document = dict(config_map["binaryData"])
    table = read_table(base64.b64decode(data["table"]))
    config_map["binaryData"] = {"table": "(see table)"}
    return msgspec.to_builtins(table)


def _gateway_snapshot(case: Document) -> GatewaySnapshot:
    resource = observed(case["resource"])
    groups = [observed(document) for document in case.get("groups", [])]
    published = case.get("published")
    return GatewaySnapshot(
        resource=resource,
        namespace_labels=case.get("namespace_labels", {}),
        groups={group.name: group for group in groups},
        hostname_owners={
            host: _name(owner) for host, owner in case.get("hostname_owners", {}).items()
        },
        tls_secret=_convert(case.get("tls_secret"), ObservedTlsSecret),
        children=_children(case, gateway_child_name(resource.name.name)),
        deployment=_deployment(case),
        reports=tuple(
            msgspec.convert(
                {"key_ids": [], "sessions": 0, "streams": 0, **report}, GatewayPodReport
            )
            for report in case.get("reports", [])
        ),
        group_failures={_name(name): why for name, why in case.get("group_failures", {}).items()},
        group_authorities={
            _name(name): pem for name, pem in case.get("group_authorities", {}).items()
        },
        published=None if published is None else _published(case, published),
        key_ring_problem=case.get("key_ring_problem", ""),
        keys=case.get("keys", ""),
        namespace_terminating=case.get("namespace_terminating", False),
    )


def _published(case: Document, earlier_groups: list[Document]) -> Any:
    """The table that followed from the same gateway while its groups were as ``published`` says."""
    earlier = {**case, "groups": earlier_groups, "published": None, "group_failures": {}}
    table = table_of(plan_case(earlier))
    assert table is not None, "the earlier gateway has no table"
    return table


def _group_snapshot(case: Document) -> GroupSnapshot:
    resource = observed(case["resource"])
    owner = case.get("workload_owner")
    return GroupSnapshot(
        resource=resource,
        workload=_workload(case.get("workload"), resource.name.namespace),
        workload_owner=None if owner is None else _name(owner),
        gateways=tuple(
            ServingGateway(_name(gateway["name"]), gateway.get("namespace_labels", {}))
            for gateway in case.get("gateways", [])
        ),
        ca_pem=case.get("ca_pem"),
        children=_children(case, group_child_name(resource.name.name)),
        deployment=_deployment(case),
        demand=GroupDemand(
            sessions=case.get("sessions", 0),
            verdicts=tuple(
                msgspec.convert(verdict, EndpointVerdict) for verdict in case.get("verdicts", [])
            ),
        ),
        namespace_terminating=case.get("namespace_terminating", False),
    )


def _children(case: Document, name: str) -> dict[ChildKey, ObservedChild]:
    namespace = case["resource"]["metadata"]["namespace"]
    keys = {
        ChildKey(kind, namespace, name): owner for kind, owner in case.get("children", {}).items()
    }
    return {key: ObservedChild(key, owner) for key, owner in keys.items()}


def _deployment(case: Document) -> ObservedDeployment | None:
    written = case.get("deployment")
    if written is None:
        return None
    replicas = written.get("replicas", 1)
    counts = dict.fromkeys(
        ("replicas", "updated_replicas", "ready_replicas", "available_replicas", "spec_replicas"),
        replicas,
    )
    return ObservedDeployment(**{"generation": 1, "observed_generation": 1, **counts, **written})


def _workload(written: Document | None, namespace: str) -> ObservedWorkload | None:
    if written is None:
        return None
    defaults: Document = {"kind": "Deployment", "has_expressions": False, "replicas": 1}
    members = {**defaults, "ready_replicas": written.get("replicas", 1), **written}
    return ObservedWorkload(**{**members, "name": ResourceName(namespace, written["name"])})


def _convert(written: Document | None, kind: type[Any]) -> Any:
    return None if written is None else msgspec.convert(written, kind)


def _name(text: str) -> ResourceName:
    namespace, _, name = text.partition("/")
    return ResourceName(namespace, name)


__all__ = [
    "CASES",
    "child_key",
    "observed",
    "output_path",
    "plain",
    "plan_case",
    "plan_document",
    "read_case",
    "settings_of",
    "snapshot_of",
]
