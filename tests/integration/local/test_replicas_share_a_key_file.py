"""Processes with one key file are replicas of one gateway."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fakes.child_process import TESTS_ROOT, serving
from fakes.cr_documents import gateway_document, group_document, route
from fakes.cr_files import write
from fakes.moorage_command import Up, finished, up
from fakes.raw_session import RawSession, SessionLost

SERVER = [sys.executable, str(TESTS_ROOT / "fakes" / "stdio_servers" / "keeping_server.py")]


def files(folder: Path, source: dict[str, Any]) -> Path:
    gateway = gateway_document(routes=[route("/mcp", "tickets")])
    return write(folder / "a.yaml", gateway, group_document(source=source))


async def count(session: RawSession, gateway: Up) -> int:
    answer = await session.call("advance", at=gateway.url(), owner="a", nonce="n")
    return int(json.loads(answer)["count"])


async def test_each_serves_the_sessions_of_the_other(tmp_path: Path) -> None:
    async with serving("fakes.stateful_server") as one, serving("fakes.stateful_server") as two:
        endpoints = [{"url": one.url()}, {"url": two.url()}]
        file = files(tmp_path, {"external": {"endpoints": endpoints}})
        keys = ("--key-file", tmp_path / "keys")
        async with up(file, *keys) as left, up(file, *keys) as right:
            for first, second in ((left, right), (right, left)):
                session = await RawSession.opened(first.url())
                for number, gateway in enumerate((first, second, first, second), start=1):
                    assert await count(session, gateway) == number


async def test_without_a_key_file_processes_are_strangers(tmp_path: Path) -> None:
    async with serving("fakes.stateful_server") as server:
        file = files(tmp_path, {"external": {"endpoints": [{"url": server.url()}]}})
        async with up(file) as left, up(file) as right:
            session = await RawSession.opened(left.url())
            with pytest.raises(SessionLost):
                await count(session, right)
            assert await count(session, left) == 1


async def test_a_stdio_session_belongs_to_its_process_and_the_welcome_says_so(
    tmp_path: Path,
) -> None:
    file = files(tmp_path, {"stdio": {"command": SERVER}})
    keys = ("--key-file", tmp_path / "keys")
    async with up(file, *keys) as left, up(file, *keys) as right:
        said = "a stdio session belongs to the process that started its server (tickets)"
        await left.says(said, 5)
        session = await RawSession.opened(left.url())
        assert await session.call("mark", text="a") == "a"
        with pytest.raises(SessionLost):
            await session.call("mark", at=right.url(), text="b")
        assert await session.call("mark", text="c") == "a c"


async def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = files(tmp_path, {"stdio": {"command": SERVER}})
    keys = tmp_path / "keys"
    keys.write_text("x")
    keys.chmod(0o644)
    ended = await finished("up", file, "--key-file", keys)
    assert ended.status == 1
    assert ended.stderr == (
        f"--key-file {keys}: others may read or write it (mode 0644); run chmod 600 {keys}, "
        "or make a new one if others may have read it\n"
    )
