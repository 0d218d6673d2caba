"""Who was given a stdio group's key is written down; parted with, its key is exchanged."""

from typing import Any

import pytest

from fakes.cr_documents import image_group_document
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import refusal
from moorage_operator.planning.group_keys import GATEWAYS_LEARN_SECONDS, SIDECARS_LEARN_SECONDS
from moorage_operator.planning.snapshot import GroupSnapshot, ObservedResource, ServingGateway
from moorage_operator.rendering.owner import Owner
from moorage_operator.running import key_keeper
from moorage_operator.running.group_outcomes import GroupOutcomes
from moorage_operator.running.key_keeper import KeyKeeper, serving_namespaces

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


async def test_a_gateway_of_the_own_namespace_costs_no_write() -> None:
    client = _Secret()
    first = await keeper(client).group_key_for(OWNER, "desk")
    assert (await keeper(client).group_key_for(OWNER, "desk"), client.writes) == (first, 1)


async def test_whoever_serves_it_goes_on_with_the_key(clock: _Time) -> None:
    client = _Secret()
    first = await keeper(client).group_key_for(OWNER, "one")
    for _ in range(3):
        clock.seconds += 1000
        keys = await keeper(client).keep_group_keys(OWNER, OTHERS)
        assert keys is not None and keys.keys == (first,)
    assert client.writes == 2


async def test_the_key_of_a_parted_namespace_ends_and_others_are_told_of_the_new_one(
    clock: _Time,
) -> None:
    client, outcomes = _Secret(), GroupOutcomes()
    known = await keeper(client).group_key_for(OWNER, "one")
    told, good = [], []
    for seconds in (0, SIDECARS_LEARN_SECONDS, GATEWAYS_LEARN_SECONDS):
        clock.seconds += seconds
        keys = await keeper(client).keep_group_keys(OWNER, frozenset())
        assert keys is not None
        told.append(outcomes.note(_snapshot(keys=keys), _plan()))
        shown = await keeper(client).group_key_for(OWNER, "desk")
        good.append((known in keys.keys, shown == known, shown in keys.keys))
    assert good == [(True, True, True), (True, False, True), (False, False, True)]
    assert told == [True, True, False]
    clock.seconds += 10_000
    before = client.writes
    await keeper(client).keep_group_keys(OWNER, frozenset())
    assert client.writes == before


async def test_a_group_made_anew_has_a_new_key_at_once_though_the_former_one_is_remembered() -> (
    None
):
    client = _Secret()
    alive = keeper(client)
    former = await alive.group_key_for(OWNER, "desk")
    client.held = {}  # It goes with its owner, and nobody watches Secrets.
    again = Owner.group(OWNER.namespace, OWNER.name, "uid-3")
    keys = await alive.keep_group_keys(again, frozenset())
    assert keys is not None and former not in keys.keys
    assert await alive.group_key_for(again, "desk") == keys.shown
    assert client.writes == 2


def _snapshot(rule: dict[str, Any] | None = None, **more: Any) -> GroupSnapshot:
    document = image_group_document()
    if rule is not None:
        document["spec"]["allowedGateways"] = {"namespaces": rule}
    resource = ObservedResource(ResourceName("desk", "tickets"), "uid-2", 1, "", document)
    return GroupSnapshot(resource=resource, **more)


def _plan() -> Any:
    return type("Plan", (), {"conditions": ()})()


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
    rule: dict[str, Any] | None, namespaces: set[str]
) -> None:
    labels = {"desk": {"a": "b"}, "one": {}, "two": {"a": "b"}}
    gateways = tuple(ServingGateway(ResourceName(name, "g"), labels[name]) for name in labels)
    assert serving_namespaces(_snapshot(rule, gateways=gateways)) == namespaces
