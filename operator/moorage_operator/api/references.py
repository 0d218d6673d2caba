"""One gateway against the groups that its routes name."""

from collections.abc import Mapping

from moorage_operator.api.findings import SpecFinding, did_you_mean, quoted
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import GROUP_KIND, NAMESPACE_NAME_LABEL
from moorage_operator.api.upstream_group import McpUpstreamGroup

KnownGroups = Mapping[ResourceName, McpUpstreamGroup | None]
"""The groups there are; None for one that is there but whose document is refused."""


def check_references(
    gateway: McpGateway,
    groups: KnownGroups,
    *,
    in_files: bool,
    namespace_labels: Mapping[str, str] | None = None,
) -> tuple[SpecFinding, ...]:
    """What is wrong with the gateway's references, as findings of its document.

    ``in_files``: the groups are those of the reader's own files. In a cluster each namespace keeps
    from those that it does not allow which groups it has, as in the Gateway API: a group that is
    not there and one that does not allow the gateway are told alike.
    ``namespace_labels`` are those of the gateway's namespace, as far as they are known.
    """
    own = gateway.name.namespace
    labels = {NAMESPACE_NAME_LABEL: own, **(namespace_labels or {})}
    allowed = {name: group for name, group in groups.items() if _allowed(name, group, own, labels)}
    findings = []
    for index, route in enumerate(gateway.spec.routes):
        target = route.upstream.resolve(own)
        if target in allowed:
            continue
        if in_files and target in groups:
            findings.append(_not_permitted(index, target, own))
        elif in_files or target.namespace == own:
            findings.append(
                _not_found(index, target, own, groups if in_files else allowed, in_files)
            )
        else:
            findings.append(_not_permitted_or_found(index, target, own))
    return tuple(findings)


def unreferenced_groups(gateways: list[McpGateway], groups: KnownGroups) -> list[ResourceName]:
    """The groups that no route of any gateway names, sorted."""
    named = {
        route.upstream.resolve(gateway.name.namespace)
        for gateway in gateways
        for route in gateway.spec.routes
    }
    return sorted(set(groups) - named)


def _allowed(
    name: ResourceName, group: McpUpstreamGroup | None, namespace: str, labels: Mapping[str, str]
) -> bool:
    # Of a refused one it is not known whom it allows: what it served before goes on.
    return group is None or group.spec.allowed_gateways.allow(name.namespace, namespace, labels)


def _not_found(
    index: int, target: ResourceName, own: str, groups: KnownGroups, in_files: bool
) -> SpecFinding:
    neighbours = [name.name for name in groups if name.namespace == target.namespace]
    elsewhere = [name for name in groups if name.name == target.name]
    shown = quoted(target.name) if target.namespace == own else quoted(str(target))
    if elsewhere and not did_you_mean(target.name, neighbours):
        remedy = f"it is in the namespace {quoted(elsewhere[0].namespace)}: add it to the reference"
    else:
        remedy = did_you_mean(target.name, neighbours) or "add the group or correct the name"
    place = "these files" if in_files else f"the namespace {quoted(own)}"
    return SpecFinding(
        ("spec", "routes", index, "upstream", "name"),
        "UpstreamNotFound",
        f"no {GROUP_KIND} {shown} in {place}",
        remedy,
    )


def _not_permitted(index: int, target: ResourceName, own: str) -> SpecFinding:
    return SpecFinding(
        ("spec", "routes", index, "upstream", "namespace"),
        "RefNotPermitted",
        f"{quoted(str(target))} does not allow gateways of the namespace {quoted(own)}",
        "set spec.allowedGateways.namespaces.from of the group",
    )


def _not_permitted_or_found(index: int, target: ResourceName, own: str) -> SpecFinding:
    return SpecFinding(
        ("spec", "routes", index, "upstream", "namespace"),
        "RefNotPermitted",
        f"no {GROUP_KIND} {quoted(str(target))} allows gateways of the namespace {quoted(own)}: "
        "it is not there, or does not allow them",
        "correct the reference or create the group, or set its spec.allowedGateways.namespaces",
    )
