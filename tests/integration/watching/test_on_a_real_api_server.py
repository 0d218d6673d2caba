"""A pod's rights, lists and watches against a real API server."""

import asyncio
import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fakes.in_process_gateway import until
from fakes.kubectl import kubectl, namespace
from integration.watching import pod as pods
from integration.watching.pod import OLD, gateway_of
from moorage_contract.route_table import Discovery, Group, Route, RouteTable
from moorage_gateway.cluster_gateway import ClusterGateway
from moorage_gateway.cluster_settings import ClusterSettings
from moorage_gateway.stopping import StopSequence

pytestmark = pytest.mark.cluster
NAME = "gw-gateway"
RULES = [
    {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [NAME],
        "verbs": ["list", "watch"],
    },
    {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [NAME], "verbs": ["get"]},
    {
        "apiGroups": ["discovery.k8s.io"],
        "resources": ["endpointslices"],
        "verbs": ["list", "watch"],
    },
]


@pytest.fixture
def agents() -> Iterator[str]:
    with namespace("d-watching") as name:
        metadata = {"name": NAME, "namespace": name}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
        rbac = "rbac.authorization.k8s.io/v1"
        subjects = [{"kind": "ServiceAccount", "name": NAME}]
        for document in (
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
            {"apiVersion": rbac, "kind": "Role", "metadata": metadata, "rules": RULES},
            {
                "apiVersion": rbac,
                "kind": "RoleBinding",
                "metadata": metadata,
                "roleRef": role,
                "subjects": subjects,
            },
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": metadata,
                "stringData": {"ring": OLD.to_text(), "groups": "{}"},
            },
            table_object(name, "/mcp"),
            slice_object(name, ready=True),
        ):
            kubectl("apply", "-f", "-", document=document)
        yield name


def table_of(namespace: str, path: str) -> RouteTable:
    discovery = Discovery(namespace=namespace, group="tickets", path="/mcp")
    group = Group(name="tickets", source="Workload", discovery=discovery)
    routes = (Route(path=path, group="tickets"),)
    return RouteTable(gateway=f"{namespace}/gw", routes=routes, groups=(group,))


def table_object(namespace: str, path: str) -> dict[str, Any]:
    table = base64.b64encode(pods.packed(table_of(namespace, path))).decode()
    metadata = {"name": NAME, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "binaryData": {"table": table},
    }


def slice_object(namespace: str, *, ready: bool) -> dict[str, Any]:
    target = {"kind": "Pod", "name": "p", "namespace": namespace, "uid": "uid-0"}
    labels = {"moorage.dev/upstream-group": "tickets"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "tickets-1", "namespace": namespace, "labels": labels},
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": ["10.244.0.250"], "conditions": {"ready": ready}, "targetRef": target}
        ],
        "ports": [{"name": "mcp", "port": 8000}],
    }


def settings_of(agents: str, folder: Path) -> ClusterSettings:
    files = pods.files_in(folder)
    cluster = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())["clusters"][0]["cluster"]
    ca_pem = base64.b64decode(cluster["certificate-authority-data"])
    (files.identity / "ca.crt").write_bytes(ca_pem)
    (files.identity / "api-token").write_text(kubectl("-n", agents, "create", "token", NAME))
    return ClusterSettings(f"{agents}/gw", "gw-1", "127.0.0.1", cluster["server"], files, 0, 0)


async def test_changes_of_the_cluster_are_in_force_within_a_second(
    agents: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: object, listener: asyncio.Server) -> None:
        listener.close()

    monkeypatch.setattr(StopSequence, "run", at_once)
    made = ClusterGateway(settings_of(agents, tmp_path))
    task = asyncio.create_task(made.run())
    try:
        await until(lambda: made.gateway is not None, "it serves")
        assert made.following.is_whole
        assert made.key_ids() == {OLD.minting.key_id.hex()}
        document = table_object(agents, "/next")
        await asyncio.to_thread(kubectl, "apply", "-f", "-", document=document)
        wanted = table_of(agents, "/next").digest()
        await until(lambda: made.table_digest() == wanted, "the new table", 1.0)
        document = slice_object(agents, ready=False)
        await asyncio.to_thread(kubectl, "apply", "-f", "-", document=document)
        book = gateway_of(made)._parts.runtime.book.groups["tickets"].endpoints
        await until(lambda: not book["uid-0"].endpoint.ready, "it is not ready", 1.0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
