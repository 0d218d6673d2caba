"""The leader's care for the report channel's certificate, as long as it leads."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.channel_certificate import ChannelCertificate
from moorage_operator.cluster.channel_secret import keep_channel
from moorage_operator.cluster.errors import ClusterError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 600.0
"""Often against 30 days of renewal, so that a Secret that somebody spoils is soon whole again."""
RETRY_SECONDS = 2.0


class ChannelKeeper:
    """Has a certificate in the Secret that serves and does not end soon."""

    def __init__(
        self,
        client: ClusterClient,
        namespace: str,
        names: tuple[str, ...],
        now: Callable[[], datetime],
        on_change: Callable[[], None],
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._names = names
        self._now = now
        self._on_change = on_change
        self._held: ChannelCertificate | None = None

    @property
    def authority_pem(self) -> str:
        """What gateways must trust; empty before the first look."""
        return "" if self._held is None else self._held.ca_pem

    async def begin(self) -> None:
        """Look until there is a certificate."""
        while True:
            if await self.look():
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> bool:
        """See to the certificate now; whether the API server let us."""
        try:
            held = await keep_channel(self._client, self._namespace, self._names, self._now())
        except ClusterError as error:
            logger.warning("waiting for the report channel's certificate: %s", error)
            return False
        if held != self._held:
            self._held = held
            self._on_change()
        return True
