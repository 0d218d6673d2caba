"""What the leader does: wait for the CRDs, fill the indices, and let workers reconcile."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol, cast

import kopf

from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.resource_kinds import API_VERSION, GATEWAY_KIND
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ClusterError
from moorage_operator.cluster.write_fence import Clock
from moorage_operator.running.census import Census
from moorage_operator.running.channel_keeper import ChannelKeeper
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.expected_pods import Expecting, tell_expected_pods
from moorage_operator.running.filling import Filling
from moorage_operator.running.handlers import operator_settings, register_handlers
from moorage_operator.running.key_keeper import KeyKeeper
from moorage_operator.running.kopf_tasks import KopfTasks
from moorage_operator.running.links import Links
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.operator_metrics import OperatorMetrics
from moorage_operator.running.outside_objects import OutsideObjects
from moorage_operator.running.planner import Planner
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.reconciler import Reconciler
from moorage_operator.running.report_channel.changes import Change
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key
from moorage_operator.running.signals import stop_on_signals
from moorage_operator.running.snapshots import Reports, Snapshots
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.stop import Stop
from moorage_operator.running.vital_tasks import VitalTasks
from moorage_operator.running.workers import Workers
from moorage_operator.running.world import World
from moorage_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)

PLURALS = frozenset({"mcpgateways", "mcpupstreamgroups"})
WAIT_SECONDS = 2.0
RESTART_SECONDS = 1.0
KOPF_END_SECONDS = 1.5
LEADERS_TASKS = ("indices", "expected pods", "workers", "census", "channel keeper")


class Channel(Reports, Expecting, Protocol):
    """The report channel, as the leader asks and tells it."""


class Leading:
    """The leader's work, from taking the Lease to the end of the process."""

    def __init__(
        self,
        settings: OperatorSettings,
        client: ClusterClient,
        metrics: OperatorMetrics,
        clock: Clock,
        leading_since: Callable[[], float | None],
        stop: Stop,
        tasks: VitalTasks,
        on_certificate: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._client = client
        self._metrics = metrics
        self._clock = clock
        self._leading_since = leading_since
        self._stop = stop
        self._tasks = tasks
        self._on_certificate = on_certificate
        self._channel = ChannelKeeper(
            client,
            settings.pod.namespace,
            settings.certificate_names(),
            lambda: datetime.now(UTC),
            self._certificate_changed,
        )
        self._planner: Planner | None = None
        self._clusterwide = not settings.file.watch_namespaces
        self.world: World | None = None
        self._workers: Workers | None = None
        self._filling: Filling | None = None
        self.has_begun = False
        """Whether this process has taken the Lease: after that it never stands by."""

    @property
    def filled_world(self) -> World | None:
        """The world, unless its indices are still being filled."""
        filling = self._filling
        return self.world if filling is not None and filling.is_complete else None

    def waiting(self) -> int:
        """How many resources wait for a worker."""
        return 0 if self._workers is None else self._workers.waiting()

    def report_changed(self, change: Change) -> None:
        """The report channel learned something that bears on these resources."""
        if self._workers is None or self.world is None:
            return
        for name in change.gateways:
            self._workers.add(gateway_key(name))
        for name in change.groups:
            self._workers.add(group_key(name))

    async def run(self, reports: Channel) -> None:
        """Lead until the stop; what kopf cannot survive begins again from the indices."""
        self.has_begun = True
        while await self._stop.until(self._prepare()):
            try:
                await self._watch(reports)
            except Exception:
                logger.exception("watching ended; it begins again")
            finally:
                self.world = self._workers = None
                await self._tasks.end(*LEADERS_TASKS)
            await self._stop.until(asyncio.sleep(RESTART_SECONDS))

    async def _prepare(self) -> None:
        """Wait for what must be there before anything can be watched."""
        await wait_for_resources(self._client)
        await self._channel.begin()

    def _certificate_changed(self) -> None:
        self._on_certificate()
        if self._planner is not None and self.world is not None and self._workers is not None:
            self._planner.follow(self._installation())
            for key in self.world.resource_keys():
                if key.kind == GATEWAY_KIND:
                    self._workers.add(key)

    def _installation(self) -> InstallationSettings:
        return self._settings.installation(self._channel.authority_pem)

    async def _watch(self, reports: Channel) -> None:
        links, watched = Links(), self._settings.file.watch_namespaces
        children = ChildWriter(self._client, self._clock)
        workers = Workers(self._reconcile, self._observe, self._clock)
        noticed = Noticed(links, children, workers.add)
        filling = self._filling = Filling(self._client, watched, noticed)
        registry = register_handlers(links, noticed, clusterwide=self._clusterwide)

        @kopf.on.startup(registry=registry, id="begin")
        async def begin(**kwargs: Any) -> None:
            world = World(kwargs, links)
            reconciler = self._build(world, children, reports, workers.add)
            self._reconciler = reconciler
            self.world, self._workers = world, workers
            census = Census(
                self._client, world, noticed, watched, workers.add, reconciler.forget_unseen
            )
            if not self._stop.is_asked:
                self._tasks.start("indices", filling.run(), returns=True)
                expected = tell_expected_pods(self._client, watched, reports)
                self._tasks.start("expected pods", expected, returns=True)
                self._tasks.start("workers", workers.run())
                self._tasks.start("census", census.run(self._leading_since))
                self._tasks.start("channel keeper", self._channel.run())

        await self._run_kopf(registry)

    async def _run_kopf(self, registry: kopf.OperatorRegistry) -> None:
        """Watch until the stop; raises what ends kopf before."""
        # kopf waits for whoever waits for this, so it is set at the end whatever the cause.
        ending = asyncio.Event()

        @kopf.on.cleanup(registry=registry, id="end")
        async def end(**_: Any) -> None:
            ending.set()
            await self._tasks.end(*LEADERS_TASKS)

        asked = asyncio.create_task(self._stop.wait())
        kopfs = KopfTasks()
        watching = kopfs.start(self._kopf(registry, ending, kopfs))
        await asyncio.wait((watching, asked), return_when=asyncio.FIRST_COMPLETED)
        ending.set()
        asked.cancel()
        if self._stop.is_asked:
            await self._end(watching)
        else:
            await watching

    async def _kopf(
        self, registry: kopf.OperatorRegistry, ending: asyncio.Event, kopfs: KopfTasks
    ) -> None:
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=operator_settings(),
            standalone=True,
            # Without one kopf asks the system who runs it, and a pod's user has no name.
            identity=cast(Any, self._settings.pod.holder),
            clusterwide=self._clusterwide,
            namespaces=self._settings.file.watch_namespaces,
            stop_flag=ending,
        )
        # kopf has taken the signals for itself.
        stop_on_signals(self._stop)
        await kopf.run_tasks(tasks, ignored=cast(Any, kopfs.others))

    async def _end(self, watching: asyncio.Task[None]) -> None:
        # kopf waits for all tasks that began within it, and those of the leader did.
        await self._tasks.end()
        await asyncio.wait((watching,), timeout=KOPF_END_SECONDS)
        # Stopped while it starts, it would go on to log in with its sessions closed.
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    def _build(
        self,
        world: World,
        children: ChildWriter,
        reports: Reports,
        enqueue: Callable[[ResourceKey], None],
    ) -> Reconciler:
        client, clock, file = self._client, self._clock, self._settings.file
        keys = KeyKeeper(client, clock, file.key_rotation_days)
        outside = OutsideObjects(client, clock)
        tables = PublishedTables(client, children.left)
        statuses = StatusWriter(client, clock)
        snapshots = Snapshots(
            world, outside, tables, reports, statuses.previous, clusterwide=self._clusterwide
        )
        planner = Planner(world, snapshots, children, keys, self._installation())
        self._planner = planner
        return Reconciler(
            client, world, planner, children, keys, statuses, self._settings.pod.name, enqueue
        )

    async def _reconcile(self, key: ResourceKey) -> float | None:
        return await self._reconciler.reconcile(key)

    def _observe(self, key: ResourceKey, seconds: float, well: bool) -> None:
        self._metrics.reconciled(key.kind, seconds, well=well)


async def wait_for_resources(client: ClusterClient) -> None:
    """Wait until the API server knows both kinds, and say so while it does not."""
    told = ""
    while (missing := await _missing_resources(client)) != "":
        if missing != told:
            logger.warning("waiting: %s", missing)
            told = missing
        await asyncio.sleep(WAIT_SECONDS)
    if told:
        logger.info("both kinds are there; going on")


async def _missing_resources(client: ClusterClient) -> str:
    try:
        document = await client.get(f"/apis/{API_VERSION}")
    except ClusterError as error:
        return f"the API server does not serve {API_VERSION}; install the CRDs ({error})"
    there = {resource["name"] for resource in document.get("resources", [])}
    missing = PLURALS - there
    return f"no CRD for {', '.join(sorted(missing))}; install the CRDs" if missing else ""
