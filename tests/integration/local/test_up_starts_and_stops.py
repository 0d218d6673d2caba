"""``moorage up`` says where it serves, serves, and leaves nothing behind."""

import asyncio
import json
import signal
import socket
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from fakes.child_process import TESTS_ROOT, ChildProcessError, serving
from fakes.cr_documents import Document, gateway_document, group_document, route
from fakes.cr_files import write
from fakes.moorage_command import finished, up
from fakes.raw_session import RawSession

SERVERS = TESTS_ROOT / "fakes" / "stdio_servers"
SERVER = [sys.executable, str(SERVERS / "keeping_server.py")]
STUBBORN = [sys.executable, str(SERVERS / "stubborn_server.py")]


def stdio_files(folder: Path, *command: str) -> Path:
    gateway = gateway_document(routes=[route("/mcp", "tickets")])
    group = group_document(source={"stdio": {"command": list(command or SERVER)}})
    return write(folder / "a.yaml", gateway, group)


def url_group(*urls: str) -> Document:
    return group_document(source={"external": {"endpoints": [{"url": url} for url in urls]}})


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def server_of(session: RawSession) -> int:
    return int(await session.call("process_id"))


async def test_the_welcome_tells_every_route_and_how_endpoints_are(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"http://127.0.0.1:{silent.getsockname()[1]}/mcp"
    async with serving("fakes.stateful_server") as one, serving("fakes.stateful_server") as two:
        write(tmp_path / "gateway.yaml", gateway_document())
        write(tmp_path / "groups.yaml", url_group(one.url(), two.url(), nobody))
        async with up(tmp_path) as running:
            welcome = running.output()
    assert welcome.startswith("1 gateway and 1 group from 2 files; stop with Ctrl-C\n")
    assert f"  {running.base_url}/tickets/mcp   tickets   2 of 3 endpoints ready" in welcome
    assert nobody in welcome and "2025-11-25" in welcome
    assert (
        'for a client: {"mcpServers": {"tickets": {"type": "http", '
        f'"url": "{running.base_url}/tickets/mcp"}}}}}}\n'
    ) in welcome


async def test_health_and_metrics_are_where_the_welcome_says(tmp_path: Path) -> None:
    async with up(stdio_files(tmp_path)) as running, aiohttp.ClientSession() as http:
        for page in ("healthz", "readyz", "metrics"):
            async with http.get(f"{running.admin_url}/{page}") as answer:
                assert answer.status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_it_with_every_server(tmp_path: Path, number: signal.Signals) -> None:
    async with up(stdio_files(tmp_path)) as running:
        servers = [await server_of(await RawSession.opened(running.url())) for _ in range(2)]
        assert all(map(is_running, servers))
        started = time.monotonic()
        running.child.process.send_signal(number)
        assert await running.child.wait(10) == 0
        assert time.monotonic() - started < 5
        assert not any(map(is_running, servers))
        assert "stopping; Ctrl-C again to stop at once" in running.output()


async def test_a_stop_lets_running_calls_end(tmp_path: Path) -> None:
    async with up(stdio_files(tmp_path)) as running:
        session = await RawSession.opened(running.url())
        call = asyncio.create_task(session.call("wait", seconds="1"))
        await asyncio.sleep(0.3)
        running.child.process.send_signal(signal.SIGINT)
        assert await call == "waited"
        assert await running.child.wait(10) == 0


async def test_a_second_signal_does_not_wait_for_calls(tmp_path: Path) -> None:
    async with up(stdio_files(tmp_path)) as running:
        session = await RawSession.opened(running.url())
        server = await server_of(session)
        call = asyncio.create_task(session.call("wait", seconds="30"))
        await asyncio.sleep(0.3)
        running.child.process.send_signal(signal.SIGINT)
        with pytest.raises(ChildProcessError):
            await running.child.wait(1)
        started = time.monotonic()
        running.child.process.send_signal(signal.SIGINT)
        assert await running.child.wait(10) == 0
        assert time.monotonic() - started < 5
        assert not is_running(server)
        await asyncio.gather(call, return_exceptions=True)


@pytest.mark.parametrize("between_seconds", [0.3, 1.5, 3])
async def test_a_second_signal_leaves_no_server_that_does_not_want_to_end(
    tmp_path: Path, between_seconds: float
) -> None:
    async with up(stdio_files(tmp_path, *STUBBORN)) as running:
        server = await server_of(await RawSession.opened(running.url()))
        running.child.process.send_signal(signal.SIGINT)
        await asyncio.sleep(between_seconds)
        running.child.process.send_signal(signal.SIGINT)
        assert await running.child.wait(10) == 0
        assert not is_running(server)


async def test_a_folder_too_deep_for_sockets_is_told_with_its_remedy(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    ended = await finished(
        *("up", stdio_files(tmp_path), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"),
        environment={"TMPDIR": str(deep)},
    )
    assert ended.status == 1
    assert f"no socket for a stdio server in {deep}/moorage-" in ended.stderr
    assert ended.stderr.endswith("; set TMPDIR to a shorter folder\n")
    assert "--listen" not in ended.stderr


async def test_the_sockets_of_servers_are_private_and_removed(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    async with up(stdio_files(tmp_path), environment={"TMPDIR": str(scratch)}) as running:
        (folder,) = scratch.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert [entry.name for entry in folder.iterdir()] == ["1.sock"]
        running.child.process.send_signal(signal.SIGTERM)
        assert await running.child.wait(10) == 0
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(("option", "other"), [("--listen", "--admin"), ("--admin", "--listen")])
async def test_a_port_in_use_is_told_with_its_option(
    tmp_path: Path, option: str, other: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = await finished("up", stdio_files(tmp_path), option, address, other, "127.0.0.1:0")
    assert ended.status == 1
    assert (
        f"{option} {address}: another process listens there already; end what listens there, "
        f"or choose another address with {option} HOST:PORT"
    ) in ended.stderr


async def test_files_that_cannot_be_served_end_it_with_1(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", gateway_document())
    ended = await finished("up", tmp_path)
    assert (ended.status, ended.stdout) == (1, "")
    assert 'no McpUpstreamGroup "tickets" in these files' in ended.stderr


async def test_upstream_options_serve_a_workload(tmp_path: Path) -> None:
    workload = group_document(source={"workload": {"name": "tickets", "port": 8080}})
    gateway = gateway_document(routes=[route("/mcp", "tickets")])
    file = write(tmp_path / "a.yaml", gateway, workload)
    async with serving("fakes.stateful_server") as server:
        upstream = f"tickets=http://127.0.0.1:{server.port}"
        async with up(file, "--upstream", upstream) as running:
            session = await RawSession.opened(running.url())
            answer = json.loads(await session.call("advance", owner="a", nonce="n"))
            assert answer["count"] == 1


async def test_cluster_hostnames_do_not_lock_out_the_desk(tmp_path: Path) -> None:
    gateway = gateway_document(
        routes=[route("/mcp", "tickets")], listener={"hostnames": ["mcp.example.com"]}
    )
    group = group_document(source={"stdio": {"command": SERVER}})
    async with up(write(tmp_path / "a.yaml", gateway, group)) as running:
        assert await (await RawSession.opened(running.url())).call("mark", text="a") == "a"
        async with aiohttp.ClientSession() as http:
            for host, refused in (("mcp.example.com", False), ("evil.example.com", True)):
                headers = {"Host": host}
                async with http.get(running.url(), headers=headers) as answer:
                    assert (answer.status == 421) is refused


async def test_servers_see_only_the_environment_that_the_file_gives(tmp_path: Path) -> None:
    given = [{"name": "GIVEN", "value": "yes"}]
    group = group_document(source={"stdio": {"command": SERVER, "env": given}})
    gateway = gateway_document(routes=[route("/mcp", "tickets")])
    secret = {"MOORAGE_TEST_SECRET": "do-not-inherit"}
    async with up(write(tmp_path / "a.yaml", gateway, group), environment=secret) as running:
        session = await RawSession.opened(running.url())
        seen = json.loads(await session.call("environment"))
    assert seen["GIVEN"] == "yes"
    assert "MOORAGE_TEST_SECRET" not in seen
