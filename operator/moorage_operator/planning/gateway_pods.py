"""What a gateway's pods tell: whether they serve its newest table, or at all."""

from collections.abc import Mapping

from moorage_contract.route_table import RouteTable
from moorage_operator.planning.conditions import GATEWAY
from moorage_operator.planning.earlier_conditions import held_before
from moorage_operator.planning.kubectl_lines import describe_pods
from moorage_operator.planning.listener_secret import pods_wait_for_certificate
from moorage_operator.planning.ownership import rests_on
from moorage_operator.planning.sentences import counted
from moorage_operator.planning.snapshot import (
    ChildKey,
    Condition,
    GatewaySnapshot,
    ObservedDeployment,
)
from moorage_operator.planning.unfollowed_endpoints import unfollowed_endpoints
from moorage_operator.rendering.child_names import gateway_child_name, gateway_pod_selector

PODS_NAMED = 5
_NEEDED_TO_SERVE = frozenset({"Deployment", "Service", "ServiceAccount"})


def programmed_condition(
    snapshot: GatewaySnapshot, table: RouteTable, *, published: bool
) -> Condition:
    """Whether every pod serves exactly ``table``; ``published`` is False if it could not be."""
    if ring_problem(snapshot):
        return GATEWAY.condition("Programmed", "KeyRingLost", ring_problem(snapshot))
    if not published:
        text = "spec.routes: the newest table could not be published, see Accepted; mend it there"
        return GATEWAY.condition("Programmed", "NotAccepted", text)
    if unfollowed := unfollowed_endpoints(snapshot, table):
        return GATEWAY.condition("Programmed", "EndpointsRefused", unfollowed)
    reason, text = _programmed(snapshot, table.digest())
    return GATEWAY.condition("Programmed", reason, text)


def is_in_force(snapshot: GatewaySnapshot, table: RouteTable) -> bool:
    """Whether every pod has told that it serves exactly ``table``."""
    reason, _ = _programmed(snapshot, table.digest())
    return reason == "Programmed"


def ready_condition(
    snapshot: GatewaySnapshot, in_force: RouteTable | None, taken: tuple[ChildKey, ...]
) -> Condition:
    """Whether clients are served: a pod is ready, can be reached, and a route leads somewhere."""
    if hindering := _hindering(snapshot, taken):
        text = f"see Accepted: the place of its {' and '.join(hindering)} is taken"
        return GATEWAY.condition("Ready", "NameTaken", text)
    ready, wanted = _ready_pods(snapshot)
    if not ready:
        return GATEWAY.condition("Ready", "NoReadyPods", _none_ready(snapshot))
    if in_force is not None and not routes_served(in_force):
        text = "spec.routes: no route leads to a group that can be served, see ResolvedRefs"
        return GATEWAY.condition("Ready", "NoRouteServed", text)
    return GATEWAY.condition("Ready", "Ready", f"{ready} of {counted(wanted, 'pod')} ready")


def routes_served(table: RouteTable) -> int:
    """How many routes lead to a group to which something may be sent."""
    unresolved = {group.name for group in table.groups if group.unresolved}
    return sum(route.group not in unresolved for route in table.routes)


def ring_problem(snapshot: GatewaySnapshot) -> str:
    """What is wrong with the key ring, with the remedy; empty if nothing is.

    Before the first Deployment there is no ring that could have been lost: it is made then.
    """
    name = gateway_child_name(snapshot.resource.name.name)
    place = f"the Secret {snapshot.resource.name.namespace}/{name}"
    remedy = (
        "restore it from a backup; or delete the Deployment of the same name, and a new ring is "
        "made: every session of this gateway is lost then"
    )
    if snapshot.key_ring_problem:
        return f"{place} holds no readable key ring: {snapshot.key_ring_problem}; {remedy}"
    key = ChildKey("Secret", snapshot.resource.name.namespace, name)
    if deployment_of(snapshot) is None or key in snapshot.children:
        return ""
    return f"{place} with the key ring is gone; its pods go on with the keys they have; {remedy}"


def deployment_of(snapshot: GatewaySnapshot) -> ObservedDeployment | None:
    """The gateway's Deployment, unless it is somebody else's."""
    name = gateway_child_name(snapshot.resource.name.name)
    child = snapshot.children.get(ChildKey("Deployment", snapshot.resource.name.namespace, name))
    if child is None or child.owner_uid != snapshot.resource.uid:
        return None
    return snapshot.deployment


def gateway_counts(snapshot: GatewaySnapshot, in_force: RouteTable | None) -> Mapping[str, object]:
    """Ready pods of those wanted, routes in force, live sessions and open streams."""
    return {
        "pods": "{}/{}".format(*_ready_pods(snapshot)),
        "routes": 0 if in_force is None else routes_served(in_force),
        "sessions": sum(report.sessions for report in snapshot.reports),
        "streams": sum(report.streams for report in snapshot.reports),
    }


def _hindering(snapshot: GatewaySnapshot, taken: tuple[ChildKey, ...]) -> list[str]:
    """The kinds whose places must be free, so that there are pods and clients reach them."""
    needed = _NEEDED_TO_SERVE
    if deployment_of(snapshot) is None:
        needed |= rests_on("Deployment")
    return [key.kind for key in taken if key.kind in needed]


def _none_ready(snapshot: GatewaySnapshot) -> str:
    name = snapshot.resource.name
    describe = describe_pods(name.namespace, gateway_pod_selector(name.name))
    certificate = pods_wait_for_certificate(snapshot.tls_secret)
    return (
        f"no pod of the Deployment {gateway_child_name(name.name)} is ready{certificate}; "
        f"if this lasts, see why: {describe}"
    )


def _programmed(snapshot: GatewaySnapshot, digest: str) -> tuple[str, str]:
    ready, wanted = _ready_pods(snapshot)
    staying = [report for report in snapshot.reports if not report.stopping]
    late = sorted(report.pod for report in staying if report.table_digest != digest)
    if late:
        names = ", ".join(late[:PODS_NAMED])
        told = f"{len(late)} of {counted(wanted, 'pod')}"
        return "Pending", f"without the newest table as yet: {told}: {names}"
    if not ready and not staying:
        return "Pending", "no pod is ready yet, see Ready"
    if len(staying) >= max(wanted, 1):
        return "Programmed", f"in force on {counted(len(staying), 'pod')}: table {digest}"
    earlier = held_before(snapshot.resource, "Programmed")
    if earlier is not None and earlier.endswith(digest):
        return "Programmed", earlier
    return _unreported(len(staying), wanted)


def _unreported(reports: int, wanted: int) -> tuple[str, str]:
    if reports:
        told = f"{reports} of {counted(wanted, 'pod')}"
        text = "the others have not started, or may serve an older table; see Ready"
        return "Pending", f"only {told} reported; {text}"
    return "NoReports", (
        "no pod has reported which table it serves; if this lasts, see whether the pods reach "
        "the operator's Service"
    )


def _ready_pods(snapshot: GatewaySnapshot) -> tuple[int, int]:
    deployment = deployment_of(snapshot)
    if deployment is None:
        return 0, 0
    return deployment.ready_replicas, max(deployment.spec_replicas, deployment.ready_replicas)
