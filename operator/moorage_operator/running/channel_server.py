"""The report channel's server, on every replica: its start, and its certificates as they change."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress

from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.channel_certificate import ChannelCertificate, load_certificate
from moorage_operator.cluster.channel_secret import read_channel
from moorage_operator.cluster.errors import ClusterError
from moorage_operator.cluster.lease import Lease
from moorage_operator.planning.demand.served_groups import ServedGroups
from moorage_operator.running.report_channel.changes import Change
from moorage_operator.running.report_channel.report_server import ReportServer

logger = logging.getLogger(__name__)

UNFILLED_SECONDS = 1.0
REREAD_SECONDS = 600.0


class ChannelLeadership:
    """The Lease in the words of the report channel."""

    def __init__(self, lease: Lease, port: int) -> None:
        self._lease = lease
        self._port = port

    def leading_since(self) -> float | None:
        return self._lease.leading_since()

    def leader_address(self) -> str:
        address = self._lease.leader_pod_address()
        if not address:
            return ""
        return f"[{address}]:{self._port}" if ":" in address else f"{address}:{self._port}"


class PublishedByApiServer:
    """What the API server tells everybody: its issuer and its keys for tokens."""

    def __init__(self, client: ClusterClient) -> None:
        self._client = client

    async def get_json(self, path: str) -> Mapping[str, object]:
        return await self._client.get(path)


class ChannelServer:
    """Starts the report channel once there is a certificate, and follows its renewals."""

    def __init__(
        self,
        client: ClusterClient,
        lease: Lease,
        served: ServedGroups,
        on_change: Callable[[Change], None],
        namespace: str,
        port: int,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._port = port
        self.reports = ReportServer(
            served, PublishedByApiServer(client), ChannelLeadership(lease, port), on_change
        )

    async def run(self) -> None:
        """Serve until cancelled."""
        held = await self._first_certificate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        load_certificate(context, held)
        await self.reports.start(context, port=self._port)
        try:
            while True:
                await asyncio.sleep(REREAD_SECONDS)
                held = await self._renewed(context, held)
        finally:
            await self.reports.stop()

    async def _first_certificate(self) -> ChannelCertificate:
        while True:
            with suppress(ClusterError):
                held = await read_channel(self._client, self._namespace)
                if held is not None:
                    return held
            await asyncio.sleep(UNFILLED_SECONDS)

    async def _renewed(
        self, context: ssl.SSLContext, held: ChannelCertificate
    ) -> ChannelCertificate:
        try:
            read = await read_channel(self._client, self._namespace)
        except ClusterError as error:
            logger.warning("the report channel's certificate cannot be read again: %s", error)
            return held
        if read is None or read == held:
            return held
        load_certificate(context, read)
        return read
