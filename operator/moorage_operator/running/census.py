"""Objects that are gone without a word: a watch that was cut misses deletions.

After a cut kopf lists again, but what is not in the list stays in its indices. So each kind is
listed now and then, metadata only, and what the lists lack is taken for deleted.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND
from moorage_operator.api.workload_source import WORKLOAD_KINDS
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ClusterError
from moorage_operator.cluster.object_paths import RESOURCE_KINDS
from moorage_operator.rendering.child_names import MANAGED_BY, MANAGED_BY_LABEL
from moorage_operator.running.extracts import (
    NAMESPACE_KIND,
    NamespaceExtract,
    ResourceExtract,
    WorkloadExtract,
)
from moorage_operator.running.handlers import LABELLED_CHILDREN
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.read_namespaces import look_at_namespaces
from moorage_operator.running.resource_key import ResourceKey
from moorage_operator.running.world import World

logger = logging.getLogger(__name__)

METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
LABELLED = {"labelSelector": f"{MANAGED_BY_LABEL}%3D{MANAGED_BY}"}
UNLABELLED_KINDS = (GATEWAY_KIND, GROUP_KIND, NAMESPACE_KIND, *WORKLOAD_KINDS)
COUNTED_KINDS = (*UNLABELLED_KINDS, *(kind for kind, _ in LABELLED_CHILDREN))

EVERY_SECONDS = 300.0
LOOK_SECONDS = 2.0
SPREAD_SECONDS = 10.0
"""After an outage all resources are looked at within this."""


class Census:
    """Counts every kind regularly, and at once after the API server was away."""

    def __init__(
        self,
        client: ClusterClient,
        world: World,
        noticed: Noticed,
        namespaces: tuple[str, ...],
        enqueue: Callable[[ResourceKey, float], None],
        forget_unseen: Callable[[], None],
    ) -> None:
        self._client = client
        self._world = world
        self._noticed = noticed
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._enqueue = enqueue
        self._forget_unseen = forget_unseen

    async def run(self, leading_since: Callable[[], float | None]) -> None:
        """Count until cancelled. Leading anew means that the API server was away."""
        since, waited = leading_since(), 0.0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS
            with suppress(ClusterError):
                await look_at_namespaces(self._client, self._world, self._noticed)
            now_since = leading_since()
            was_away = now_since is not None and now_since != since
            if not was_away and waited < EVERY_SECONDS:
                continue
            try:
                await self.count()
            except ClusterError as error:
                logger.warning("objects could not be counted: %s", error)
                continue
            if was_away:
                logger.info("the API server is back: looking at everything again")
                self._look_at_everything()
            since, waited = now_since or since, 0.0

    async def count(self) -> int:
        """List every kind once; how many objects were gone without a word."""
        gone = 0
        for kind in COUNTED_KINDS:
            # What is indexed before the list is read and is not in it was deleted.
            before = self._world.indexed(kind)
            if not before:
                continue
            listed = await self._listed_uids(kind)
            for uid in before.keys() - listed:
                self._world.take_for_gone(uid)
                self._tell(before[uid])
                gone += 1
        self._world.forget_unindexed(COUNTED_KINDS)
        self._noticed.forget_unseen(self._world)
        self._forget_unseen()
        return gone

    async def _listed_uids(self, kind: str) -> set[str]:
        query = {} if kind in UNLABELLED_KINDS else LABELLED
        uids: set[str] = set()
        for namespace in self._namespaces:
            path = RESOURCE_KINDS[kind].collection(namespace)
            listed = await self._client.request("GET", path, query=query, accept=METADATA_ONLY)
            uids |= _uids(listed["items"])
        return uids

    def _tell(self, extract: Any) -> None:
        if isinstance(extract, WorkloadExtract):
            self._noticed.workload(extract, gone=True)
        elif isinstance(extract, NamespaceExtract):
            self._noticed.namespace(extract, gone=True)
        elif not isinstance(extract, ResourceExtract):
            self._noticed.child(extract, gone=True)
        elif extract.observed.document["kind"] == GATEWAY_KIND:
            self._noticed.gateway(extract, gone=True)
        else:
            self._noticed.group(extract, gone=True)

    def _look_at_everything(self) -> None:
        for key in self._world.resource_keys():
            self._enqueue(key, random.uniform(0.0, SPREAD_SECONDS))


def _uids(items: Iterable[dict[str, Any]]) -> set[str]:
    return {item["metadata"]["uid"] for item in items}
