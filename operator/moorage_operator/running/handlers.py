"""The only kopf decorators: indices hold the world, every event only enqueues keys.

Low-level handlers alone: they put no finalizers and no annotations on anybody's objects.
"""

import ssl
from collections.abc import Callable
from typing import Any

import kopf

from moorage_operator.api.resource_kinds import API_GROUP
from moorage_operator.api.workload_source import WorkloadKind
from moorage_operator.rendering.child_names import MANAGED_BY, MANAGED_BY_LABEL
from moorage_operator.running.extracts import (
    Body,
    child_extract,
    namespace_extract,
    resource_extract,
    shorten_content,
    workload_extract,
)
from moorage_operator.running.links import Links, gateway_links, workload_ref
from moorage_operator.running.noticed import Noticed

GATEWAYS = (API_GROUP, "v1alpha1", "mcpgateways")
GROUPS = (API_GROUP, "v1alpha1", "mcpupstreamgroups")
NAMESPACES = ("", "v1", "namespaces")
WORKLOADS: tuple[tuple[WorkloadKind, tuple[str, str, str]], ...] = (
    ("Deployment", ("apps", "v1", "deployments")),
    ("StatefulSet", ("apps", "v1", "statefulsets")),
)
LABELLED_CHILDREN = (
    ("Service", ("", "v1", "services")),
    ("ConfigMap", ("", "v1", "configmaps")),
    ("ServiceAccount", ("", "v1", "serviceaccounts")),
    ("NetworkPolicy", ("networking.k8s.io", "v1", "networkpolicies")),
    ("PodDisruptionBudget", ("policy", "v1", "poddisruptionbudgets")),
    ("Role", ("rbac.authorization.k8s.io", "v1", "roles")),
    ("RoleBinding", ("rbac.authorization.k8s.io", "v1", "rolebindings")),
)
"""Kinds of which only objects with our label are streamed."""

LIST_PAGE_OBJECTS = 20
"""Of objects of up to 1 MiB, which strangers may have labelled as ours."""

Registry = kopf.OperatorRegistry


class ClusterConnection(kopf.ConnectionInfo):
    """Authorities of clusters often lack the key usage that Python 3.13 demands of them."""

    def as_ssl_context(self) -> ssl.SSLContext:
        context = super().as_ssl_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context


def register_handlers(links: Links, noticed: Noticed, *, clusterwide: bool) -> Registry:
    """A registry with all handlers. Indices must be there under these ids even while empty."""
    registry = Registry()
    _login(registry)
    _resources(registry, links, noticed)
    _workloads(registry, noticed)
    _children(registry, noticed)
    if clusterwide:
        _namespaces(registry, noticed)
    return registry


def _login(registry: Registry) -> None:
    @kopf.on.login(registry=registry, id="login")
    async def login(**kwargs: Any) -> Any:
        account = kopf.login_with_service_account(**kwargs)
        found = account or kopf.login_with_kubeconfig(**kwargs)
        return found and ClusterConnection(**vars(found))


def _resources(registry: Registry, links: Links, noticed: Noticed) -> None:
    async def index_gateway(body: Body, **_: Any) -> Any:
        extract = resource_extract(body)
        name = extract.observed.name
        links.put_gateway(name, extract.incarnation, gateway_links(name, body))
        return {name: extract}

    async def index_group(body: Body, **_: Any) -> Any:
        extract = resource_extract(body)
        name = extract.observed.name
        links.put_group(name, extract.incarnation, workload_ref(name, body))
        return {name: extract}

    async def gateway_event(body: Body, type: str | None, **_: Any) -> None:
        extract, gone = resource_extract(body), type == "DELETED"
        noticed.gateway(extract, gone=gone)

    async def group_event(body: Body, type: str | None, **_: Any) -> None:
        extract, gone = resource_extract(body), type == "DELETED"
        noticed.group(extract, gone=gone)

    _watch(registry, "gateways", GATEWAYS, index_gateway, gateway_event)
    _watch(registry, "groups", GROUPS, index_group, group_event)


def _workloads(registry: Registry, noticed: Noticed) -> None:
    for kind, resource in WORKLOADS:
        index, event = _workload_handlers(kind, noticed)
        _watch(registry, "workloads", resource, index, event, suffix=kind)


def _workload_handlers(
    kind: WorkloadKind, noticed: Noticed
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    async def index(body: Body, **_: Any) -> Any:
        extract = workload_extract(kind, body)
        entry: dict[Any, Any] = {(kind, extract.workload.name): extract}
        if extract.child.responsible is not None:
            entry[extract.child.responsible] = extract
        return entry

    async def event(body: Body, type: str | None, **_: Any) -> None:
        noticed.workload(workload_extract(kind, body), gone=type == "DELETED")

    return index, event


def _children(registry: Registry, noticed: Noticed) -> None:
    for kind, resource in LABELLED_CHILDREN:
        index, event = _child_handlers(kind, noticed)
        _watch(registry, "children", resource, index, event, suffix=kind)


def _child_handlers(kind: str, noticed: Noticed) -> tuple[Callable[..., Any], Callable[..., Any]]:
    async def index(body: Body, **_: Any) -> Any:
        shorten_content(body)
        extract = child_extract(kind, body)
        entry: dict[Any, Any] = {extract.key: extract}
        if extract.responsible is not None:
            entry[extract.responsible] = extract
        return entry

    async def event(body: Body, type: str | None, **_: Any) -> None:
        shorten_content(body)
        noticed.child(child_extract(kind, body), gone=type == "DELETED")

    return index, event


def _namespaces(registry: Registry, noticed: Noticed) -> None:
    async def index(body: Body, **_: Any) -> Any:
        return {body["metadata"]["name"]: namespace_extract(body)}

    async def event(body: Body, type: str | None, **_: Any) -> None:
        noticed.namespace(namespace_extract(body), gone=type == "DELETED")

    _watch(registry, "namespaces", NAMESPACES, index, event)


def _watch(
    registry: Registry,
    index_id: str,
    resource: tuple[str, str, str],
    index: Callable[..., Any],
    event: Callable[..., Any],
    suffix: str = "",
) -> None:
    group, version, plural = resource
    kopf.index(group, version, plural, id=index_id, registry=registry)(index)
    kopf.on.event(group, version, plural, id=f"{index_id}{suffix}-event", registry=registry)(event)


def operator_settings() -> kopf.OperatorSettings:
    """kopf for an operator that keeps no state on objects and outlives its API server's absence."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = EndlessBackoffs()
    settings.watching.reconnect_backoff = 0.5
    settings.watching.chunk_size = LIST_PAGE_OBJECTS
    settings.queueing.idle_timeout = 1.0
    settings.persistence.finalizer = f"{API_GROUP}/unused"
    prefix = f"operator.{API_GROUP}"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=prefix)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=prefix)
    for _, (group, version, plural) in LABELLED_CHILDREN:
        settings.watching.label_selectors[group, version, plural] = (
            f"{MANAGED_BY_LABEL}={MANAGED_BY}"
        )
    return settings


class EndlessBackoffs:
    """Pauses between attempts that never run out: an API server may be away for any time."""

    def __iter__(self) -> Any:
        yield from (0.5, 1.0, 2.0)
        while True:
            yield 4.0
