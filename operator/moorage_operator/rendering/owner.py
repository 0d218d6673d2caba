"""The resource that owns the children: it gives them namespace, labels and owner reference."""

from collections.abc import Mapping
from dataclasses import dataclass

from moorage_operator.api.resource_kinds import API_VERSION, GATEWAY_KIND, GROUP_KIND
from moorage_operator.rendering.child_names import (
    gateway_child_name,
    gateway_labels,
    group_child_name,
    group_labels,
)


@dataclass(frozen=True)
class Owner:
    """One McpGateway or McpUpstreamGroup as its children name it."""

    kind: str
    namespace: str
    name: str
    uid: str

    @classmethod
    def gateway(cls, namespace: str, name: str, uid: str) -> "Owner":
        """A gateway that owns children."""
        return cls(GATEWAY_KIND, namespace, name, uid)

    @classmethod
    def group(cls, namespace: str, name: str, uid: str) -> "Owner":
        """A group that owns children."""
        return cls(GROUP_KIND, namespace, name, uid)

    @property
    def child_name(self) -> str:
        """The one name that all its children have."""
        is_gateway = self.kind == GATEWAY_KIND
        return gateway_child_name(self.name) if is_gateway else group_child_name(self.name)

    @property
    def labels(self) -> dict[str, str]:
        """The labels that all its children have."""
        return gateway_labels(self.name) if self.kind == GATEWAY_KIND else group_labels(self.name)

    def metadata(self, annotations: Mapping[str, str] | None = None) -> dict[str, object]:
        """The ``metadata`` of a child; deletion of the owner deletes it and waits for nothing."""
        return {
            "name": self.child_name,
            "namespace": self.namespace,
            "labels": self.labels,
            **({"annotations": dict(annotations)} if annotations else {}),
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": self.kind,
                    "name": self.name,
                    "uid": self.uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        }
