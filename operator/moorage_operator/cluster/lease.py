"""Holding the Lease: one leader at a time, and a fence that shuts before anybody else may lead."""

import asyncio
import logging
from collections.abc import Callable

from moorage_operator.cluster.api_client import ClusterClient, Document
from moorage_operator.cluster.errors import ClusterError, ObjectConflict, ObjectNotFound
from moorage_operator.cluster.lease_record import (
    LEASE_NAME,
    RENEW_SECONDS,
    WRITE_SECONDS,
    LeaseRecord,
    Sighting,
    decide,
    leader_address,
    new_lease,
    sight,
    written_over,
)
from moorage_operator.cluster.object_paths import RESOURCE_KINDS, object_path
from moorage_operator.cluster.write_fence import Clock, WriteFence

logger = logging.getLogger(__name__)

REQUEST_SECONDS = 5.0


class LeaseLost(Exception):
    """Another process leads now; this one must end."""


class Lease:
    """The Lease as one process sees and holds it.

    ``client`` has no fence: renewing must be possible after the deadline, because a Lease that
    nobody else took meanwhile is still ours (the API server was away for both).
    """

    def __init__(
        self,
        client: ClusterClient,
        fence: WriteFence,
        namespace: str,
        holder: str,
        clock: Clock,
        now_text: Callable[[], str],
    ) -> None:
        self._client = client
        self._fence = fence
        self._namespace = namespace
        self._path = object_path("Lease", namespace, LEASE_NAME)
        self._holder = holder
        self._clock = clock
        self._now_text = now_text
        self._document: Document = {}
        self._led_since: float | None = None
        self._sighting: Sighting | None = None

    def is_leader(self) -> bool:
        """Whether this process leads now and surely."""
        return self._fence.is_open

    def leading_since(self) -> float | None:
        """Seconds of the clock since which this process leads without a break, None if not."""
        return self._led_since if self._fence.is_open else None

    def leader_pod_address(self) -> str:
        """The address of the pod that leads, empty as long as it is not known."""
        return "" if self._sighting is None else leader_address(self._sighting.record)

    def is_known(self) -> bool:
        """Whether the Lease could be read lately."""
        return self._sighting is not None

    async def acquire(self) -> None:
        """Wait until this process leads; without an API server as long as it takes."""
        told = ""
        while not await self._try_acquire():
            if self._sighting is not None and self._sighting.record.holder != told:
                told = self._sighting.record.holder
                logger.info("waiting: %s leads", told)
            await asyncio.sleep(RENEW_SECONDS / 2)
        logger.info("leading as %s", self._holder)

    async def hold(self) -> None:
        """Renew for ever; raises ``LeaseLost`` when another process has it."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self._renew()
            except ObjectConflict:
                await self._look_who_leads()
            except ClusterError as error:
                logger.warning("the Lease was not renewed: %s", error)

    async def release(self) -> None:
        """Give it up, so that the next one need not wait."""
        if not self._fence.is_open:
            return
        self._fence.close()
        try:
            await self._write("")
        except ClusterError as error:
            logger.warning("the Lease was not released: %s", error)

    async def _try_acquire(self) -> bool:
        try:
            await self._read()
            assert self._sighting is not None
            if decide(self._sighting, self._holder, self._clock()) == "Wait":
                return False
            await self._renew()
        except ObjectConflict:
            return False
        except ClusterError as error:
            # What stood unchanged while nothing could be seen proves nothing.
            self._sighting = None
            logger.warning("the Lease cannot be read or taken: %s", error)
            return False
        return True

    async def _look_who_leads(self) -> None:
        try:
            await self._read()
        except ClusterError as error:
            logger.warning("the Lease cannot be read: %s", error)
            return
        assert self._sighting is not None
        holder = self._sighting.record.holder
        if holder != self._holder:
            self._fence.close()
            raise LeaseLost(f"{holder or 'nobody'} has the Lease now")

    async def _renew(self) -> None:
        began = self._clock()
        await self._write(self._holder)
        if not self._fence.is_open:
            self._led_since = began
        self._fence.open_until(began + WRITE_SECONDS)

    async def _write(self, holder: str) -> None:
        body = written_over(self._document, holder, self._now_text())
        self._see(await self._client.request("PUT", self._path, body, seconds=REQUEST_SECONDS))

    async def _read(self) -> None:
        try:
            self._see(await self._client.request("GET", self._path, seconds=REQUEST_SECONDS))
        except ObjectNotFound:
            collection = RESOURCE_KINDS["Lease"].collection(self._namespace)
            self._see(await self._client.post(collection, new_lease(self._namespace), {}))

    def _see(self, document: Document) -> None:
        self._document = document
        self._sighting = sight(self._sighting, LeaseRecord.of(document), self._clock())
