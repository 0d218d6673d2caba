"""One gateway pod: start, follow the cluster, stop.

Start: by what the API server says or, where that takes longer than a moment, by the mounted copies
and the last known endpoints. From then on each change is put in force as it comes; whatever goes
away, the last state that was good stays.
"""

import asyncio
import logging
import random
import signal
from collections.abc import Callable

from moorage_contract.route_table import RouteTable
from moorage_gateway.cluster_settings import ClusterSettings
from moorage_gateway.listening.certificate import ListenerCertificate
from moorage_gateway.listening_socket import EVERYWHERE
from moorage_gateway.open_files import raise_open_files
from moorage_gateway.process import Gateway
from moorage_gateway.report_channel import Reporter
from moorage_gateway.reporting.cluster_facts import ClusterFacts
from moorage_gateway.reporting.waiting_site import waiting_site
from moorage_gateway.settings import GatewaySettings
from moorage_gateway.watching.api_server import ApiServer
from moorage_gateway.watching.endpoint_memory import EndpointMemory
from moorage_gateway.watching.following import Following, GatewayObjects
from moorage_gateway.watching.local_copies import (
    mounted_keys,
    mounted_table,
    remembered_endpoints,
)

API_FIRST_SECONDS = 4.0
"""How long a start waits for the API server before it takes the copies."""
STILL_WAITING_SECONDS = 10.0
BURST_SECONDS = 0.01
"""Changes that come together are put in force together."""
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
STDERR = 2
_log = logging.getLogger(__name__)


