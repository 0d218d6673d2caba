"""The report channel's server, on every replica: its start, and its certificates as they change."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

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
REREAD_SECONDS = 60.0
"""Replicas that do not lead are told of no change, and gateways try them too."""

Held = TypeVar("Held", ChannelCertificate, None)


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
        self._changed = asyncio.Event()
        self.reports = ReportServer(
            served, PublishedByApiServer(client), ChannelLeadership(lease, port), on_change
        )

    def look_again(self) -> None:
        """The Secret has changed: serve with what it holds now."""
        self._changed.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        held = None
        while held is None:
            held = await self._read_again(None, UNFILLED_SECONDS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        load_certificate(context, held)
        await self.reports.start(context, port=self._port)
        following = asyncio.create_task(self._follow_renewals(context, held))
        try:
            await _first_end(following, self.reports.rounds)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self.reports.stop()

    async def _follow_renewals(self, context: ssl.SSLContext, held: ChannelCertificate) -> None:
        while True:
            before, held = held, await self._read_again(held, REREAD_SECONDS)
            if held != before:
                load_certificate(context, held)
                logger.info("the report channel serves with another certificate")

    async def _read_again(self, held: Held, seconds: float) -> ChannelCertificate | Held:
        """What the Secret holds after that time or its next change; ``held`` if nothing serves."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
        try:
            read = await read_channel(self._client, self._namespace)
        except ClusterError as error:
            if held is not None:
                logger.warning("the report channel's certificate cannot be read: %s", error)
            return held
        return held if read is None else read


async def _first_end(*tasks: asyncio.Task[None]) -> None:
    """Raises what ended one of them, also where somebody else cancelled it."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if not task.cancelled():
            task.result()
    raise RuntimeError("a task of the report channel ended, which nobody asked it to")
