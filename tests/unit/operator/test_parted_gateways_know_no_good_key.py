"""Who was given a stdio group's key is written down; parted with, its key is exchanged."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from fakes.cr_documents import image_group_document
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import refusal
from moorage_operator.planning.group_keys import (
    GATEWAYS_LEARN_SECONDS,
    SIDECARS_LEARN_SECONDS,
    GroupKeys,
    look_in_seconds,
)
from moorage_operator.planning.snapshot import GroupSnapshot, ObservedResource
from moorage_operator.rendering.owner import Owner
from moorage_operator.running import key_keeper
from moorage_operator.running.extracts import unknown_namespace
from moorage_operator.running.group_outcomes import GroupOutcomes
from moorage_operator.running.key_keeper import KeyKeeper
from moorage_operator.running.key_users import KeyUsers
from moorage_operator.running.links import GatewayLinks, Links
from moorage_operator.running.newest import Incarnation
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.world import World

OWNER = Owner.group("desk", "tickets", "uid-2")
OTHERS = frozenset({"one"})


class _Secret(ClusterClient):
    """Holds the group's Secret; counts what is written."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}
        self.writes = 0

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        if body is None:
            if not self.held:
                raise refusal(path, 404, "NotFound", "")
            return self.held
        self.writes += 1
        metadata = {**self.held.get("metadata", {}), **body["metadata"]}
        metadata |= {"uid": "u", "resourceVersion": str(self.writes)}
        self.held = {**self.held, **body, "metadata": metadata}
        return self.held