class ClusterGateway:
    """What one pod runs."""

    def __init__(self, settings: ClusterSettings) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._api = ApiServer(settings.api_access)
        copy = remembered_endpoints(settings.files.endpoints)
        self.following = Following(
            self._api,
            GatewayObjects(settings.gateway),
            copy,
            self._changed.set,
            random.random,
        )
        self._memory = EndpointMemory(settings.files.endpoints, copy)
        tls = settings.files.tls
        self._certificate = ListenerCertificate(tls) if tls.is_dir() else None
        self.gateway: Gateway | None = None
        self._served: RouteTable | None = None
        self._digest = ""
        self._reported = ""

    async def run(self) -> None:
        """Serve until SIGTERM; returns when nothing is left."""
        for number in STOP_SIGNALS:
            self._loop.add_signal_handler(number, self._stopping.set)
        raise_open_files()
        self.following.start()
        stopping = asyncio.create_task(self._stopping.wait())
        serving = asyncio.create_task(self._serve())
        try:
            await asyncio.wait((stopping, serving), return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                await serving  # it ends by an error only: an address that cannot be had
        finally:
            await self._stop(stopping, serving)
            for number in STOP_SIGNALS:
                self._loop.remove_signal_handler(number)

    async def _stop(self, *tasks: asyncio.Task[object]) -> None:
        if self.gateway is not None:
            _log.info("stopping")
            await self.gateway.stop()  # what it still serves follows the cluster to the end
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.following.stop()
        await self._api.close()

    async def _serve(self) -> None:
        async with waiting_site(EVERYWHERE, self._settings.admin_port, self._awaited):
            await self._first_knowledge()
            if self._certificate is not None:
                await self._certificate.first()
        following = self.following
        table, keys, published = following.served(), following.keys, following.published
        assert table is not None and keys is not None and published is not None
        gateway = Gateway(
            self._gateway_settings(),
            keys.ring,
            certificate=self._certificate,
            cluster=self._facts,
            reporter=Reporter(
                pod=self._settings.pod_name,
                token=self._settings.files.identity / "report-token",
                table_digest=self.table_digest,
                key_ids=self.key_ids,
                unfollowed=lambda: following.unfollowed(self._loop.time()),
                certificate_refused=self._certificate_refused,
            ),
        )
        await gateway.start(table)
        self.gateway, self._served, self._digest = gateway, table, published.digest
        self._reported = self._digest if following.is_whole else ""
        self.following.remember(self._memory.note(table))
        self._tell_in_force()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._memory.run())
            tasks.create_task(self._follow(gateway))
            if self._certificate is not None:
                tasks.create_task(self._certificate.follow())

    def _certificate_refused(self) -> str:
        return "" if self._certificate is None else self._certificate.why

    def _gateway_settings(self) -> GatewaySettings:
        settings = self._settings
        return GatewaySettings(
            listen_host=EVERYWHERE,
            listen_port=settings.listen_port,
            admin_host=EVERYWHERE,
            admin_port=settings.admin_port,
            replica_host=settings.pod_ip,
            access_log=STDERR,
        )

    async def _first_knowledge(self) -> None:
        """Return when there is a table and a key ring to start with."""
        following, files = self.following, self._settings.files
        if await self._knows_within(API_FIRST_SECONDS, lambda: following.is_whole):
            return
        _log.warning("the API server has not said everything yet; taking the mounted copies")
        while following.published is None or following.keys is None:
            if following.published is None and (
                table := mounted_table(files.table, self._settings.gateway)
            ):
                following.take_published(table)
            if following.keys is None and (keys := mounted_keys(files.keys)):
                following.reading.take(keys)
            await self._knows_within(
                STILL_WAITING_SECONDS,
                lambda: following.published is not None and following.keys is not None,
            )

    def _awaited(self) -> tuple[str, ...]:
        """What keeps this pod from its start, and why."""
        following, certificate = self.following, self._certificate
        awaited = []
        if following.published is None:
            awaited.append(f"its route table: {following.why_no_table}")
        if following.keys is None:
            awaited.append(f"its keys: {following.reading.why or 'not read yet'}")
        if certificate is not None and not certificate.is_there:
            awaited.append(f"its TLS certificate: {certificate.why or 'not read yet'}")
        return tuple(awaited) or ("the API server has not said everything yet",)

    async def _knows_within(self, seconds: float, known: Callable[[], bool]) -> bool:
        deadline = self._loop.time() + seconds
        while not known():
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                return known()
        return True

    async def _follow(self, gateway: Gateway) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(BURST_SECONDS)
            self._changed.clear()
            try:
                self._put_in_force(gateway)
            except Exception:
                _log.exception("a change could not be put in force; the state before it stays")

    def _put_in_force(self, gateway: Gateway) -> None:
        following = self.following
        table, keys, published = following.served(), following.keys, following.published
        if keys is not None:
            gateway.use_ring(keys.ring)
        if table is not None and table != self._served:
            gateway.apply(table)
            self._served = table
            following.remember(self._memory.note(table))
        if published is not None and published.digest != self._digest:
            self._digest = published.digest
            self._tell_in_force()
        if following.is_whole and self._reported != self._digest:
            self._reported = self._digest
            gateway.report_soon()

    def table_digest(self) -> str:
        """Of the newest published table that was in force with its keys and its endpoints: those of
        all its namespaces were listed.

        As the operator annotates it; empty before the first. What is reported is programmed.
        """
        return self._reported

    def key_ids(self) -> frozenset[str]:
        """Hexadecimal ids of the keys that open session ids here."""
        return self.gateway.key_ids() if self.gateway is not None else frozenset()

    def _facts(self) -> ClusterFacts:
        following, now = self.following, self._loop.time()
        watches = following.states(now)
        return ClusterFacts(
            table=self._digest,
            key_ids=tuple(sorted(self.key_ids())),
            api_age_seconds=min(
                (each.age_seconds for each in watches if each.age_seconds is not None),
                default=None,
            ),
            table_refused=following.refusals.table,
            keys_refused=self._keys_missing(),
            tables_refused_total=following.refusals.tables_refused,
            keys_refused_total=following.reading.failures,
            watches=watches,
            totals=following.totals(now),
            certificate=self._certificate.facts() if self._certificate is not None else None,
            channel=self.gateway.channel_facts() if self.gateway is not None else None,
        )

    def _keys_missing(self) -> str:
        """Why the keys that the table in force names are not loaded."""
        following = self.following
        if following.reading.why or following.published is None or following.has_its_keys:
            return following.reading.why
        return "the keys that the table names are not read yet"

    def _tell_in_force(self) -> None:
        _log.info("a table is in force", extra={"facts": {"table": self._digest}})
