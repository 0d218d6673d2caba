"""Secrets with keys: made once with fresh random bytes, and after that only added to."""

from collections.abc import Mapping
from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ObjectConflict
from moorage_operator.cluster.object_paths import RESOURCE_KINDS, object_path
from moorage_operator.cluster.objects import FIELD_MANAGER
from moorage_operator.cluster.secret_reader import SecretContent, read_secret, secret_content

MERGE_PATCH = "application/merge-patch+json"


async def create_secret(client: ClusterClient, manifest: Mapping[str, Any]) -> SecretContent | None:
    """Create the Secret; one that is there already is read and stays as it is.

    None if it was there and is gone again.
    """
    metadata = manifest["metadata"]
    name = ResourceName(metadata["namespace"], metadata["name"])
    collection = RESOURCE_KINDS["Secret"].collection(name.namespace)
    try:
        answer = await client.post(collection, dict(manifest), {"fieldManager": FIELD_MANAGER})
    except ObjectConflict as error:
        if not error.exists_already:
            raise
        return await read_secret(client, name)
    return secret_content(answer)


async def update_secret(
    client: ClusterClient, manifest: Mapping[str, Any], read: SecretContent
) -> SecretContent:
    """Write the manifest's data and annotations over exactly the Secret that was read.

    Raises ``ObjectConflict`` if it changed since: then nothing was written.
    """
    metadata = manifest["metadata"]
    changed = {
        "metadata": {
            "uid": read.uid,
            "resourceVersion": read.version,
            "labels": metadata["labels"],
            "annotations": metadata.get("annotations"),
        },
        "data": manifest["data"],
    }
    answer = await client.request(
        "PATCH",
        object_path("Secret", metadata["namespace"], metadata["name"]),
        changed,
        query={"fieldManager": FIELD_MANAGER},
        content_type=MERGE_PATCH,
    )
    return secret_content(answer)