class _Time:
    def __init__(self) -> None:
        self.seconds = 1000

    def time(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Time:
    made = _Time()
    monkeypatch.setattr(key_keeper, "time", made)
    return made


def keeper(client: ClusterClient) -> KeyKeeper:
    """As a new leader has it: nothing is known but what the Secret says."""
    return KeyKeeper(client, lambda: 0.0, 30)


async def nobody(_: str) -> frozenset[ResourceName]:
    return frozenset()


async def keep(
    client: ClusterClient,
    serving: frozenset[str] = frozenset(),
    leader: KeyKeeper | None = None,
) -> GroupKeys | None:
    """``leader``: one that leads for longer already, and is told that the Secret changed."""
    leader = leader or keeper(client)
    leader.forget(OWNER)
    return await leader.keep_group_keys(OWNER, lambda: serving, nobody)


async def test_a_new_leader_gives_sidecars_all_their_time_anew(clock: _Time) -> None:
    client = _Secret()
    first = await keeper(client).group_key_for(OWNER, "one")
    await keep(client)
    clock.seconds += SIDECARS_LEARN_SECONDS + 30  # Nobody led: the API server was away.
    leader = keeper(client)
    keys = await keep(client, leader=leader)
    assert keys is not None and keys.shown == first
    clock.seconds += SIDECARS_LEARN_SECONDS
    keys = await keep(client, leader=leader)
    assert keys is not None and keys.shown != first


async def test_a_gateway_of_the_own_namespace_costs_no_write() -> None:
    client = _Secret()
    first = await keeper(client).group_key_for(OWNER, "desk")
    assert (await keeper(client).group_key_for(OWNER, "desk"), client.writes) == (first, 1)


async def test_whoever_serves_it_goes_on_with_the_key(clock: _Time) -> None:
    client = _Secret()
    first = await keeper(client).group_key_for(OWNER, "one")
    for _ in range(3):
        clock.seconds += 1000
        keys = await keep(client, OTHERS)
        assert keys is not None and keys.keys == (first,)
    assert client.writes == 2


async def test_the_key_of_a_parted_namespace_ends_and_others_are_told_of_the_new_one(
    clock: _Time,
) -> None:
    client, outcomes = _Secret(), GroupOutcomes()
    leader = keeper(client)
    known = await keeper(client).group_key_for(OWNER, "one")
    told, good = [], []
    for seconds in (0, SIDECARS_LEARN_SECONDS, 1, GATEWAYS_LEARN_SECONDS):
        clock.seconds += seconds
        keys = await keep(client, leader=leader)
        assert keys is not None
        told.append(outcomes.note(_snapshot(keys=keys), _plan()))
        shown = await keeper(client).group_key_for(OWNER, "desk")
        good.append((known in keys.keys, shown == known, shown in keys.keys))
    assert good == [(True, True, True), *[(True, False, True)] * 2, (False, False, True)]
    assert told == [True, True, False, False]
    clock.seconds += 10_000
    before = client.writes
    await keep(client)
    assert client.writes == before


@pytest.mark.parametrize("annotation", [None, "x", f'{{"shown":1{"0" * 400}}}', '{"shown":-1}'])
async def test_an_exchange_ends_though_somebody_edits_its_annotation(
    clock: _Time, annotation: str | None
) -> None:
    client = _Secret()
    leader = keeper(client)
    await leader.group_key_for(OWNER, "one")
    begun = await keep(client, leader=leader)
    assert begun is not None
    client.held["metadata"]["annotations"] = {}
    if annotation is not None:
        client.held["metadata"]["annotations"] = {"moorage.dev/group-keys": annotation}
    for seconds in (1, 1, GATEWAYS_LEARN_SECONDS):
        clock.seconds += seconds
        keys = await keep(client, leader=leader)
    assert keys is not None and keys.keys == (begun.shown,)


async def test_an_exchange_goes_on_though_it_is_said_to_begin_at_the_end_of_time(
    clock: _Time,
) -> None:
    client = _Secret()
    leader = keeper(client)
    await leader.group_key_for(OWNER, "one")
    begun = await keep(client, leader=leader)
    said = {"moorage.dev/group-keys": f'{{"added":1{"0" * 400}}}'}
    client.held["metadata"]["annotations"] = said
    keys = await keep(client, leader=leader)
    assert begun is not None and keys is not None
    assert look_in_seconds(keys, clock.seconds) == SIDECARS_LEARN_SECONDS
    clock.seconds += SIDECARS_LEARN_SECONDS
    keys = await keep(client, leader=leader)
    assert keys is not None and keys.keys == begun.keys[::-1]


async def test_a_key_in_the_form_of_before_is_written_anew_once() -> None:
    client = _Secret()
    key = await keeper(client).group_key_for(OWNER, "one")
    client.held["data"]["key"] = base64.b64encode(f"{key}\n".encode()).decode()
    for _ in range(2):
        keys = await keep(client, OTHERS)
        assert keys is not None and keys.keys == (key,)
    assert base64.b64decode(client.held["data"]["key"]).decode() == key
    assert client.writes == 3


class _Meanwhile(_Secret):
    """A gateway of the namespace "one" begins to serve while the group's Secret is being read."""

    def __init__(self) -> None:
        super().__init__()
        self.serving = set[str]()
        self.begins = False

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        if self.begins and body is None:
            self.begins = False
            self.serving.add("one")
            await keeper(self).group_key_for(OWNER, "one")
        return await super().request(verb, path, body, **more)


async def test_a_namespace_that_begins_meanwhile_is_not_parted_with() -> None:
    client = _Meanwhile()
    key = await keeper(client).group_key_for(OWNER, "desk")
    client.begins = True
    keys = await keeper(client).keep_group_keys(OWNER, lambda: frozenset(client.serving), nobody)
    assert not client.begins
    assert keys is not None and (keys.keys, keys.given) == ((key,), OTHERS)


async def test_a_group_made_anew_has_a_new_key_at_once_though_the_former_one_is_remembered() -> (
    None
):
    client = _Secret()
    alive = keeper(client)
    former = await alive.group_key_for(OWNER, "desk")
    client.held = {}  # It goes with its owner, and nobody watches Secrets.
    again = Owner.group(OWNER.namespace, OWNER.name, "uid-3")
    keys = await alive.keep_group_keys(again, frozenset, nobody)
    assert keys is not None and former not in keys.keys
    assert await alive.group_key_for(again, "desk") == keys.shown
    assert client.writes == 2


def _snapshot(**more: Any) -> GroupSnapshot:
    document = image_group_document()
    resource = ObservedResource(ResourceName("desk", "tickets"), "uid-2", 1, "", document)
    return GroupSnapshot(resource=resource, **more)


def _plan() -> Any:
    return type("Plan", (), {"conditions": ()})()


@pytest.mark.parametrize("published", ["", "two"])
@pytest.mark.parametrize(
    ("rule", "namespaces"),
    [
        (None, set()),
        ({"from": "Same"}, set()),
        ({"from": "All"}, {"one", "two"}),
        ({"from": "Selector", "selector": {"matchLabels": {"a": "b"}}}, {"two"}),
    ],
)
def test_the_own_namespace_and_those_not_allowed_are_given_no_key(
    rule: dict[str, Any] | None, namespaces: set[str], published: str
) -> None:
    labels = {"desk": {"a": "b"}, "one": {}, "two": {"a": "b"}}
    links, document = Links(), image_group_document()
    if rule is not None:
        document["spec"]["allowedGateways"] = {"namespaces": rule}
    group = ResourceName("desk", "tickets")
    for name in labels:
        gateway, one = ResourceName(name, "g"), Incarnation(name, 1)
        by_document = frozenset() if name == published else frozenset({group})
        links.put_gateway(gateway, one, GatewayLinks(by_document))
        links.put_published(gateway, name, frozenset({group}) - by_document)
    world = World({}, links)
    world.read_namespaces |= {
        name: replace(unknown_namespace(name), labels=each) for name, each in labels.items()
    }
    client = ClusterClient.__new__(ClusterClient)
    users = KeyUsers(world, Snapshots.__new__(Snapshots), keeper(client))
    resource = ObservedResource(group, "uid-2", 1, "", document)
    assert users.namespaces(resource) == namespaces
