"""Pipes are awaited where the user asks for one, and nowhere else; every signal is heard."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from fakes.child_process import running
from fakes.cr_documents import gateway_document, group_document
from fakes.cr_files import write
from fakes.moorage_command import up


def documents(file: Path) -> Path:
    endpoints = [{"url": "http://127.0.0.1:1/mcp"}]
    group = group_document(source={"external": {"endpoints": endpoints}})
    return write(file, gateway_document(), group)


async def test_a_pipe_in_a_watched_files_place_is_told_and_hinders_no_stop(tmp_path: Path) -> None:
    file = documents(tmp_path / "a.yaml")
    async with up(file) as serving:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "pipe").replace(file)
        await serving.says(f"{file}: is no regular file; put one there", 5)
        documents(tmp_path / "draft").replace(file)
        await serving.says("in force: 1 gateway and 1 group from 1 file", 5)
        os.mkfifo(tmp_path / "again")
        (tmp_path / "again").replace(file)
        await asyncio.sleep(1)
        serving.child.process.send_signal(signal.SIGTERM)
        assert await serving.child.wait(5) == 0


async def test_a_named_pipe_is_served_as_it_was_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = documents(tmp_path / "a.yaml").read_text()
    writing = asyncio.create_task(asyncio.to_thread(pipe.write_text, text))
    async with up(pipe) as serving:
        await writing
        await asyncio.sleep(1)
        assert "in force" not in serving.output()
        assert "change is refused" not in serving.output()


@pytest.mark.parametrize("command", ["check", "up"])
async def test_ctrl_c_ends_the_wait_for_a_writer(tmp_path: Path, command: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = (sys.executable, "-m", "moorage_local", command, pipe)
    async with running("moorage", arguments) as child:
        # Nothing tells when it waits; before that, Python itself ends it.
        await asyncio.sleep(8)
        child.require_running()
        child.process.send_signal(signal.SIGINT)
        assert await child.wait(5) == 130
        assert child.output() == ""
