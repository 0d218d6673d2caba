"""A gateway loses its permission for a stdio group: its key is exchanged, and no session ends.

`python -m e2e.group_key_exchange`, under load through two gateways that stay permitted. Ends with 1
when an operation failed or when the old key still opened a session after EXCHANGED_SECONDS.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp

from e2e.cluster import apply, pods, service_address, wait_for, wait_for_condition
from e2e.installation import installed
from e2e.load import VERSION, Load, Tally, first_answer
from e2e.manifests import Manifest, gateway, group
from e2e.settings import SERVERS_IMAGE
from fakes.kubectl import kubectl, namespace, read

EXCHANGED_SECONDS = 400.0
LOOK_SECONDS = 5.0
SIDECAR_PORT = 8081
HOST = "edge-gateway"
PERMITTED = "group-key-exchange"


@dataclass(frozen=True)
class Scene:
    """The group's namespace, one that stays permitted, and one that will not."""

    own: str
    kept: str
    parted: str


def office() -> Manifest:
    """A stdio group for all namespaces with a label."""
    stdio = {
        "image": SERVERS_IMAGE,
        "command": ["/opt/servers/bin/python", "-m", "fakes.conformance_server", "--stdio"],
        "env": [{"name": "PYTHONPATH", "value": "/srv"}],
    }
    selector = {"matchLabels": {"serves": PERMITTED}}
    allowed = {"namespaces": {"from": "Selector", "selector": selector}}
    return group("office", source={"stdio": stdio}, allowedGateways=allowed)


def edge(to_namespace: str) -> Manifest:
    """A gateway that serves it from elsewhere."""
    upstream = {"name": "office", "namespace": to_namespace}
    made = gateway("edge", {})
    return {**made, "spec": {"routes": [{"path": "/mcp", "upstream": upstream}]}}


@contextmanager
def serving() -> Iterator[Scene]:
    """All three gateways answer."""
    label = {"serves": PERMITTED}
    with (
        namespace("office") as own,
        namespace("kept", **label) as kept,
        namespace("parted", **label) as parted,
    ):
        apply(own, office(), gateway("edge", {"/mcp": "office"}))
        for elsewhere in (kept, parted):
            apply(elsewhere, edge(own))
        wait_for_condition(own, "mug/office", "Ready", seconds=90)
        for place in (own, kept, parted):
            wait_for(f"{place} answers", 60, partial(answer, place))
        yield Scene(own, kept, parted)


def url_of(place: str) -> str:
    return f"http://{service_address(place, HOST)}/mcp"


def answer(place: str) -> str | None:
    return asyncio.run(first_answer(url_of(place), HOST))


def key_that_is_shown(scene: Scene) -> str:
    """The group's key, as whoever reads the parted gateway's Secret knows it."""
    groups = read(f"secret/{HOST}", "-n", scene.parted)["data"]["groups"]
    key: str = json.loads(base64.b64decode(groups))[f"{scene.own}/office"]
    return key


async def opens_a_session(pod_ip: str, key: str) -> bool:
    """Whether the sidecar takes the key from whoever shows it."""
    params = {
        "protocolVersion": VERSION,
        "capabilities": {},
        "clientInfo": {"name": "parted", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    headers = {"Accept": "application/json, text/event-stream", "moorage-key": key}
    url = f"http://{pod_ip}:{SIDECAR_PORT}/mcp"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json=message, headers=headers) as opened,
    ):
        if opened.status == 401:
            return False
        session = {**headers, "Mcp-Session-Id": opened.headers["Mcp-Session-Id"]}
        async with http.delete(url, headers=session) as ended:
            return opened.status == 200 and ended.status == 200


async def exchange_seconds(scene: Scene) -> float | None:
    """From the end of the permission until the old key opens nothing; None if it always does."""
    (pod,) = pods(scene.own, "moorage.dev/upstream-group=office")
    pod_ip, key = pod["status"]["podIP"], key_that_is_shown(scene)
    assert await opens_a_session(pod_ip, key)
    kubectl("label", "namespace", scene.parted, "serves-")
    begun_at = time.monotonic()
    while (seconds := time.monotonic() - begun_at) < EXCHANGED_SECONDS:
        if not await opens_a_session(pod_ip, key):
            return seconds
        await asyncio.sleep(LOOK_SECONDS)
    return None


async def run(scene: Scene) -> int:
    async with AsyncExitStack() as stack:
        tallies: list[Tally] = [
            await stack.enter_async_context(Load(host=HOST, sessions=10).on(url_of(place)))
            for place in (scene.own, scene.kept)
        ]
        seconds = await exchange_seconds(scene)
        await asyncio.sleep(LOOK_SECONDS)
    told = "still opens sessions" if seconds is None else f"opens nothing after {seconds:.0f} s"
    print(f"the old key {told}")
    print("\n".join(map(str, tallies)))
    return 1 if seconds is None or any(tally.failures for tally in tallies) else 0


def main() -> int:
    with installed(), serving() as scene:
        return asyncio.run(run(scene))


if __name__ == "__main__":
    sys.exit(main())
