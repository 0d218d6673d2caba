"""Which gateway pods there are, by the EndpointSlices of the gateways' Services.

These name also pods that are not ready and such that end: all that may have had a leader's word.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient, Document
from moorage_operator.cluster.object_paths import RESOURCE_KINDS
from moorage_operator.rendering.child_names import GATEWAY_LABEL, MANAGED_BY, MANAGED_BY_LABEL

PAGE = 200
MAX_PODS = 50_000
"""More than any gateways have; who labels slices of his own only makes a new leader wait."""
SELECTOR = quote(f"{MANAGED_BY_LABEL}={MANAGED_BY},{GATEWAY_LABEL}", safe="")


async def read_gateway_pods(
    client: ClusterClient, namespaces: tuple[str, ...]
) -> frozenset[tuple[ResourceName, str]]:
    """Gateway and name of each pod; of all namespaces if none is given. Raises ClusterError."""
    pods: set[tuple[ResourceName, str]] = set()
    for namespace in namespaces or (None,):
        path = RESOURCE_KINDS["EndpointSlice"].collection(namespace)
        query = {"labelSelector": SELECTOR, "limit": str(PAGE)}
        while len(pods) <= MAX_PODS:
            listed = await client.get(path, query)
            pods |= set(_pods_of(listed["items"]))
            if not (rest := listed["metadata"].get("continue")):
                break
            query = {**query, "continue": quote(rest, safe="")}
    return frozenset(pods)


def _pods_of(slices: Iterable[Document]) -> Iterator[tuple[ResourceName, str]]:
    for each in slices:
        metadata = each["metadata"]
        gateway = ResourceName(metadata["namespace"], metadata["labels"][GATEWAY_LABEL])
        for endpoint in each.get("endpoints") or ():
            target = endpoint.get("targetRef") or {}
            if target.get("kind") == "Pod" and target.get("name"):
                yield gateway, target["name"]
