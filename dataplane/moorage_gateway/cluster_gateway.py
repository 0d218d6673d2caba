"""One gateway pod: start, follow the cluster, stop.

Start: by what the API server says or, where that takes longer than a moment, by the mounted copies
and the last known endpoints. From then on each change is put in force as it comes; whatever goes
away, the last state that was good stays.
"""

import asyncio
import logging
import random
import signal
import time
from collections.abc import Callable

from moorage_contract.route_table import RouteTable
from moorage_gateway.cluster_settings import ClusterSettings
from moorage_gateway.open_files import raise_open_files
from moorage_gateway.process import Gateway
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
        self.gateway: Gateway | None = None
        self._served: RouteTable | None = None

    async def run(self) -> None:
        """Serve until SIGTERM; returns when nothing is left."""
        for number in (signal.SIGTERM, signal.SIGINT):
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

    async def _stop(self, *tasks: asyncio.Task[object]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.gateway is not None:
            _log.info("stopping")
            await self.gateway.stop()
        await self.following.stop()
        await self._api.close()

    async def _serve(self) -> None:
        await self._first_knowledge()
        table, keys = self.following.served(), self.following.keys
        assert table is not None and keys is not None
        gateway = Gateway(self._gateway_settings(), keys.ring)
        await gateway.start(table)
        self.gateway, self._served = gateway, table
        self.following.remember(self._memory.note(table))
        self._tell_in_force()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._memory.run())
            tasks.create_task(self._follow(gateway))

    def _gateway_settings(self) -> GatewaySettings:
        settings = self._settings
        return GatewaySettings(
            listen_host="0.0.0.0",
            listen_port=settings.listen_port,
            admin_host="0.0.0.0",
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
                following.take_keys(keys)
            await self._knows_within(
                STILL_WAITING_SECONDS,
                lambda: following.published is not None and following.keys is not None,
            )

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
        table, keys = following.served(), following.keys
        if keys is not None:
            gateway.use_ring(keys.ring)
        if table is not None and table != self._served:
            before, self._served = self._served, table
            gateway.apply(table)
            following.remember(self._memory.note(table))
            if before is None or before.routes != table.routes:
                self._tell_in_force()

    def _tell_in_force(self) -> None:
        published = self.following.published
        digest = published.digest if published is not None else None
        _log.info("in force", extra={"facts": {"table": digest, "unix": round(time.time(), 3)}})
