"""The ConfigMap of a group's certificate authorities is missing for a while."""

from typing import Any

import pytest

from fakes.kubectl import kubectl
from integration.listening.certificates import Authority
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, condition, deployment, gateway, group, published
from integration.operator.running_operator import wait_until

pytestmark = pytest.mark.cluster

FOUND_SECONDS = 10


def test_they_are_found_soon_and_served_on_while_they_are_gone(
    home: str, new_operator: NewOperator
) -> None:
    first = new_operator("first")
    first.lead()
    apply(deployment(home, "tickets"), _group(home), gateway(home, "agents", "tickets"))
    wait_until(lambda: _refs(home) == "CaMissing", 10, first.log)
    wait_until(lambda: [bool(each.unresolved) for each in published(home, "agents")] == [True], 10)

    one, two = Authority("one").pem, Authority("two").pem
    apply(_authorities(home, one))
    wait_until(lambda: _refs(home) == "ResolvedRefs", FOUND_SECONDS, first.log)
    wait_until(lambda: _pem(home) == one, 5, first.log)

    first.kill()
    kubectl("delete", "configmap", "tickets-ca", "-n", home)
    second = new_operator("second")
    second.lead()
    wait_until(lambda: _refs(home) == "CaMissing", 30, second.log)
    wait_until(lambda: _gateway_refs(home) == "UpstreamFailed", 10, second.log)
    assert _pem(home) == one

    apply(_authorities(home, "no PEM"))
    assert _pem(home) == one
    apply(_authorities(home, two))
    wait_until(lambda: _pem(home) == two, FOUND_SECONDS, second.log)


def _group(home: str) -> dict[str, Any]:
    document = group(home, "tickets")
    tls = {"hostname": "tickets.internal", "caConfigMapName": "tickets-ca"}
    document["spec"]["source"]["workload"]["tls"] = tls
    return document


def _authorities(home: str, pem: str) -> dict[str, Any]:
    metadata = {"name": "tickets-ca", "namespace": home}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": pem}}


def _refs(home: str) -> str:
    return str(condition("mcpupstreamgroup", home, "tickets", "ResolvedRefs").get("reason"))


def _gateway_refs(home: str) -> str:
    return str(condition("mcpgateway", home, "agents", "ResolvedRefs").get("reason"))


def _pem(home: str) -> str | None:
    tls = [each.tls for each in published(home, "agents")]
    return tls[0].ca_pem if tls and tls[0] is not None else None
