"""A good change is in force within a second and drops no session; a bad one changes nothing."""

import asyncio
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.child_process import TESTS_ROOT, serving
from fakes.cr_documents import Document, gateway_document, group_document, route
from fakes.cr_files import write
from fakes.moorage_command import up
from fakes.raw_session import RawSession, SessionLost

SERVER = [sys.executable, str(TESTS_ROOT / "fakes" / "stdio_servers" / "keeping_server.py")]
IN_FORCE_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
"""For what has no bound of its own."""


def gateway(*names: str) -> Document:
    return gateway_document(routes=[route(f"/{name}", name) for name in names])


def stdio(name: str, **env: str) -> Document:
    variables = [{"name": variable, "value": value} for variable, value in env.items()]
    return group_document(name, source={"stdio": {"command": SERVER, "env": variables}})


def urls(name: str, *endpoints: str) -> Document:
    named = [{"url": url} for url in endpoints]
    return group_document(name, source={"external": {"endpoints": named}})


def replace(file: Path, *documents: Document) -> None:
    """As editors do: the old file is whole until the new one stands in its place."""
    write(file.with_suffix(".draft"), *documents).replace(file)


async def opened_within(seconds: float, url: str) -> RawSession:
    """Try until a session can be opened."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await RawSession.opened(url)
            except SessionLost:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("save", [replace, write])
async def test_a_new_route_is_served_within_a_second_and_sessions_go_on(
    tmp_path: Path, save: Callable[..., object]
) -> None:
    file = write(tmp_path / "a.yaml", gateway("one"), stdio("one"))
    async with up(file) as running:
        session = await RawSession.opened(running.url("/one"))
        assert await session.call("mark", text="a") == "a"
        save(file, gateway("one", "two"), stdio("one"), stdio("two"))
        new = await opened_within(IN_FORCE_SECONDS, running.url("/two"))
        assert await new.call("mark", text="x") == "x"
        assert await session.call("mark", text="b") == "a b"
        await running.says("in force: 1 gateway and 2 groups from 1 file", PATIENCE_SECONDS)


async def test_endpoints_come_and_go_around_a_living_session(tmp_path: Path) -> None:
    async with serving("fakes.stateful_server") as one, serving("fakes.stateful_server") as two:
        file = write(tmp_path / "a.yaml", gateway("t"), urls("t", one.url()))
        async with up(file) as running:
            session = await RawSession.opened(running.url("/t"))
            assert await count(session) == 1
            replace(file, gateway("t"), urls("t", two.url(), one.url()))
            await running.says("in force", PATIENCE_SECONDS)
            assert await count(session) == 2


async def count(session: RawSession) -> int:
    return int(json.loads(await session.call("advance", owner="me", nonce="n"))["count"])


async def test_a_bad_change_is_told_and_the_last_good_one_serves_on(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway("one"), stdio("one"))
    async with up(file) as running:
        session = await RawSession.opened(running.url("/one"))
        assert await session.call("mark", text="a") == "a"
        replace(file, gateway("one", "onne"), stdio("one"))
        said = await running.says("did you mean", PATIENCE_SECONDS)
        (line,) = [line for line in said.splitlines() if "did you mean" in line]
        told = json.loads(line)
        assert told["level"] == "WARNING"
        assert told["message"] == (
            f'{file}:1: spec.routes[1].upstream.name: no McpUpstreamGroup "onne" '
            'in these files; did you mean "one"?'
        )
        assert told["finding"] == {
            "file": str(file),
            "line": 1,
            "field": "spec.routes[1].upstream.name",
            "remedy": 'did you mean "one"?',
        }
        assert await session.call("mark", text="b") == "a b"
        other = await RawSession.opened(running.url("/one"))
        assert await other.call("mark", text="x") == "x"

        replace(file, gateway("one", "two"), stdio("one"), stdio("two"))
        await running.says("in force", PATIENCE_SECONDS)
        assert await session.call("mark", text="c") == "a b c"


@pytest.mark.parametrize("text", ["", "kind: [", "\x00", "a: b: c"])
async def test_a_file_that_is_no_configuration_changes_nothing(tmp_path: Path, text: str) -> None:
    file = write(tmp_path / "a.yaml", gateway("one"), stdio("one"))
    async with up(file) as running:
        file.write_text(text)
        await running.says("the change is refused", PATIENCE_SECONDS)
        session = await RawSession.opened(running.url("/one"))
        assert await session.call("mark", text="a") == "a"


async def test_files_that_vanish_change_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway("one"), stdio("one"))
    async with up(file) as running:
        file.unlink()
        await running.says("no such file", PATIENCE_SECONDS)
        session = await RawSession.opened(running.url("/one"))
        assert await session.call("mark", text="a") == "a"


async def test_files_that_appear_in_a_folder_count(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    write(folder / "a.yaml", gateway("one"), stdio("one"))
    async with up(folder) as running:
        write(folder / "b.yaml", stdio("two"))
        await running.says("no route leads to McpUpstreamGroup two", PATIENCE_SECONDS)


async def test_only_servers_whose_start_changed_are_started_anew(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway("one", "two"), stdio("one"), stdio("two"))
    async with up(file) as running:
        one = await RawSession.opened(running.url("/one"))
        two = await RawSession.opened(running.url("/two"))
        assert await one.call("mark", text="a") == await two.call("mark", text="a") == "a"
        replaced = int(await two.call("process_id"))
        replace(file, gateway("one", "two"), stdio("one"), stdio("two", CHANGED="yes"))
        await running.says("in force", PATIENCE_SECONDS)
        assert await one.call("mark", text="b") == "a b"
        with pytest.raises(SessionLost):
            await two.call("mark", text="b")
        new = await RawSession.opened(running.url("/two"))
        assert json.loads(await new.call("environment"))["CHANGED"] == "yes"
        await gone(replaced)


async def gone(pid: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in itertools.takewhile(_is_running, itertools.repeat(pid)):
            await asyncio.sleep(0.02)


def _is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_calls_of_a_replaced_server_end(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway("one"), stdio("one"))
    async with up(file) as running:
        session = await RawSession.opened(running.url("/one"))
        call = asyncio.create_task(session.call("wait", seconds="2"))
        await asyncio.sleep(0.2)
        replace(file, gateway("one"), stdio("one", CHANGED="yes"))
        await running.says("in force", PATIENCE_SECONDS)
        assert not call.done()
        assert await call == "waited"


async def test_another_gateway_needs_another_process(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway("one"), stdio("one"))
    async with up(file) as running:
        session = await RawSession.opened(running.url("/one"))
        assert await session.call("mark", text="a") == "a"
        renamed = gateway("one")
        renamed["metadata"]["name"] = "others"
        replace(file, renamed, stdio("one"))
        await running.says("start moorage anew for another", PATIENCE_SECONDS)
        assert await session.call("mark", text="b") == "a b"


async def test_a_changed_port_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway("one"), stdio("one"))
    async with up(file) as running:
        moved = gateway("one")
        moved["spec"]["listener"] = {"port": 9999}
        replace(file, moved, stdio("one"))
        await running.says("spec.listener.port is 9999 now; start moorage anew", PATIENCE_SECONDS)
