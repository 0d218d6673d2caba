"""`moorage up` as the tests start it: one or more processes on the same files and key file."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from fakes.child_process import ChildProcess, ChildProcessError, ServerProcess, running
from fakes.free_port import free_port

READY_SECONDS = 60.0
_POLL_SECONDS = 0.05

Source = Mapping[str, Any]


def urls(endpoints: Sequence[str], transport: str = "StreamableHttp") -> Source:
    """A group of running servers."""
    named = [{"url": url} for url in endpoints]
    return {"external": {"transport": transport, "endpoints": named}}


def stdio(command: Sequence[str], environment: Mapping[str, str]) -> Source:
    """A group whose servers the gateway starts itself."""
    variables = [{"name": name, "value": value} for name, value in environment.items()]
    return {"stdio": {"command": list(command), "env": variables}}


@asynccontextmanager
async def gateways(
    source: Source, replicas: int = 1, per_pod: int = 100
) -> AsyncIterator[list[ServerProcess]]:
    """Gateway processes that serve `source` at /mcp; each is ready when this yields."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="moorage-files-")))
        _write_files(folder, source, per_pod)
        # One after another: the first one makes the key file that the others read.
        yield [await stack.enter_async_context(_gateway(folder)) for _ in range(replicas)]


def _write_files(folder: Path, source: Source, per_pod: int) -> None:
    group = _resource("McpUpstreamGroup", "servers", source=source, sessions={"perPod": per_pod})
    route = {"path": "/mcp", "upstream": {"name": "servers"}}
    gateway = _resource("McpGateway", "tests", routes=[route])
    (folder / "resources").mkdir()
    # JSON is YAML, and it needs no quoting rules of ours.
    (folder / "resources" / "group.yaml").write_text(json.dumps(group))
    (folder / "resources" / "gateway.yaml").write_text(json.dumps(gateway))


def _resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "tests"}
    return {
        "apiVersion": "moorage.dev/v1alpha1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }


@asynccontextmanager
async def _gateway(folder: Path) -> AsyncIterator[ServerProcess]:
    port, admin_port = free_port(), free_port()
    command: list[str | Path] = [sys.executable, "-m", "moorage_local", "up", folder / "resources"]
    command += ["--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin_port}"]
    command += ["--key-file", folder / "keys"]
    async with running("moorage up", command) as child:
        await _until_ready(child, f"http://127.0.0.1:{admin_port}/readyz")
        yield ServerProcess(child, port, admin_port)


async def _until_ready(child: ChildProcess, ready_url: str) -> None:
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    async with aiohttp.ClientSession() as client:
        while not await _answers_ok(client, ready_url):
            child.require_running()
            if asyncio.get_running_loop().time() > deadline:
                raise ChildProcessError(
                    f"{ready_url} was not ready within {READY_SECONDS} s; the gateway printed:\n"
                    f"{child.output()[-4000:]}"
                )
            await asyncio.sleep(_POLL_SECONDS)


async def _answers_ok(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False
