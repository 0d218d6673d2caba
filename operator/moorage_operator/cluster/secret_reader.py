"""Secrets by name: never listed, never watched, read again only after a while."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient, Document
from moorage_operator.cluster.errors import NotPermitted, ObjectNotFound
from moorage_operator.cluster.object_paths import object_path


@dataclass(frozen=True)
class SecretContent:
    """One Secret as read."""

    uid: str
    version: str
    type: str
    owner_uid: str | None
    annotations: Mapping[str, str]
    data: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"SecretContent({self.uid}, {sorted(self.data)})"


async def read_secret(client: ClusterClient, name: ResourceName) -> SecretContent | None:
    """The Secret, or None if there is none that may be read."""
    try:
        document = await client.get(object_path("Secret", name.namespace, name.name))
    except (ObjectNotFound, NotPermitted):
        return None
    return secret_content(document)


def secret_content(document: Document) -> SecretContent:
    """A Secret's document, decoded; values that are no base64 are left out."""
    metadata = document["metadata"]
    owners = metadata.get("ownerReferences") or []
    return SecretContent(
        uid=metadata["uid"],
        version=metadata["resourceVersion"],
        type=document.get("type") or "",
        owner_uid=next((owner["uid"] for owner in owners if owner.get("controller")), None),
        annotations=metadata.get("annotations") or {},
        data=dict(_decoded(document.get("data") or {})),
    )


def _decoded(data: Mapping[str, str]) -> list[tuple[str, bytes]]:
    decoded = []
    for name, text in data.items():
        try:
            decoded.append((name, base64.b64decode(text, validate=True)))
        except (binascii.Error, ValueError):
            continue
    return decoded
