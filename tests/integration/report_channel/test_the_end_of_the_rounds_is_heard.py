"""The report channel's rounds may not end unheard: no promise would ever expire again."""

import asyncio
import base64
import time
from datetime import UTC, datetime
from typing import Any

from fakes.in_process_gateway import until
from fakes.operator_channel import Served
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.channel_certificate import ENTRIES, issue
from moorage_operator.cluster.lease import Lease
from moorage_operator.cluster.write_fence import WriteFence
from moorage_operator.running.channel_server import ChannelServer
from moorage_operator.running.stop import Stop
from moorage_operator.running.vital_tasks import VitalTasks


class OneSecret(ClusterClient):
    """An API server that holds the channel's Secret."""

    def __init__(self) -> None:
        issued = issue(None, ("moorage-operator.test.svc",), datetime.now(UTC))
        texts = (issued.ca_pem, issued.ca_key_pem, issued.certificate_pem, issued.key_pem)
        self._data = {
            entry: base64.b64encode(text.encode()).decode()
            for entry, text in zip(ENTRIES, texts, strict=True)
        }

    async def get(self, path: str, *_: Any, **__: Any) -> dict[str, Any]:
        return {"metadata": {"uid": "u", "resourceVersion": "1"}, "data": self._data}


async def test_the_process_ends_when_somebody_cancels_them() -> None:
    client = OneSecret()
    lease = Lease(client, WriteFence(time.monotonic), "home", "me", time.monotonic, lambda: "")
    channel = ChannelServer(client, lease, Served(), lambda _: None, "home", 0)
    channel.look_again()
    stop = Stop()
    tasks = VitalTasks(stop)
    tasks.start("report channel", channel.run())
    await until(lambda: len(rounds()) == 1, "it serves")
    assert not stop.is_asked
    rounds()[0].cancel()
    async with asyncio.timeout(5):
        await stop.wait()
    assert stop.exit_code != 0
    await tasks.end()


def rounds() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if "_go_round_for_ever" in repr(task)]
