"""The fields of ``spec.source.stdio`` that shape its pods; a desk has no pods and skips them."""

from dataclasses import dataclass, field
from typing import Literal

from moorage_operator.api import bounds
from moorage_operator.api.bounds import SizeBounds
from moorage_operator.api.name_rules import (
    image_name,
    label_key,
    label_value,
    object_name,
    quantity,
)
from moorage_operator.api.quantities import amount_of
from moorage_operator.api.security_context import SecurityContextSpec, read_security_context
from moorage_operator.api.tolerations import read_tolerations
from moorage_operator.api.value import Members, Value
from moorage_operator.api.volumes import PodObject, read_volume_mounts, read_volumes

PullPolicy = Literal["IfNotPresent", "Always", "Never"]
PULL_POLICIES: tuple[PullPolicy, ...] = ("IfNotPresent", "Always", "Never")

Quantities = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ResourcesSpec:
    """What the server's container asks for and may use at most: (resource, quantity) pairs."""

    requests: Quantities = ()
    limits: Quantities = ()


@dataclass(frozen=True)
class PodFields:
    """How the pods of a stdio group are built."""

    image: str | None = None
    image_pull_policy: PullPolicy = PULL_POLICIES[0]
    image_pull_secrets: tuple[str, ...] = ()
    service_account_name: str | None = None
    resources: ResourcesSpec = field(default_factory=ResourcesSpec)
    node_selector: tuple[tuple[str, str], ...] = ()
    tolerations: tuple[PodObject, ...] = ()
    volumes: tuple[PodObject, ...] = ()
    volume_mounts: tuple[PodObject, ...] = ()
    security_context: SecurityContextSpec = field(default_factory=SecurityContextSpec)


def read_pod_fields(stdio: Members) -> PodFields:
    """The pod fields as written; tolerations, volumes and mounts as pods take them."""
    volumes = read_volumes(stdio)
    return PodFields(
        image=stdio.optional_text("image", image_name),
        image_pull_policy=stdio.choice("imagePullPolicy", PULL_POLICIES),
        image_pull_secrets=_read_pull_secrets(stdio),
        service_account_name=stdio.optional_text("serviceAccountName", object_name),
        resources=_read_resources(stdio.optional("resources")),
        node_selector=read_labels(stdio.optional("nodeSelector")),
        tolerations=read_tolerations(stdio),
        volumes=volumes,
        volume_mounts=read_volume_mounts(stdio, volumes),
        security_context=read_security_context(stdio.optional("securityContext")),
    )


def read_labels(
    value: Value | None, size: SizeBounds = bounds.LABELS
) -> tuple[tuple[str, str], ...]:
    """Label names and values, sorted."""
    if value is None:
        return ()
    entries = value.entries(size)
    for name, place in entries.items():
        place.rule_on_name(name, label_key)
    return tuple(sorted((name, place.text(label_value)) for name, place in entries.items()))


def _read_pull_secrets(stdio: Members) -> tuple[str, ...]:
    return tuple(_read_name(item) for item in stdio.items("imagePullSecrets", bounds.POD_ITEMS))


def _read_name(value: Value) -> str:
    with value.members() as reference:
        return reference.text("name", object_name)


def _read_resources(value: Value | None) -> ResourcesSpec:
    if value is None:
        return ResourcesSpec()
    with value.members() as resources:
        spec = ResourcesSpec(
            requests=_read_quantities(resources.optional("requests")),
            limits=_read_quantities(resources.optional("limits")),
        )
        _refuse_requests_beyond_limits(resources, spec)
    return spec


def _refuse_requests_beyond_limits(resources: Members, spec: ResourcesSpec) -> None:
    limits = dict(spec.limits)
    for name, requested in spec.requests:
        wanted, most = amount_of(requested), amount_of(limits.get(name, ""))
        if wanted is not None and most is not None and wanted > most:
            message = f"requests {requested} of {name}, more than its limit {limits[name]}"
            resources.refuse("Contradiction", message, "lower the request or raise the limit")


def _read_quantities(value: Value | None) -> Quantities:
    if value is None:
        return ()
    entries = value.entries(bounds.QUANTITIES)
    for name, place in entries.items():
        place.rule_on_name(name, label_key)
    return tuple(sorted((name, _read_quantity(place)) for name, place in entries.items()))


def _read_quantity(place: Value) -> str:
    whole = isinstance(place.raw, int) and not isinstance(place.raw, bool)
    return str(place.integer(bounds.WHOLE_QUANTITY)) if whole else place.text(quantity)
