"""Writing child objects: server-side apply, deletion of exactly the object that was seen, scale."""

from collections.abc import Mapping
from typing import Any

from moorage_operator.cluster.api_client import APPLY, ClusterClient, Document
from moorage_operator.cluster.errors import ApiRefusal, ObjectConflict, ObjectNotFound
from moorage_operator.cluster.object_paths import object_path
from moorage_operator.planning.snapshot import ChildKey, ScaleTo

FIELD_MANAGER = "moorage-operator"
INVALID = 422
NO_OBJECT = "1"
"""A resourceVersion that no object has: an apply that bears it creates, or conflicts.

A POST would leave its fields to an Update of the same manager, so that a later apply that leaves
one out would not remove it.
"""


async def read_object(client: ClusterClient, key: ChildKey) -> Document | None:
    """The object, or None if there is none."""
    try:
        return await client.get(object_path(key.kind, key.namespace, key.name))
    except ObjectNotFound:
        return None


async def apply_object(
    client: ClusterClient, manifest: Mapping[str, Any], uid: str | None
) -> Document:
    """Server-side apply to the object with this uid, or, without one, only where none stands.

    The answer is the object as it stands then. Raises ``ObjectConflict`` if another stands there,
    or none where there was one: then nothing was written.
    """
    metadata = manifest["metadata"]
    only_if = {"resourceVersion": NO_OBJECT} if uid is None else {"uid": uid}
    try:
        return await client.request(
            "PATCH",
            object_path(manifest["kind"], metadata["namespace"], metadata["name"]),
            {**manifest, "metadata": {**metadata, **only_if}},
            query={"fieldManager": FIELD_MANAGER, "force": "true"},
            content_type=APPLY,
        )
    except ApiRefusal as error:
        if error.status == INVALID and "metadata.uid: " in error.message:
            # Where another object stands, its uid counts as a field that cannot be changed.
            raise ObjectConflict(str(error), error.status, error.reason, error.message) from error
        raise


async def delete_object(client: ClusterClient, key: ChildKey, uid: str) -> None:
    """Delete the object with this uid, if it is not gone already.

    Raises ``ObjectConflict`` if another stands there: that is left alone.
    """
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid},
        "propagationPolicy": "Background",
    }
    try:
        await client.request("DELETE", object_path(key.kind, key.namespace, key.name), body)
    except ObjectNotFound:
        return


async def scale_object(client: ClusterClient, wanted: ScaleTo) -> bool:
    """Write replicas through ``/scale`` over what was just read; False if they stood so already.

    Raises ``ObjectConflict`` if somebody else wrote in between.
    """
    target = wanted.target
    path = f"{object_path(target.kind, target.namespace, target.name)}/scale"
    scale = await client.get(path)
    if scale["spec"].get("replicas", 0) == wanted.replicas:
        return False
    scale["spec"]["replicas"] = wanted.replicas
    await client.put(path, scale, {"fieldManager": FIELD_MANAGER})
    return True
