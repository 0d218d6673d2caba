"""Everything a gateway pod follows, and what it knows by it.

What is known stays known: an object that vanishes, or becomes unusable, changes nothing but what
is told of it.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from moorage_contract.cluster_names import GATEWAY_CHILD_SUFFIX
from moorage_contract.report_channel import MAX_UNFOLLOWED_PER_REPORT
from moorage_contract.route_table import RouteTable
from moorage_gateway.reporting.cluster_facts import WatchState, WatchTotals
from moorage_gateway.watching.api_server import ApiServer
from moorage_gateway.watching.composition import (
    EndpointCopy,
    compose,
    discovered_namespaces,
    without_revoked,
)
from moorage_gateway.watching.endpoint_slices import EndpointSlice, read_slice
from moorage_gateway.watching.follower import Documents, Follower
from moorage_gateway.watching.gateway_keys import GatewayKeys
from moorage_gateway.watching.key_reading import KeyReading
from moorage_gateway.watching.published_table import (
    PublishedTable,
    TableRefused,
    table_of_config_map,
)
from moorage_gateway.watching.resources import (
    Followed,
    endpoint_slices,
    one_config_map,
    secret_target,
)
from moorage_gateway.watching.table_holding import TableHolding
from moorage_gateway.watching.watch_log import totals_of

RIGHTS_SECONDS = 3.0
"""A table may come a moment before the rights that it needs."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GatewayObjects:
    """Whose objects are followed."""

    gateway: str
    """``namespace/name``."""

    @property
    def namespace(self) -> str:
        return self.gateway.partition("/")[0]

    @property
    def child_name(self) -> str:
        """Of the ConfigMap and of the Secret."""
        return f"{self.gateway.partition('/')[2]}{GATEWAY_CHILD_SUFFIX}"


@dataclass
class Refusals:
    """Why the newest table is not in force; empty while it is."""

    table: str = ""
    tables_refused: int = 0


