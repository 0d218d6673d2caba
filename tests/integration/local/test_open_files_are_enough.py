"""The usual soft limit of open files bounds nothing; a low hard one is told with its remedy."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from fakes.child_process import running
from fakes.cr_documents import gateway_document, group_document
from fakes.cr_files import write
from fakes.moorage_command import Up

NOTE = "files and sockets may be open at a time"
LISTEN = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")


@asynccontextmanager
async def up_within(limits: str, file: Path) -> AsyncIterator[Up]:
    """`moorage up` in a shell that has set limits first."""
    moorage = (sys.executable, "-m", "moorage_local", "up", file, *LISTEN)
    command = ("sh", "-c", f'{limits} && exec "$@"', "sh", *moorage)
    async with running("moorage up", command) as child:
        serving = Up(child, "", "")
        said = await serving.says("for a client", 20)
        admin = re.search(r"metrics and health on (\S+)", said)
        clients = re.search(r"(?m)^  (http://[^/]+)/", said)
        assert admin is not None and clients is not None
        yield Up(child, clients[1], admin[1])


def served(folder: Path) -> Path:
    source = {"stdio": {"command": ["never-started"]}}
    return write(folder / "a.yaml", gateway_document(), group_document(source=source))


async def test_more_clients_than_the_soft_limit_are_served(tmp_path: Path) -> None:
    async with up_within("ulimit -Sn 64", served(tmp_path)) as serving:
        port = int(serving.base_url.rpartition(":")[2])
        clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(150)]
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as http,
            http.get(f"{serving.admin_url}/healthz") as answer,
        ):
            assert answer.status == 200
        for _, writer in clients:
            writer.close()
        assert NOTE not in serving.output()


async def test_a_low_hard_limit_is_told(tmp_path: Path) -> None:
    async with up_within("ulimit -n 2000", served(tmp_path)) as serving:
        said = await serving.says(NOTE, 5)
    assert (
        "note: only 2000 files and sockets may be open at a time, and a session takes two or more; "
        "raise the hard limit (ulimit -Hn, or LimitNOFILE of a systemd unit) and start moorage anew"
    ) in said
