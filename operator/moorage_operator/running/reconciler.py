"""One key's way: snapshot → plan → apply → delete unwanted → scale → status → events."""

import logging
import math
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from moorage_operator.api.resource_kinds import GATEWAY_KIND
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import (
    ClusterError,
    ObjectConflict,
    ObjectNotFound,
    is_namespace_ending,
)
from moorage_operator.cluster.events import post_event
from moorage_operator.cluster.objects import scale_object
from moorage_operator.planning.conditions import GATEWAY, GROUP
from moorage_operator.planning.group_keys import look_in_seconds
from moorage_operator.planning.snapshot import (
    GatewaySnapshot,
    GroupSnapshot,
    ObservedResource,
    Plan,
)
from moorage_operator.planning.status import EventText, status_document
from moorage_operator.rendering.owner import Owner
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import ResourceExtract
from moorage_operator.running.key_keeper import KeyKeeper
from moorage_operator.running.planner import Planner
from moorage_operator.running.refused_children import (
    ChildrenRefused,
    RefusedChild,
    with_names_in_force,
    with_refusals,
)
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

logger = logging.getLogger(__name__)

RESYNC_SECONDS = 300.0
SOON_SECONDS = 5.0
UNWATCHED_REASONS = frozenset(
    {"TlsSecretMissing", "TlsSecretUnfit", "CaMissing", "KeyRingLost", "NameTaken"}
)
"""What is missing or in the way then are objects of which no watch tells: read again soon."""


class Reconciler:
    """Brings one resource after the other to what its plan says."""

    def __init__(
        self,
        client: ClusterClient,
        world: World,
        planner: Planner,
        children: ChildWriter,
        keys: KeyKeeper,
        statuses: StatusWriter,
        instance: str,
        enqueue: Callable[[ResourceKey], None],
    ) -> None:
        self._client = client
        self._world = world
        self._planner = planner
        self._children = children
        self._keys = keys
        self._statuses = statuses
        self._instance = instance
        self._enqueue = enqueue

    async def reconcile(self, key: ResourceKey) -> float | None:
        """Look after one resource; returns when to look again, None once it is gone."""
        seen = self._world.resource(key)
        if seen is None or seen.deleting:
            self._forget(key)
            return None
        began, written = time.monotonic(), list[str]()
        try:
            return await self._bring(key, seen, written)
        finally:
            if written:
                _log_written(key, seen, written, time.monotonic() - began)

    async def _bring(self, key: ResourceKey, seen: ResourceExtract, written: list[str]) -> float:
        links = self._world.links
        served = links.published_by(key.name) if key.kind == GATEWAY_KIND else frozenset()
        snapshot, plan, refused = await self._plan(key, seen)
        for group in served - links.published_by(key.name):
            # It may have a key to exchange, now that no table serves it here.
            self._enqueue(group_key(group))
        known = snapshot.children
        refused += await self._children.apply(plan.children, known, self._world, written)
        plan = with_names_in_force(snapshot.resource, plan, refused)
        plan = with_refusals(GATEWAY if key.kind == GATEWAY_KIND else GROUP, plan, refused)
        await self._children.delete(plan.unwanted, seen.observed.uid, self._world, written)
        if any(child.kind == "Secret" for child in plan.unwanted):
            self._keys.forget(_owner(key))
        if plan.scale is not None and not refused and await scale_object(self._client, plan.scale):
            written.append(f"replicas {plan.scale.replicas}")
        again = await self._tell(key, seen, plan, written)
        self._tell_gateways(snapshot, plan)
        if refused:
            raise ChildrenRefused("; ".join(map(str, refused)))
        return min(again, _resync_seconds(plan), _exchange_seconds(snapshot))

    async def _plan(
        self, key: ResourceKey, seen: ResourceExtract
    ) -> tuple[GatewaySnapshot | GroupSnapshot, Plan, list[RefusedChild]]:
        if key.kind == GATEWAY_KIND:
            return await self._planner.gateway(seen)
        return await self._planner.group(seen)

    async def _tell(
        self, key: ResourceKey, seen: ResourceExtract, plan: Plan, written: list[str]
    ) -> float:
        """Write the status and post what flipped; returns when counts held back may be written."""
        if not plan.conditions:
            return math.inf
        observed = seen.observed
        previous = self._statuses.previous(key, seen)
        status = status_document(
            previous, observed.generation, plan.conditions, plan.counts, _now("seconds")
        )
        try:
            outcome = await self._statuses.write(key, observed, previous, status)
        except (ObjectNotFound, ObjectConflict):
            # It is gone, or another has its name: the watch tells, or the next census.
            return math.inf
        if outcome.written:
            written.append("status")
        await self._post(key, observed, outcome.events)
        return outcome.again_seconds or math.inf

    async def _post(
        self, key: ResourceKey, resource: ObservedResource, events: tuple[EventText, ...]
    ) -> None:
        for text in events:
            try:
                await post_event(
                    self._client,
                    key.kind,
                    resource,
                    text,
                    instance=self._instance,
                    now_text=_now("microseconds"),
                )
            except ClusterError as error:
                # What an Event says stands in the status as well.
                level = logging.INFO if is_namespace_ending(error) else logging.WARNING
                logger.log(level, "%s: no Event was posted: %s", key, error)

    def _tell_gateways(self, snapshot: GatewaySnapshot | GroupSnapshot, plan: Plan) -> None:
        """What a group's plan came to bears on the gateways that name it, or serve it still."""
        if isinstance(snapshot, GroupSnapshot) and self._planner.outcomes.note(snapshot, plan):
            links, group = self._world.links, snapshot.resource.name
            for gateway in links.gateways_of(group) | links.gateways_publishing(group):
                self._enqueue(gateway_key(gateway))

    def forget_unseen(self) -> None:
        """Forget what was remembered by reconciles that ended after their resource was gone."""
        there = {key for key in self._world.resource_keys() if self._world.resource(key)}
        self._statuses.forget_all_but(there)
        self._keys.forget_all_but(map(_owner, there))
        self._planner.outcomes.forget_all_but(
            {key.name for key in there if key.kind != GATEWAY_KIND}
        )

    def _forget(self, key: ResourceKey) -> None:
        self._statuses.forget(key)
        self._keys.forget(_owner(key))
        if key.kind != GATEWAY_KIND:
            self._planner.outcomes.forget(key.name)


def _owner(key: ResourceKey) -> Owner:
    """Whose Secret it is, whatever its uid."""
    owner = Owner.gateway if key.kind == GATEWAY_KIND else Owner.group
    return owner(key.name.namespace, key.name.name, "")


def _resync_seconds(plan: Plan) -> float:
    if any(condition.reason in UNWATCHED_REASONS for condition in plan.conditions):
        return SOON_SECONDS
    # Resources that were looked at together drift apart.
    return RESYNC_SECONDS * random.uniform(0.85, 1.15)


def _exchange_seconds(snapshot: GatewaySnapshot | GroupSnapshot) -> float:
    keys = snapshot.keys if isinstance(snapshot, GroupSnapshot) else None
    seconds = None if keys is None else look_in_seconds(keys, time.time())
    return math.inf if seconds is None else seconds


def _log_written(
    key: ResourceKey, seen: ResourceExtract, written: list[str], seconds: float
) -> None:
    text = "%s, generation %d: wrote %s in %.2f s"
    logger.info(text, key, seen.observed.generation, ", ".join(written), seconds)


def _now(precision: str) -> str:
    return datetime.now(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
