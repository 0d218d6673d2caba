"""A gateway pod's own process, with its files in a folder and an API server at any URL.

Run as a module it is `python -m moorage_gateway` for such files; imported, it starts one.
"""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from fakes.child_process import ServerProcess, running
from fakes.free_port import free_port
from integration.watching.pod import GATEWAY
from moorage_gateway.__main__ import serve
from moorage_gateway.cluster_settings import ClusterFiles, ClusterSettings


@asynccontextmanager
async def pod_process(api_url: str, files: ClusterFiles) -> AsyncIterator[ServerProcess]:
    """Started; whether it serves is for the caller to see. It is killed at the end."""
    port, admin_port = free_port(), free_port()
    command = [sys.executable, "-m", "integration.watching.pod_process"]
    command += [api_url, str(files.state.parent), str(port), str(admin_port)]
    async with running("gateway pod", command) as child:
        try:
            yield ServerProcess(child, port, admin_port)
            if not child.may_have_ended:
                child.require_running()
        finally:
            if child.process.returncode is None:
                child.kill()


async def admin_page(pod: ServerProcess, path: str) -> tuple[int, str]:
    """Status and text of an admin page; status 0 while nobody listens there."""
    url = f"http://127.0.0.1:{pod.admin_port}{path}"
    try:
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            return answer.status, await answer.text()
    except aiohttp.ClientConnectionError:
        return 0, ""


def _main() -> None:
    parser = argparse.ArgumentParser(prog="integration.watching.pod_process")
    parser.add_argument("api_url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("admin_port", type=int)
    told = parser.parse_args()
    folder = told.folder
    files = ClusterFiles(
        folder / "table", folder / "keys", folder / "tls", folder / "state", folder / "identity"
    )
    serve(
        ClusterSettings(
            GATEWAY, "gw-1", "127.0.0.1", told.api_url, files, told.port, told.admin_port
        )
    )


if __name__ == "__main__":
    _main()
