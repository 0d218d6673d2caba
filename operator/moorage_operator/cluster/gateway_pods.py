"""Which gateway pods there are, by the EndpointSlices of the gateways' Services.

These name also pods that are not ready and such that end: all that may have had a leader's word.
Whether they name all tell the Deployments.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from urllib.parse import quote

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient, Document
from moorage_operator.cluster.object_paths import RESOURCE_KINDS
from moorage_operator.rendering.child_names import GATEWAY_LABEL, MANAGED_BY, MANAGED_BY_LABEL

PAGE = 20
"""A slice has up to 1,000 endpoints: a full page of these stays far below the memory there is."""
MAX_PODS = 50_000
"""More than any gateways have; who labels slices of his own only makes a new leader wait."""
SELECTOR = quote(f"{MANAGED_BY_LABEL}={MANAGED_BY},{GATEWAY_LABEL}", safe="")


async def read_gateway_pods(
    client: ClusterClient, namespaces: tuple[str, ...]
) -> frozenset[tuple[ResourceName, str]]:
    """Gateway and name of each pod; of all namespaces if none is given. Raises ClusterError."""
    pods: set[tuple[ResourceName, str]] = set()
    async for slices in _pages(client, "EndpointSlice", namespaces):
        pods |= set(_pods_of(slices))
        if len(pods) > MAX_PODS:
            break
    return frozenset(pods)


async def read_ready_counts(
    client: ClusterClient, namespaces: tuple[str, ...]
) -> Counter[ResourceName]:
    """How many pods of each gateway's Deployment are ready. Raises ClusterError.

    One that has no address yet is named nowhere, and has heard nobody.
    """
    counts: Counter[ResourceName] = Counter()
    async for deployments in _pages(client, "Deployment", namespaces):
        for each in deployments:
            counts[_gateway_of(each)] = each.get("status", {}).get("readyReplicas", 0)
        if len(counts) > MAX_PODS:
            break
    return counts


async def _pages(
    client: ClusterClient, kind: str, namespaces: tuple[str, ...]
) -> AsyncIterator[list[Document]]:
    for namespace in namespaces or (None,):
        path, query = RESOURCE_KINDS[kind].collection(namespace), {"limit": str(PAGE)}
        while True:
            listed = await client.get(path, {"labelSelector": SELECTOR, **query})
            yield listed["items"]
            if not (rest := listed["metadata"].get("continue")):
                break
            query["continue"] = quote(rest, safe="")


def _pods_of(slices: Iterable[Document]) -> Iterator[tuple[ResourceName, str]]:
    for each in slices:
        gateway = _gateway_of(each)
        for endpoint in each.get("endpoints") or ():
            target = endpoint.get("targetRef") or {}
            if target.get("kind") == "Pod" and target.get("name"):
                yield gateway, target["name"]


def _gateway_of(child: Document) -> ResourceName:
    metadata = child["metadata"]
    return ResourceName(metadata["namespace"], metadata["labels"][GATEWAY_LABEL])
