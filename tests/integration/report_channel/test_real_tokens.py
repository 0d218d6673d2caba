"""A token as the API server projects it into gateway pods, checked by the keys it publishes."""

import asyncio
import json
from collections.abc import Mapping

import pytest

from fakes.kubectl import kubectl, namespace
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.running.report_channel.callers import CallerProof, CallerRefused
from moorage_operator.running.report_channel.published_keys import PublishedKeys

pytestmark = pytest.mark.cluster
ACCOUNT = "agents-gateway"


class ApiServer:
    """Asked by kubectl."""

    async def get_json(self, path: str) -> Mapping[str, object]:
        document: dict[str, object] = json.loads(
            await asyncio.to_thread(kubectl, "get", "--raw", path)
        )
        return document


async def test_a_projected_token_proves_its_pod_and_nothing_else() -> None:
    with namespace("e-report") as name:
        for account in (ACCOUNT, "others"):
            kubectl("create", "serviceaccount", account, "-n", name)
            kubectl("apply", "-f", "-", document=pod_of(account, name))
        proof = CallerProof(PublishedKeys(ApiServer(), asyncio.get_running_loop().time))
        caller = await proof.caller(f"Bearer {token(name, ACCOUNT)}")
        assert caller == GatewayPod(ResourceName(name, "agents"), f"{ACCOUNT}-pod")
        with pytest.raises(CallerRefused, match="bound to a pod"):
            await proof.caller(f"Bearer {token(name, ACCOUNT, bound=False)}")
        with pytest.raises(CallerRefused, match="no gateway's"):
            await proof.caller(f"Bearer {token(name, 'others')}")
        with pytest.raises(CallerRefused, match="does not hold"):
            await proof.caller(f"Bearer {token(name, ACCOUNT, audience='elsewhere')}")


def pod_of(account: str, namespace: str) -> dict[str, object]:
    """A pod that need not run: it is only there to be bound to."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{account}-pod", "namespace": namespace},
        "spec": {
            "serviceAccountName": account,
            "nodeSelector": {"moorage.dev/nowhere": "true"},
            "containers": [{"name": "none", "image": "none"}],
        },
    }


def token(
    namespace: str, account: str, *, audience: str = "moorage-operator", bound: bool = True
) -> str:
    """As the kubelet asks for it."""
    to_pod = ("--bound-object-kind", "Pod", "--bound-object-name", f"{account}-pod")
    command = ("create", "token", account, "-n", namespace, "--audience", audience)
    return kubectl(*command, *(to_pod if bound else ())).strip()
