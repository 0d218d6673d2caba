"""Events (``events.k8s.io/v1``) about users' resources: few, only when a condition flips."""

from moorage_operator.api.resource_kinds import API_VERSION
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.object_paths import RESOURCE_KINDS
from moorage_operator.planning.snapshot import ObservedResource
from moorage_operator.planning.status import EventText

REPORTING_CONTROLLER = "moorage.dev/operator"


async def post_event(
    client: ClusterClient,
    kind: str,
    resource: ObservedResource,
    text: EventText,
    *,
    instance: str,
    now_text: str,
) -> None:
    """Post one Event; ``now_text`` is RFC 3339 with microseconds."""
    name = resource.name
    body = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": f"{name.name}-", "namespace": name.namespace},
        "eventTime": now_text,
        "reportingController": REPORTING_CONTROLLER,
        "reportingInstance": instance,
        "action": "Reconcile",
        "type": text.type,
        "reason": text.reason,
        "note": text.message,
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": kind,
            "namespace": name.namespace,
            "name": name.name,
            "uid": resource.uid,
        },
    }
    await client.post(RESOURCE_KINDS["Event"].collection(name.namespace), body, {})
