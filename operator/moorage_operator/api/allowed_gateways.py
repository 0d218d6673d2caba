"""``spec.allowedGateways`` of an McpUpstreamGroup: gateways of which namespaces may serve it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from moorage_operator.api.bounds import REQUIRED_LABELS
from moorage_operator.api.pod_fields import read_labels
from moorage_operator.api.value import Value

NamespacesFrom = Literal["Same", "All", "Selector"]
NAMESPACES_FROM: tuple[NamespacesFrom, ...] = ("Same", "All", "Selector")


@dataclass(frozen=True)
class AllowedGatewaysSpec:
    """The namespaces whose gateways may serve the group."""

    namespaces_from: NamespacesFrom = NAMESPACES_FROM[0]
    match_labels: tuple[tuple[str, str], ...] = ()
    """Labels that a namespace must have; set exactly when namespaces_from is Selector."""

    def allow(self, own_namespace: str, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether gateways of that namespace, which has these labels, may serve the group."""
        if namespace == own_namespace or self.namespaces_from == "All":
            return True
        if self.namespaces_from == "Same":
            return False
        return all(labels.get(name) == value for name, value in self.match_labels)


def read_allowed_gateways(value: Value | None) -> AllowedGatewaysSpec:
    """The rule as written; absent means the group's own namespace."""
    if value is None:
        return AllowedGatewaysSpec()
    with value.members() as allowed, allowed.required("namespaces").members() as namespaces:
        come_from = namespaces.choice("from", NAMESPACES_FROM)
        selector = namespaces.optional("selector")
        labels = () if selector is None else _read_match_labels(selector)
        if come_from == "Selector" and selector is None:
            remedy = 'add "selector: {matchLabels: {…}}"'
            namespaces.refuse("MissingField", "needs a selector with matchLabels", remedy)
        if come_from != "Selector" and selector is not None:
            message = f"has a selector, which from {come_from} does not use"
            namespaces.refuse("Contradiction", message, 'write "from: Selector" or remove it')
    return AllowedGatewaysSpec(come_from, labels)


def _read_match_labels(selector: Value) -> tuple[tuple[str, str], ...]:
    with selector.members() as members:
        return read_labels(members.required("matchLabels"), REQUIRED_LABELS)