class Following:
    """``changed`` is called after each change of what is known."""

    def __init__(
        self,
        api: ApiServer,
        objects: GatewayObjects,
        copy: EndpointCopy,
        changed: Callable[[], None],
        jitter: Callable[[], float],
    ) -> None:
        """``copy`` are the endpoints that were known before the start."""
        self._api = api
        self._objects = objects
        self._copy = copy
        self._changed = changed
        self._jitter = jitter
        self._slices: dict[str, dict[str, tuple[dict[str, Any], EndpointSlice]]] = {}
        self._running: dict[Followed, tuple[Follower, asyncio.Task[None]]] = {}
        self._retired: tuple[WatchTotals, ...] = ()
        """By kind: what the watches counted that are no longer needed."""
        target = secret_target(objects.namespace, objects.child_name)
        self.reading = KeyReading(api, target, self._keys_changed, jitter)
        self._reader: asyncio.Task[None] | None = None
        self._holding = TableHolding(self.reading.has, self._tables_changed)
        self.refusals = Refusals()

    def start(self) -> None:
        """Begin to follow the gateway's own ConfigMap, and to read its Secret."""
        self._reader = asyncio.get_running_loop().create_task(self.reading.run())
        followed = one_config_map(self._objects.namespace, self._objects.child_name)
        self._follow(followed, self._take_table)

    async def stop(self) -> None:
        """Follow nothing any more."""
        self._holding.stop()
        tasks = [task for _, task in self._running.values()]
        if self._reader is not None:
            tasks.append(self._reader)
        self._running.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def published(self) -> PublishedTable | None:
        """The table to serve: the newest, once its keys are there or were waited for."""
        return self._holding.serving

    @property
    def keys(self) -> GatewayKeys | None:
        """The keys that are loaded."""
        return self.reading.keys

    @property
    def has_its_keys(self) -> bool:
        """Whether the keys that the table to serve names are loaded."""
        return self._holding.is_complete

    @property
    def is_whole(self) -> bool:
        """Whether the API server has said everything that the table needs."""
        published = self.published
        return (
            published is not None
            and self.has_its_keys
            and discovered_namespaces(published.table) <= self._slices.keys()
        )

    @property
    def why_no_table(self) -> str:
        """Why there is none yet."""
        logs = [follower.log for follower, _ in self._running.values()]
        watched = (log.why for log in logs if log.kind == "ConfigMap" and log.why)
        return self.refusals.table or next(watched, "not listed yet")

    def served(self) -> RouteTable | None:
        """The table to serve by what is known; None before a table is known."""
        serving, newest = self._holding.serving, self._holding.newest
        if serving is None or newest is None:
            return None
        slices = {
            namespace: [read for _, read in known.values()]
            for namespace, known in self._slices.items()
        }
        keys = self.keys.groups if self.keys is not None else {}
        table = without_revoked(serving.table, newest.table)
        return compose(table, slices, self._copy, keys)

    def remember(self, copy: EndpointCopy) -> None:
        """What speaks from now on for namespaces that were not listed yet."""
        self._copy = copy

    def states(self, now: float) -> tuple[WatchState, ...]:
        """Each watch at the moment ``now`` (monotonic seconds)."""
        return tuple(follower.log.state(now) for follower, _ in self._running.values())

    def unfollowed(self, now: float) -> dict[str, str]:
        """Namespaces whose endpoints the API server refuses to tell us, and why."""
        logs = [follower.log for follower, _ in self._running.values()]
        refused = {
            log.namespace: log.why
            for log in logs
            if log.kind == "EndpointSlices"
            and log.refused_since is not None
            and now - log.refused_since > RIGHTS_SECONDS
        }
        return dict(sorted(refused.items())[:MAX_UNFOLLOWED_PER_REPORT])

    def totals(self, now: float) -> tuple[WatchTotals, ...]:
        """The watches by kind at the moment ``now``."""
        followed = (follower.log.totals(now) for follower, _ in self._running.values())
        return totals_of((*followed, *self._retired))

    def take_published(self, published: PublishedTable) -> None:
        """Know this table: of the API server, or of the mounted copy."""
        self.reading.want(published.table.keys)
        self._holding.take(published)
        self._tables_changed()

    def _keys_changed(self) -> None:
        self._holding.settle()
        self._tables_changed()

    def _tables_changed(self) -> None:
        self._follow_namespaces()
        self._changed()

    def _take_table(self, documents: Documents) -> None:
        document = documents.get(self._objects.child_name)
        if document is None:
            self._table_refused("the ConfigMap is not there")
            return
        try:
            published = table_of_config_map(document, self._objects.gateway)
        except TableRefused as refused:
            self._table_refused(str(refused))
            return
        self.refusals.table = ""
        _log.info("a table was published", extra={"facts": {"table": published.digest}})
        self.take_published(published)

    def _table_refused(self, why: str) -> None:
        self.refusals.table = why
        self.refusals.tables_refused += 1
        in_force = self.published.digest if self.published is not None else None
        facts = {"why": why, "in_force": in_force}
        _log.warning("the published table is not used; the last one stays", extra={"facts": facts})

    def _take_slices(self, namespace: str, documents: Documents) -> None:
        before = self._slices.get(namespace, {})
        known: dict[str, tuple[dict[str, Any], EndpointSlice]] = {}
        for name, document in documents.items():
            if name in before and before[name][0] is document:
                known[name] = before[name]
                continue
            try:
                known[name] = (document, read_slice(document))
            except msgspec.ValidationError as error:
                facts = {"namespace": namespace, "slice": name, "why": str(error)}
                _log.warning("an EndpointSlice is not understood", extra={"facts": facts})
        self._slices[namespace] = known
        self._changed()

    def _follow_namespaces(self) -> None:
        """Those of the table that is served, and of the one that waits."""
        tables = (self._holding.serving, self._holding.newest)
        wanted = [discovered_namespaces(each.table) for each in tables if each is not None]
        followed = {endpoint_slices(namespace) for namespace in frozenset[str]().union(*wanted)}
        for old in [each for each in self._running if each.kind == "EndpointSlices"]:
            if old not in followed:
                follower, task = self._running.pop(old)
                task.cancel()
                self._retired = totals_of((*self._retired, follower.log.retired()))
                self._slices.pop(old.namespace, None)
        for new in followed - self._running.keys():
            self._follow(new, partial(self._take_slices, new.namespace))

    def _follow(self, followed: Followed, taken: Callable[[Documents], None]) -> None:
        follower = Follower(self._api, followed, taken, self._jitter)
        self._running[followed] = follower, asyncio.get_running_loop().create_task(follower.run())
