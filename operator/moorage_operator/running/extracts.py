"""What is kept of each observed object: small, frozen, compared by digest (pure)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moorage_contract.cluster_names import GROUP_LABEL
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND
from moorage_operator.api.workload_source import WorkloadKind
from moorage_operator.planning.snapshot import (
    ChildKey,
    ObservedDeployment,
    ObservedResource,
    ObservedWorkload,
)
from moorage_operator.rendering.child_names import (
    GATEWAY_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
)
from moorage_operator.running.newest import Incarnation
from moorage_operator.running.resource_key import ResourceKey

Body = Mapping[str, Any]

NAMESPACE_KIND = "Namespace"

_VOLATILE_METADATA = frozenset({"managedFields", "resourceVersion", "generation"})
_CONTENTS = ("data", "binaryData")
_LONG = 256
_CONTROLLERS_ANNOTATION = "deployment.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class ChildExtract:
    """An object at a place where a child of ours may stand: nothing of its content.

    Whoever may write a ConfigMap can label it as ours, so what is kept must not grow with it.
    """

    key: ChildKey
    uid: str
    owner_uid: str | None
    version: int
    digest: bytes
    """Of everything that is neither status, nor bookkeeping, nor replicas."""
    replicas: int | None
    """Of a Deployment; compared apart, because not everybody who writes them is wrong."""
    deleting: bool
    responsible: ResourceKey | None
    """Whose child it says it is, by its labels."""

    @property
    def incarnation(self) -> Incarnation:
        return Incarnation(self.uid, self.version)


@dataclass(frozen=True, slots=True)
class ResourceExtract:
    """A gateway or group, without what the API server keeps for itself."""

    observed: ObservedResource
    version: int
    deleting: bool

    @property
    def incarnation(self) -> Incarnation:
        return Incarnation(self.observed.uid, self.version)


@dataclass(frozen=True, slots=True)
class WorkloadExtract:
    """A Deployment or StatefulSet, as a workload and as far as it may be a child."""

    workload: ObservedWorkload
    rollout: ObservedDeployment
    child: ChildExtract


@dataclass(frozen=True, slots=True)
class NamespaceExtract:
    """What bears on the resources in a namespace."""

    name: str
    uid: str
    labels: Mapping[str, str]
    terminating: bool
    version: int = field(compare=False)

    @property
    def incarnation(self) -> Incarnation:
        return Incarnation(self.uid, self.version)


def name_of(body: Body) -> ResourceName:
    """The name of a namespaced object."""
    metadata = body["metadata"]
    return ResourceName(metadata["namespace"], metadata["name"])


def resource_extract(body: Body) -> ResourceExtract:
    """A gateway or group, small."""
    metadata = {name: at for name, at in body["metadata"].items() if name != "managedFields"}
    document = {
        "apiVersion": body["apiVersion"],
        "kind": body["kind"],
        "metadata": metadata,
        "spec": body.get("spec"),
        "status": body.get("status") or {},
    }
    observed = ObservedResource(
        name=name_of(body),
        uid=metadata["uid"],
        generation=metadata.get("generation", 1),
        created_at=metadata["creationTimestamp"],
        document=document,
    )
    return ResourceExtract(observed, version_of(body), "deletionTimestamp" in metadata)


def child_extract(kind: str, body: Body) -> ChildExtract:
    """An object as a child."""
    metadata = body["metadata"]
    spec = body.get("spec") or {}
    return ChildExtract(
        key=ChildKey(kind, metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        owner_uid=_controller_uid(metadata),
        version=version_of(body),
        digest=content_digest(body),
        replicas=spec.get("replicas") if kind == "Deployment" else None,
        deleting="deletionTimestamp" in metadata,
        responsible=_responsible(metadata),
    )


def workload_extract(kind: WorkloadKind, body: Body) -> WorkloadExtract:
    """A Deployment or StatefulSet."""
    spec, status = body["spec"], body.get("status") or {}
    selector = spec.get("selector") or {}
    replicas = spec.get("replicas", 1)
    workload = ObservedWorkload(
        kind=kind,
        name=name_of(body),
        match_labels=dict(selector.get("matchLabels") or {}),
        has_expressions=bool(selector.get("matchExpressions")),
        replicas=replicas,
        ready_replicas=status.get("readyReplicas", 0),
    )
    rollout = ObservedDeployment(
        generation=body["metadata"].get("generation", 1),
        observed_generation=status.get("observedGeneration", 0),
        replicas=status.get("replicas", 0),
        updated_replicas=status.get("updatedReplicas", 0),
        ready_replicas=status.get("readyReplicas", 0),
        available_replicas=status.get("availableReplicas", 0),
        spec_replicas=replicas,
    )
    return WorkloadExtract(workload, rollout, child_extract(kind, body))


def namespace_extract(body: Body) -> NamespaceExtract:
    """A namespace."""
    metadata = body["metadata"]
    return NamespaceExtract(
        name=metadata["name"],
        uid=metadata["uid"],
        labels=dict(metadata.get("labels") or {}),
        terminating="deletionTimestamp" in metadata,
        version=version_of(body),
    )


def unknown_namespace(name: str) -> NamespaceExtract:
    """A namespace of which nothing can be told."""
    return NamespaceExtract(name, "", {}, terminating=False, version=0)


def version_of(body: Body) -> int:
    """The resourceVersion; within one kind they can be compared (KEP-5504, Kubernetes 1.35)."""
    return int(body["metadata"]["resourceVersion"])


def content_digest(body: Body) -> bytes:
    """A digest of what an object says, without what changes by itself."""
    metadata = {
        name: value for name, value in body["metadata"].items() if name not in _VOLATILE_METADATA
    }
    annotations = {
        name: value
        for name, value in (metadata.pop("annotations", None) or {}).items()
        if not name.startswith(_CONTROLLERS_ANNOTATION)
    }
    content = {name: body[name] for name in body if name not in ("metadata", "status", "spec")}
    for section in _CONTENTS:
        if content.get(section):
            content[section] = {**content[section], **dict(_shortened(content[section]))}
    if spec := body.get("spec"):
        content["spec"] = {name: value for name, value in spec.items() if name != "replicas"}
    content |= {"metadata": metadata, "annotations": annotations}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def shorten_content(body: Body) -> None:
    """Put digests in the place of long values; the object's ``content_digest`` stays the same.

    kopf holds on to each body for a while, also of ConfigMaps that strangers labelled as ours.
    """
    for section in _CONTENTS:
        values: dict[str, str] = body.get(section) or {}
        values.update(dict(_shortened(values)))


def _shortened(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if len(value) > _LONG:
            digest = hashlib.blake2b(value.encode(), digest_size=16).hexdigest()
            # The colon is in no base64, so that no value of binaryData can pass for a digest.
            yield name, f"blake2b:{digest}"


def _controller_uid(metadata: Mapping[str, Any]) -> str | None:
    owners = metadata.get("ownerReferences") or []
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def _responsible(metadata: Mapping[str, Any]) -> ResourceKey | None:
    labels = metadata.get("labels") or {}
    if labels.get(MANAGED_BY_LABEL) != MANAGED_BY:
        return None
    for kind, label in ((GATEWAY_KIND, GATEWAY_LABEL), (GROUP_KIND, GROUP_LABEL)):
        if label in labels:
            return ResourceKey(kind, ResourceName(metadata["namespace"], labels[label]))
    return None
