"""From a resource to its plan: the snapshot is completed by what no watch tells, then planned."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.errors import ApiRefusal, ObjectConflict
from moorage_operator.cluster.secret_reader import SecretContent
from moorage_operator.planning.gateway_plan import plan_gateway
from moorage_operator.planning.group_plan import plan_group
from moorage_operator.planning.snapshot import (
    ChildKey,
    GatewaySnapshot,
    GroupSnapshot,
    ObservedChild,
    Plan,
)
from moorage_operator.rendering.owner import Owner
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import ResourceExtract
from moorage_operator.running.group_outcomes import GroupOutcomes
from moorage_operator.running.key_keeper import (
    KeyKeeper,
    earlier_group_keys,
    keys_in,
    ring_problem_in,
)
from moorage_operator.running.key_users import KeyUsers
from moorage_operator.running.refused_children import RefusedChild, must_be_told
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.stdio_groups import StdioGroup, is_stdio, stdio_groups
from moorage_operator.running.world import World

Snapshot = TypeVar("Snapshot", GatewaySnapshot, GroupSnapshot)


class Planner:
    """Plans gateways and groups, and sees to their keys before anything mounts them."""

    def __init__(
        self,
        world: World,
        snapshots: Snapshots,
        children: ChildWriter,
        keys: KeyKeeper,
        settings: InstallationSettings,
    ) -> None:
        self._world = world
        self._snapshots = snapshots
        self._children = children
        self._keys = keys
        self._key_users = KeyUsers(world, snapshots, keys)
        self._settings = settings
        self.outcomes = GroupOutcomes()

    def follow(self, settings: InstallationSettings) -> None:
        """Plan with these settings from now on."""
        self._settings = settings

    async def gateway(
        self, seen: ResourceExtract
    ) -> tuple[GatewaySnapshot, Plan, list[RefusedChild]]:
        """The plan of a gateway."""
        name = seen.observed.name
        owner = Owner.gateway(name.namespace, name.name, seen.observed.uid)
        snapshot = await self._snapshots.gateway(seen, await self._failures(name))
        if snapshot.deployment is None:
            # Whoever deletes a Deployment with its Secret wants a new ring, at this moment only.
            self._keys.forget(owner)
        secret = await self._keys.read(owner)
        snapshot = _as_read(snapshot, owner, secret)
        plan = plan_gateway(snapshot, self._settings)
        if strangers := await self._children.strangers_at(plan.children, snapshot.children):
            snapshot = _with_children(snapshot, strangers)
            plan = plan_gateway(snapshot, self._settings)
        if _mounts_keys(plan) or (plan.keeps_table and snapshot.deployment is not None):
            return await self._with_keys(owner, secret, snapshot, plan)
        return snapshot, plan, []

    async def _with_keys(
        self, owner: Owner, secret: SecretContent | None, snapshot: GatewaySnapshot, plan: Plan
    ) -> tuple[GatewaySnapshot, Plan, list[RefusedChild]]:
        """The plan once the keys are in the Secret: only then may the table name them."""
        stdio = stdio_groups(snapshot, serves_published=plan.keeps_table)
        group_keys, errors = await self._group_keys(stdio, owner.namespace)
        earlier = earlier_group_keys(secret, owner)
        group_keys |= {name: earlier[name] for name in errors.keys() & earlier.keys()}
        refused = [
            _refused_secret(_group_owner(name, stdio[name].uid), error)
            for name, error in errors.items()
            if must_be_told(error)
        ]
        known = snapshot
        lacking = {name: _no_key(error) for name, error in errors.items() if name not in earlier}
        snapshot = replace(snapshot, group_failures={**lacking, **snapshot.group_failures})
        try:
            keys = await self._keys.keep_ring(owner, snapshot, group_keys)
        except ApiRefusal as error:
            held = without_writes(plan) if _mounts_keys(plan) else plan
            return snapshot, held, [*refused, _refused_secret(owner, error)]
        secret = await self._keys.read(owner)
        snapshot = replace(_as_read(snapshot, owner, secret), keys=keys)
        if snapshot != known:
            plan = plan_gateway(snapshot, self._settings)
        return snapshot, plan, refused

    async def group(self, seen: ResourceExtract) -> tuple[GroupSnapshot, Plan, list[RefusedChild]]:
        """The plan of a group."""
        name = seen.observed.name
        owner = Owner.group(name.namespace, name.name, seen.observed.uid)
        snapshot = await self._with_secret(owner, await self._snapshots.group(seen))
        plan = plan_group(snapshot, self._settings)
        if strangers := await self._children.strangers_at(plan.children, snapshot.children):
            snapshot = _with_children(snapshot, strangers)
            plan = plan_group(snapshot, self._settings)
        if plan.children and is_stdio(seen.observed):
            try:
                await self._key_users.learn(seen.observed)
                keys = await self._keys.keep_group_keys(
                    owner,
                    partial(self._key_users.namespaces, seen.observed),
                    partial(self._key_users.lagging, seen.observed),
                )
                snapshot = replace(snapshot, keys=keys)
            except ApiRefusal as error:
                return snapshot, without_writes(plan), [_refused_secret(owner, error)]
        return snapshot, plan, []

    async def _with_secret(self, owner: Owner, snapshot: GroupSnapshot) -> GroupSnapshot:
        needs_one = is_stdio(snapshot.resource)
        secret = await (self._keys.read(owner) if needs_one else self._keys.left_over(owner))
        if secret is None:
            return snapshot
        return _with_children(snapshot, _secret_child(owner, secret.owner_uid))

    async def _failures(self, gateway: ResourceName) -> dict[ResourceName, str]:
        """Why groups of the gateway cannot be served; one not planned yet is planned for this."""
        failures = {}
        for name in self._world.links.groups_of(gateway):
            group = self._world.group(name)
            if group is None:
                continue
            if not self.outcomes.knows(group.observed):
                snapshot = await self._snapshots.group(group)
                self.outcomes.note(snapshot, plan_group(snapshot, self._settings))
            if failure := self.outcomes.failure(name):
                failures[name] = failure
        return failures

    async def _group_keys(
        self, groups: Mapping[ResourceName, StdioGroup], namespace: str
    ) -> tuple[dict[ResourceName, str], dict[ResourceName, ApiRefusal]]:
        """The keys of stdio groups, and why others may not be made."""
        keys, errors = dict[ResourceName, str](), dict[ResourceName, ApiRefusal]()
        for name, group in groups.items():
            ask = self._keys.group_key_for if group.is_allowed else self._keys.given_group_key
            try:
                key = await ask(_group_owner(name, group.uid), namespace)
            except ObjectConflict:
                raise
            except ApiRefusal as error:
                errors[name] = error
            else:
                if key is not None:
                    keys[name] = key
        return keys, errors


def _group_owner(name: ResourceName, uid: str) -> Owner:
    return Owner.group(name.namespace, name.name, uid)


def _no_key(error: ApiRefusal) -> str:
    return f"it has no key yet, for its Secret cannot be written: HTTP {error.status}"


def _mounts_keys(plan: Plan) -> bool:
    return any(child["kind"] == "Deployment" for child in plan.children)


def without_writes(plan: Plan) -> Plan:
    """Nothing is written whose pods would wait for a Secret that is not there."""
    return replace(plan, children=(), unwanted=(), scale=None)


def _refused_secret(owner: Owner, error: ApiRefusal) -> RefusedChild:
    if not must_be_told(error):
        raise error
    return RefusedChild(ChildKey("Secret", owner.namespace, owner.child_name), error)


def _with_children(snapshot: Snapshot, more: Mapping[ChildKey, ObservedChild]) -> Snapshot:
    return replace(snapshot, children={**snapshot.children, **more})


def _as_read(
    snapshot: GatewaySnapshot, owner: Owner, secret: SecretContent | None
) -> GatewaySnapshot:
    """The gateway with what its Secret says, if there is one at its place."""
    problem, keys = ring_problem_in(secret, owner), keys_in(secret, owner)
    snapshot = replace(snapshot, key_ring_problem=problem, keys=keys)
    if secret is None:
        return snapshot
    return _with_children(snapshot, _secret_child(owner, secret.owner_uid))


def _secret_child(owner: Owner, owner_uid: str | None) -> dict[ChildKey, ObservedChild]:
    key = ChildKey("Secret", owner.namespace, owner.child_name)
    return {key: ObservedChild(key, owner_uid)}
