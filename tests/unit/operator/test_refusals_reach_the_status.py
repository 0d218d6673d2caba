"""A reconcile in which something is refused: the rest is done, the status tells, it fails."""

from typing import Any

import pytest

from fakes.cr_documents import workload_group_document
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ApiServerUnreachable, ClusterError, refusal
from moorage_operator.planning.conditions import GROUP
from moorage_operator.planning.snapshot import ChildKey, GroupSnapshot, Plan, ScaleTo
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import ResourceExtract, resource_extract
from moorage_operator.running.group_outcomes import GroupOutcomes
from moorage_operator.running.key_keeper import KeyKeeper
from moorage_operator.running.links import Links
from moorage_operator.running.planner import Planner
from moorage_operator.running.reconciler import Reconciler
from moorage_operator.running.refused_children import ChildrenRefused, RefusedChild
from moorage_operator.running.resource_key import group_key
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

NAME = ResourceName("desk", "tickets")
PLACE = ChildKey("Deployment", "desk", "tickets-upstream")
WELL = GROUP.condition("Accepted", "Accepted", "")


class _Answers(ClusterClient):
    """Refuses paths with this part with this error, takes everything else."""

    def __init__(self, part: str, error: ClusterError) -> None:
        self._part, self._error = part, error
        self.wrote: list[str] = []
        self.status: dict[str, Any] = {}

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        if self._part in path:
            raise self._error
        if verb == "GET":
            raise refusal(path, 404, "NotFound", "")
        assert body is not None
        self.wrote.append(path.rpartition("/namespaces/desk/")[2])
        if path.endswith("/status"):
            self.status = body["status"]
        return {**body, "metadata": {**body["metadata"], "uid": "u", "resourceVersion": "2"}}


class _Planned(Planner):
    """Has planned this already."""

    def __init__(self, plan: Plan, refused: list[RefusedChild]) -> None:
        self._planned, self._refused = plan, refused
        self.outcomes = GroupOutcomes()

    async def group(self, seen: ResourceExtract) -> tuple[GroupSnapshot, Plan, list[RefusedChild]]:
        return GroupSnapshot(seen.observed), self._planned, list(self._refused)


def _child(kind: str) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": "desk", "name": "tickets-upstream"}}


async def _reconcile(client: _Answers, refused: list[RefusedChild]) -> None:
    document = workload_group_document()
    document["metadata"] |= {
        "uid": "of-the-group",
        "resourceVersion": "1",
        "creationTimestamp": "2026-11-24T00:00:00Z",
    }
    indices: dict[str, Any] = {"children": {}, "workloads": {}, "gateways": {}}
    world = World({**indices, "groups": {NAME: [resource_extract(document)]}}, Links())
    children = tuple(map(_child, ("Role", "Service", "RoleBinding")))
    plan = Plan(children, (), (WELL,), {}, ScaleTo(PLACE, 3))
    reconciler = Reconciler(
        client,
        world,
        _Planned(plan, refused),
        ChildWriter(client, lambda: 0.0),
        KeyKeeper(client, lambda: 0.0, 30),
        StatusWriter(client, lambda: 0.0),
        "a-pod",
        lambda key: None,
    )
    await reconciler.reconcile(group_key(NAME))


def _accepted(client: _Answers) -> tuple[str, str, str]:
    (told,) = client.status["conditions"]
    return told["status"], told["reason"], told["message"]


async def test_a_refused_child_is_told_after_all_others_are_written() -> None:
    client = _Answers("/services/", refusal("", 403, "Forbidden", "exceeded quota: none"))

    with pytest.raises(ChildrenRefused, match="exceeded quota: none"):
        await _reconcile(client, [])

    assert client.wrote[:2] == ["roles/tickets-upstream", "rolebindings/tickets-upstream"]
    status, reason, message = _accepted(client)
    assert (status, reason) == ("False", "ApplyFailed")
    assert "Service desk/tickets-upstream: 403 exceeded quota: none" in message
    assert not any("/scale" in path for path in client.wrote)


async def test_what_the_planner_was_refused_is_told_as_well() -> None:
    client = _Answers("/nothing/", refusal("", 403, "Forbidden", ""))
    key = ChildKey("Secret", "elsewhere", "tickets-upstream")
    refused = RefusedChild(key, refusal("", 403, "Forbidden", "no more secrets"))

    with pytest.raises(ChildrenRefused):
        await _reconcile(client, [refused])

    assert "Secret elsewhere/tickets-upstream: 403 no more secrets" in _accepted(client)[2]


async def test_no_answer_is_no_refusal_and_changes_no_status() -> None:
    client = _Answers("/services/", ApiServerUnreachable("nobody there"))

    with pytest.raises(ApiServerUnreachable):
        await _reconcile(client, [])

    assert client.status == {}
