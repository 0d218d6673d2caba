"""A whole gateway pod in the test's own process, tied to a fake API server."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fakes.in_process_gateway import until
from integration.watching.fake_api import TOKEN, FakeApi
from moorage_contract.key_ids import keys_digest
from moorage_contract.route_table import (
    Discovery,
    Endpoint,
    Group,
    Route,
    RouteTable,
    encode_route_table,
)
from moorage_gateway.cluster_gateway import ClusterGateway
from moorage_gateway.cluster_settings import ClusterFiles, ClusterSettings
from moorage_gateway.process import Gateway
from moorage_wire.capsules import KeyRing

GATEWAY = "agents/gw"
CHILD = "gw-gateway"
CONFIG_MAPS = "/api/v1/namespaces/agents/configmaps"
SECRETS = "/api/v1/namespaces/agents/secrets"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/agents/endpointslices"
OLD, NEW = KeyRing.new(b"o" * 32), KeyRing.new(b"n" * 32)


def table_of(path: str = "/mcp", unresolved: str = "", keys: str = "") -> RouteTable:
    """One discovered group behind a path."""
    discovery = Discovery(namespace="agents", group="tickets", path="/mcp")
    group = Group(name="tickets", source="Workload", discovery=discovery, unresolved=unresolved)
    routes = (Route(path=path, group="tickets"),)
    hostnames = ("127.0.0.1",)
    return RouteTable(
        gateway=GATEWAY, hostnames=hostnames, routes=routes, groups=(group,), keys=keys
    )


def packed(table: RouteTable) -> bytes:
    return gzip.compress(encode_route_table(table), mtime=0)


def publish(api: FakeApi, octets: bytes) -> None:
    """Put a packed table into the ConfigMap."""
    data = {"table": base64.b64encode(octets).decode()}
    api.put(CONFIG_MAPS, {"metadata": {"name": CHILD}, "binaryData": data})


def put_ring(api: FakeApi, *rings: KeyRing, groups: bytes = b"{}") -> str:
    """Put keys into the Secret, the minting one first; returns what names them."""
    text = "".join(ring.to_text() for ring in rings).encode()
    data = {
        "ring": base64.b64encode(text).decode(),
        "groups": base64.b64encode(groups).decode(),
    }
    api.put(SECRETS, {"metadata": {"name": CHILD}, "data": data})
    return keys_digest(text, groups)


def put_slice(api: FakeApi, ports: Sequence[int], **conditions: bool) -> None:
    """One slice for each port, as a slice has one port for all its endpoints."""
    for number, port in enumerate(ports):
        labels = {"moorage.dev/upstream-group": "tickets"}
        endpoint: dict[str, Any] = {
            "addresses": ["127.0.0.1"],
            "conditions": conditions,
            "targetRef": {"uid": f"uid-{number}"},
        }
        api.put(
            SLICES,
            {
                "metadata": {"name": f"s-{number}", "labels": labels},
                "addressType": "IPv4",
                "endpoints": [endpoint],
                "ports": [{"name": "mcp", "port": port}],
            },
        )


def files_in(folder: Path) -> ClusterFiles:
    """The files of a pod, with its token and nothing else."""
    files = ClusterFiles(
        folder / "table", folder / "keys", folder / "tls", folder / "state", folder / "identity"
    )
    for each in (files.table, files.keys, files.state, files.identity):
        each.mkdir()
    (files.identity / "api-token").write_text(TOKEN)
    return files


def mount(files: ClusterFiles, table: RouteTable, ring: KeyRing) -> None:
    """The copies of ConfigMap and Secret."""
    (files.table / "table").write_bytes(packed(table))
    (files.keys / "ring").write_text(ring.to_text())
    (files.keys / "groups").write_text("{}")


def remember(files: ClusterFiles, port: int) -> None:
    """The endpoints of a former process."""
    endpoint = Endpoint(uid="uid-0", url=f"http://127.0.0.1:{port}/mcp")
    written = {"agents/tickets": [{"uid": endpoint.uid, "url": endpoint.url}]}
    files.endpoints.write_text(json.dumps(written))


@asynccontextmanager
async def pod(api_url: str, files: ClusterFiles) -> AsyncIterator[ClusterGateway]:
    """Serving when this yields; ended without the stop sequence's waits."""
    settings = ClusterSettings(
        gateway=GATEWAY,
        pod_name="gw-1",
        pod_ip="127.0.0.1",
        api_url=api_url,
        files=files,
        listen_port=0,
        admin_port=0,
    )
    made = ClusterGateway(settings)
    task = asyncio.create_task(made.run())
    try:
        await until(lambda: made.gateway is not None or task.done(), "the pod serves")
        yield made
    finally:
        if made.gateway is not None:
            made.gateway._parts.front_server.abort_all()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def gateway_of(made: ClusterGateway) -> Gateway:
    """The gateway that it runs."""
    assert made.gateway is not None
    return made.gateway
