"""Writing the status of users' resources: the one thing of theirs that the operator writes."""

from collections.abc import Mapping
from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import API_VERSION
from moorage_operator.cluster.api_client import APPLY, ClusterClient, Document
from moorage_operator.cluster.object_paths import object_path

STATUS_MANAGER = "moorage-operator-status"


async def apply_status(
    client: ClusterClient, kind: str, name: ResourceName, uid: str, status: Mapping[str, Any]
) -> Document:
    """Server-side apply on ``/status``; the answer is the resource as it stands then.

    Raises ``ObjectNotFound`` if it is gone, ``ObjectConflict`` if another has its name now.
    """
    body = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name.name, "namespace": name.namespace, "uid": uid},
        "status": dict(status),
    }
    return await client.request(
        "PATCH",
        f"{object_path(kind, name.namespace, name.name)}/status",
        body,
        query={"fieldManager": STATUS_MANAGER, "force": "true"},
        content_type=APPLY,
    )
