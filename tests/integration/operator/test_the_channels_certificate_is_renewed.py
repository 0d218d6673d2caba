"""While an operator leads the report channel's certificate never ends, and gateways trust it."""

import asyncio
import base64
import gzip
import json
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.free_port import free_port
from fakes.kubectl import KubectlFailed, kubectl, read
from integration.operator import hasty_operator
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, children, gateway
from integration.operator.running_operator import START_SECONDS, wait_until
from moorage_operator.cluster.api_client import ClusterClient, load_configuration
from moorage_operator.cluster.channel_certificate import CERTIFICATE_DAYS, RENEW_BEFORE_DAYS
from moorage_operator.cluster.channel_secret import CHANNEL_SECRET, read_channel
from moorage_operator.cluster.lease import Lease
from moorage_operator.cluster.write_fence import WriteFence
from moorage_operator.planning.demand.served_groups import ServedGroups
from moorage_operator.running.channel_keeper import ChannelKeeper
from moorage_operator.running.channel_server import ChannelServer

pytestmark = pytest.mark.cluster

NAMES = ("moorage-operator.test.svc",)
SOON_SECONDS = 5.0


class Nobody(ServedGroups):
    def served_by(self, gateway: object) -> None:
        return None


@pytest.fixture
async def client() -> AsyncIterator[ClusterClient]:
    made = ClusterClient(await load_configuration(), None, lambda *_: None, "moorage-test")
    yield made
    await made.close()


async def test_it_is_renewed_in_time_and_served_at_once(home: str, client: ClusterClient) -> None:
    now = datetime.now(UTC)
    lease = Lease(client, WriteFence(time.monotonic), home, "me_", time.monotonic, lambda: "")
    port = free_port()
    channel = ChannelServer(client, lease, Nobody(), lambda _: None, home, port)
    keeper = ChannelKeeper(client, home, NAMES, lambda: now, channel.look_again)
    serving = asyncio.create_task(channel.run())
    await keeper.begin()
    first, authority = await _served_like_the_secret(port, client, home), keeper.authority_pem
    now += timedelta(days=CERTIFICATE_DAYS - RENEW_BEFORE_DAYS - 1)
    assert await keeper.look()
    assert await _served_like_the_secret(port, client, home) == first
    now += timedelta(days=2)
    assert await keeper.look()
    second = await _served_like_the_secret(port, client, home)
    assert second != first
    assert keeper.authority_pem == authority
    now += timedelta(days=3400)
    assert await keeper.look()
    assert await _served_like_the_secret(port, client, home) != second
    assert keeper.authority_pem != authority
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def _served_like_the_secret(port: int, client: ClusterClient, namespace: str) -> str:
    """The certificate that is served, once it is the one of the Secret."""
    async with asyncio.timeout(SOON_SECONDS):
        while True:
            served = await _served(port)
            held = await read_channel(client, namespace)
            if held is not None and served == held.certificate_pem:
                return served
            await asyncio.sleep(0.05)


async def _served(port: int) -> str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    except OSError:
        return "it does not listen yet"
    found: Any = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return ssl.DER_cert_to_PEM_cert(found)


@pytest.mark.parametrize("spoilt", ["/w==", base64.b64encode(b"no PEM").decode()])
def test_a_spoilt_secret_is_made_anew_and_gateways_are_told(
    home: str, new_operator: NewOperator, spoilt: str
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = new_operator("first")
    operator.start((hasty_operator.__file__,))
    wait_until(lambda: "Deployment/agents-gateway" in children(home), START_SECONDS, operator.log)
    assert _trusted(home) == _in_secret(home, "ca.crt")
    before = _trusted(home)
    data = {entry: spoilt for entry in ("ca.crt", "ca.key", "tls.crt", "tls.key")}
    kubectl("patch", "secret", CHANNEL_SECRET, "-n", home, "-p", json.dumps({"data": data}))
    wait_until(lambda: _trusted(home) != before, SOON_SECONDS * 2, operator.log)
    assert _trusted(home) == _in_secret(home, "ca.crt")
    assert operator.process.poll() is None
    wait_until(lambda: "another certificate" in operator.log(), SOON_SECONDS, operator.log)


def test_a_secret_spoilt_before_the_start_is_made_anew(
    home: str, new_operator: NewOperator
) -> None:
    entries = [f"--from-literal={entry}=no PEM" for entry in ("ca.crt", "ca.key", "tls.crt")]
    kubectl("create", "secret", "generic", CHANNEL_SECRET, "-n", home, *entries)
    operator = new_operator("first")
    operator.lead()
    wait_until(
        lambda: _in_secret(home, "ca.crt").startswith("-----BEGIN CERT"), SOON_SECONDS, operator.log
    )


def _in_secret(namespace: str, entry: str) -> str:
    try:
        data = read("secret", CHANNEL_SECRET, "-n", namespace).get("data") or {}
    except KubectlFailed:
        return ""
    return base64.b64decode(data.get(entry, "")).decode()


def _trusted(namespace: str) -> str:
    """What the gateway's table says of the report channel's authority."""
    table = read("configmap", "agents-gateway", "-n", namespace)["binaryData"]["table"]
    return str(json.loads(gzip.decompress(base64.b64decode(table)))["report"]["ca_pem"])
