"""A release in a real cluster: it runs, an upgrade keeps what the operator wrote, nothing stays."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from chart.rendering import CHART, ROOT, helm
from fakes.kubectl import kubectl, namespace, read

pytestmark = [pytest.mark.cluster, pytest.mark.helm, pytest.mark.timeout(240)]
OPERATOR_IMAGE = os.environ.get("MOORAGE_OPERATOR_IMAGE", "moorage/operator:dev")
GATEWAY_IMAGE = os.environ.get("MOORAGE_GATEWAY_IMAGE", "moorage/gateway:dev")
HEARD_SECONDS = 3
TAKEOVER_SECONDS = 20
OURS_IN_A_NAMESPACE = (
    "all,configmap,secret,serviceaccount,lease,role,rolebinding,networkpolicy,poddisruptionbudget"
)


@dataclass(frozen=True)
class Release:
    """One release of the chart and the namespaces that it serves."""

    name: str
    place: str
    served: tuple[str, ...]

    def put(self, *options: str) -> None:
        """`helm upgrade --install`, until the operator is available."""
        values = {
            "watchNamespaces": list(self.served),
            "crds": {"install": False},
            "images": {"operator": _image(OPERATOR_IMAGE), "gateway": _image(GATEWAY_IMAGE)},
        }
        command = ["upgrade", "--install", self.name, str(CHART), "-n", self.place]
        run = helm(*command, "--wait", "--timeout", "50s", *options, values=values)
        assert run.code == 0, run.complaint + self.logs()

    def logs(self) -> str:
        return kubectl("logs", "-n", self.place, "deployment/moorage-operator", "--tail=20")

    def remove(self) -> None:
        waiting = ["--wait", "--cascade", "foreground", "--timeout", "50s"]
        run = helm("uninstall", self.name, "-n", self.place, *waiting)
        assert run.code == 0, run.complaint


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    with namespace("g-release") as place, namespace("g-one") as one, namespace("g-two") as two:
        made = Release(f"try-{place[-8:]}", place, (one, two))
        made.put()
        yield made


def test_the_example_is_served_as_it_stands(release: Release) -> None:
    place = release.served[0]
    kubectl("apply", "-n", place, "-f", str(ROOT / "examples" / "cluster"))
    resources = ["mcpgateway/agents", "mcpupstreamgroup/tickets", "mcpupstreamgroup/notes"]
    kubectl("wait", "-n", place, *resources, "--for=condition=Ready", "--timeout=50s")
    address = read("service", "agents-gateway", "-n", place)["spec"]["clusterIP"]
    tickets = _served(f"http://{address}:8080/tickets/mcp", "open_ticket", {"title": "x"})
    assert "ticket 1 is open at tickets-" in tickets
    notes = _served(f"http://{address}:8080/notes/mcp", "add_note", {"text": "x"})
    assert "note 1 is written" in notes


def test_an_upgrade_keeps_the_lease_and_the_certificate(release: Release) -> None:
    before = _written_by_the_operator(release.place)
    release.put("--set", "operator.podAnnotations.note=second")
    after = _written_by_the_operator(release.place)
    assert before["certificate"] and after["certificate"] == before["certificate"]
    assert before["holder"] and after["holder"]
    assert after["transitions"] >= before["transitions"]


def test_the_operator_is_restricted_and_runs_twice(release: Release) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    warnings = kubectl("label", "namespace", release.place, label, "--overwrite")
    assert "Warning" not in warnings
    status = read("deployment", "moorage-operator", "-n", release.place)["status"]
    assert status["readyReplicas"] == 2


def test_uninstall_leaves_nothing(release: Release) -> None:
    release.remove()
    for name in (release.place, *release.served):
        labelled = f"app.kubernetes.io/instance={release.name}"
        assert read(OURS_IN_A_NAMESPACE, "-n", name, "-l", labelled)["items"] == []
    left = json.loads(kubectl("get", "clusterrole,clusterrolebinding", "-o", "json"))["items"]
    assert not [one for one in left if release.place in one["metadata"]["name"]]


def _served(url: str, tool: str, arguments: dict[str, str]) -> str:
    """The answer of the first call that is served.

    The operator tells of a verified group at the moment when it tells the gateways, which may be a
    little later at hearing it.
    """
    deadline = time.monotonic() + HEARD_SECONDS
    while True:
        try:
            return asyncio.run(_call(url, tool, arguments))
        except* MCPError as refusals:
            if time.monotonic() > deadline:
                raise AssertionError(refusals.exceptions) from None
        time.sleep(0.1)


async def _call(url: str, tool: str, arguments: dict[str, str]) -> str:
    """What the tool answers to an official client that says Host as by a forwarded port."""
    async with (
        httpx2.AsyncClient(headers={"Host": "localhost:8080"}, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return str((await client.call_tool(tool, arguments)).content)


def _written_by_the_operator(place: str) -> dict[str, Any]:
    lease = _held_lease(place)
    secret = read("secret", "moorage-operator-channel", "-n", place)
    return {
        "holder": lease.get("holderIdentity"),
        "transitions": lease.get("leaseTransitions", 0),
        "certificate": secret.get("data"),
    }


def _held_lease(place: str) -> dict[str, Any]:
    """The Lease once somebody holds it: a leader that ends hands it over, and nobody leads then."""
    deadline = time.monotonic() + TAKEOVER_SECONDS
    while True:
        lease: dict[str, Any] = read("lease", "moorage-operator", "-n", place).get("spec", {})
        if lease.get("holderIdentity") or time.monotonic() > deadline:
            return lease
        time.sleep(0.2)


def _image(reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}
