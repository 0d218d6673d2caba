"""Whether the indices hold all that is in the cluster: before that nothing can be told of it."""

import asyncio
import logging

from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ClusterError
from moorage_operator.cluster.object_paths import RESOURCE_KINDS
from moorage_operator.running.census import METADATA_ONLY
from moorage_operator.running.noticed import Noticed

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


class Filling:
    """kopf tells of no resource before every index is filled, and of none where there is none."""

    def __init__(
        self, client: ClusterClient, namespaces: tuple[str, ...], noticed: Noticed
    ) -> None:
        self._client = client
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._noticed = noticed
        self._nothing_there = False

    @property
    def is_complete(self) -> bool:
        return self._nothing_there or self._noticed.has_begun

    async def run(self) -> None:
        """Look until it is complete."""
        while not self.is_complete:
            try:
                self._nothing_there = not await self._any_resource()
            except ClusterError as error:
                logger.warning("resources cannot be listed: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _any_resource(self) -> bool:
        for kind in (GATEWAY_KIND, GROUP_KIND):
            for namespace in self._namespaces:
                path = RESOURCE_KINDS[kind].collection(namespace)
                listed = await self._client.request(
                    "GET", path, query={"limit": "1"}, accept=METADATA_ONLY
                )
                if listed["items"]:
                    return True
        return False
