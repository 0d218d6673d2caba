"""A new leader learns which gateway pods there are: it waits for these, and for no others."""

import asyncio
import logging
from collections import Counter
from typing import Protocol

from moorage_contract.report_channel import PROMISE_SECONDS
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ClusterError
from moorage_operator.cluster.gateway_pods import read_gateway_pods, read_ready_counts
from moorage_operator.planning.demand.settling import PodNames

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0


class Expecting(Protocol):
    """Who waits for pods."""

    def expect(self, pods: PodNames) -> None: ...


async def tell_expected_pods(
    client: ClusterClient, namespaces: tuple[str, ...], channel: Expecting
) -> None:
    """Once, as soon as all can be named; later than PROMISE_SECONDS nobody waits any more.

    A pod that no slice names yet, or whose Service has another owner, may go by a leader's word.
    """
    for _ in range(int(PROMISE_SECONDS / AGAIN_SECONDS)):
        try:
            counts = await read_ready_counts(client, namespaces)
            pods = await read_gateway_pods(client, namespaces)
        except ClusterError as error:
            logger.warning("the gateways' pods cannot be listed: %s", error)
        else:
            if not (counts - Counter(gateway for gateway, _ in pods)):
                channel.expect(pods)
                return
        await asyncio.sleep(AGAIN_SECONDS)
