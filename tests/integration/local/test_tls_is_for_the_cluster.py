"""A file whose listener has TLS: served in plain HTTP where only this machine listens."""

import sys
from pathlib import Path

from fakes.child_process import TESTS_ROOT
from fakes.cr_documents import Document, gateway_document, group_document, route
from fakes.cr_files import write
from fakes.moorage_command import finished, up
from fakes.raw_session import RawSession

SERVER = [sys.executable, str(TESTS_ROOT / "fakes" / "stdio_servers" / "keeping_server.py")]
GROUP = group_document(source={"stdio": {"command": SERVER}})
HOSTNAMES = {"hostnames": ["mcp.example.com"]}
PATIENCE_SECONDS = 10.0


def gateway(**listener: object) -> Document:
    return gateway_document(routes=[route("/mcp", "tickets")], listener={**HOSTNAMES, **listener})


SECURE = gateway(tls={"secretName": "mcp-tls"})


async def test_on_loopback_it_is_served_and_the_welcome_says_how(tmp_path: Path) -> None:
    async with up(write(tmp_path / "a.yaml", SECURE, GROUP)) as running:
        assert await (await RawSession.opened(running.url())).call("mark", text="a") == "a"
        assert "spec.listener.tls is for the cluster: here clients are served plain HTTP" in (
            running.output()
        )


async def test_elsewhere_it_is_not_served(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", SECURE, GROUP)
    ended = await finished("up", file, "--listen", "0.0.0.0:0")
    assert (ended.status, ended.stdout) == (1, "")
    assert f"{file}:1: spec.listener.tls: a desk has no Secrets, so clients would be" in (
        ended.stderr
    )


async def test_a_change_cannot_bring_it_there_either(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway(), GROUP)
    async with up(file, listen="0.0.0.0:0") as running:
        write(file, SECURE, GROUP)
        await running.says("spec.listener.tls: a desk has no Secrets", PATIENCE_SECONDS)
        assert "the last good configuration serves on" in running.output()
        assert await (await RawSession.opened(running.url())).call("mark", text="a") == "a"
