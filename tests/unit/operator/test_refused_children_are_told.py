"""A child that the API server refuses holds up no other, and the status says so."""

from typing import Any

import pytest

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import NotPermitted, refusal
from moorage_operator.planning.conditions import GROUP
from moorage_operator.planning.snapshot import ChildKey, ObservedResource, Plan
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.links import Links
from moorage_operator.running.refused_children import (
    RefusedChild,
    with_names_in_force,
    with_refusals,
)
from moorage_operator.running.world import World

ENDING = "unable to create new content because it is being terminated"


class _RefusesServices(ClusterClient):
    """Refuses Services with this message and takes everything else."""

    def __init__(self, message: str) -> None:
        self._message = message
        self.applied: list[str] = []

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        if "/services/" in path:
            raise refusal(f"{verb} {path}", 403, "Forbidden", self._message)
        assert body is not None
        self.applied.append(body["kind"])
        return {**body, "metadata": {**body["metadata"], "uid": "u", "resourceVersion": "1"}}


def _manifest(kind: str) -> dict[str, Any]:
    name = ResourceName("agents", "tickets-upstream")
    metadata = {"namespace": name.namespace, "name": name.name}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _world() -> World:
    return World({"children": {}, "workloads": {}, "gateways": {}, "groups": {}}, Links())


async def test_the_others_are_applied_and_the_status_names_the_refused() -> None:
    client = _RefusesServices("exceeded quota: none")
    writer = ChildWriter(client, lambda: 0.0)
    refused = await writer.apply([_manifest("Service"), _manifest("Role")], {}, _world(), [])
    assert client.applied == ["Role"]
    well = GROUP.condition("Accepted", "Accepted", "")
    plan = with_refusals(GROUP, Plan((), (), (well,), {}), refused)
    (told,) = plan.conditions
    assert (told.status, told.reason) == ("False", "ApplyFailed")
    assert "Service agents/tickets-upstream: 403 exceeded quota: none" in told.message


@pytest.mark.parametrize(
    ("written", "refused", "told"),
    [
        (["ConfigMap"], [], ["new.example"]),
        (["ConfigMap"], ["ConfigMap"], ["old.example"]),
        (["ConfigMap"], ["Service"], ["new.example"]),
        ([], [], ["old.example"]),
    ],
)
def test_names_of_a_table_that_is_not_written_are_not_told(
    written: list[str], refused: list[str], told: list[str]
) -> None:
    name = ResourceName("agents", "desk")
    document = {"status": {"hostnames": ["old.example"]}}
    gateway = ObservedResource(name, "uid", 1, "", document)
    plan = Plan(tuple(map(_manifest, written)), (), (), {"hostnames": ["new.example"]})
    error = refusal("PATCH", 403, "Forbidden", "exceeded quota: none")
    errors = [RefusedChild(ChildKey(kind, "agents", "desk-gateway"), error) for kind in refused]
    assert with_names_in_force(gateway, plan, errors).counts == {"hostnames": told}


def test_a_group_has_no_names() -> None:
    group = ObservedResource(ResourceName("agents", "tickets"), "uid", 1, "", {})
    assert with_names_in_force(group, Plan((), (), (), {}), []).counts == {}


async def test_what_the_api_server_said_is_bounded() -> None:
    writer = ChildWriter(_RefusesServices("x" * 100_000), lambda: 0.0)
    (refused,) = await writer.apply([_manifest("Service")], {}, _world(), [])
    assert len(str(refused)) < 600


async def test_a_namespace_that_ends_is_no_failure_to_tell() -> None:
    writer = ChildWriter(_RefusesServices(ENDING), lambda: 0.0)
    with pytest.raises(NotPermitted):
        await writer.apply([_manifest("Service")], {}, _world(), [])
