"""Namespaces whose endpoints the API server refuses to tell to gateway pods (pure)."""

from collections.abc import Mapping

from moorage_contract.route_table import RouteTable
from moorage_operator.planning.sentences import told
from moorage_operator.planning.snapshot import GatewayPodReport, GatewaySnapshot
from moorage_operator.rendering.child_names import gateway_child_name, group_child_name

PODS_NAMED = 5
GROUPS_NAMED = 5


def unfollowed_endpoints(snapshot: GatewaySnapshot, table: RouteTable) -> str:
    """Which pods may not follow which groups, with the remedy; empty if all may.

    What pods say of namespaces in which the table has no group is of a table of before.
    """
    groups = _groups_by_namespace(table)
    staying = [report for report in snapshot.reports if not report.stopping]
    texts = [
        _text(namespace, groups[namespace], refused, snapshot)
        for namespace in sorted(groups)
        if (refused := [report for report in staying if namespace in report.unfollowed])
    ]
    return told(texts, "These pods go on with the endpoints that they knew before") if texts else ""


def _groups_by_namespace(table: RouteTable) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in table.groups:
        if group.discovery is not None:
            found.setdefault(group.discovery.namespace, []).append(group.discovery.group)
    return found


def _text(
    namespace: str, groups: list[str], refused: list[GatewayPodReport], snapshot: GatewaySnapshot
) -> str:
    gateway = snapshot.resource.name
    account = f"{gateway.namespace}/{gateway_child_name(gateway.name)}"
    why = refused[0].unfollowed[namespace]
    binding = group_child_name(sorted(groups)[0])
    return (
        f"{_named('pod', sorted(report.pod for report in refused), PODS_NAMED)} may not list "
        f"EndpointSlices in namespace {namespace} ({_named('group', sorted(groups), GROUPS_NAMED)}"
        f"): {why}; see the RoleBinding {binding} there: it must give the Role {binding} to the "
        f"ServiceAccount {account}; delete it if it does not, and it is made again"
    )


def _named(noun: str, names: list[str], at_most: int) -> str:
    """``pods a, b and 3 more``."""
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return f"{noun}{'s' if len(names) > 1 else ''} {', '.join(names[:at_most])}{more}"
