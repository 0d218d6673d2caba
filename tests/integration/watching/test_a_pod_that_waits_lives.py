"""A pod that cannot serve yet answers its probes: alive, not ready, and what it waits for."""

import asyncio
import json
import signal
import time
from pathlib import Path

from fakes.child_process import ServerProcess
from fakes.raw_http import message, post
from integration.listening.certificates import Authority, MountedSecret
from integration.listening.tls_gateway import secured
from integration.watching import pod as pods
from integration.watching.fake_api import FakeApi
from integration.watching.pod_process import admin_page, pod_process

START_SECONDS = 20.0


async def until_answers(process: ServerProcess, wanted: int) -> str:
    """The readiness page, once it has this status."""
    deadline = time.monotonic() + START_SECONDS
    while (answer := await admin_page(process, "/readyz"))[0] != wanted:
        process.child.require_running()
        assert time.monotonic() < deadline, (answer, process.child.output())
        await asyncio.sleep(0.02)
    return answer[1]


async def until_it_waits_for(process: ServerProcess, words: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while words not in (told := await until_answers(process, 503)):
        assert time.monotonic() < deadline, told
        await asyncio.sleep(0.02)
    assert json.loads(told)["ready"] is False
    assert (await admin_page(process, "/healthz"))[0] == 200
    assert words in (await admin_page(process, "/status"))[1]
    assert (await admin_page(process, "/metrics"))[0] == 200


async def test_it_waits_for_its_table_and_keys_and_then_serves(
    api: FakeApi, tmp_path: Path
) -> None:
    async with pod_process(api.url, pods.files_in(tmp_path)) as process:
        await until_it_waits_for(process, "route table")
        assert "the ConfigMap is not there" in await until_answers(process, 503)
        pods.publish(api, pods.packed(pods.table_of()))
        await until_it_waits_for(process, "its keys: the Secret is not there")
        pods.put_ring(api, pods.OLD)
        assert json.loads(await until_answers(process, 200))["ready"] is True


async def test_it_waits_for_its_first_certificate_and_then_speaks_tls(
    api: FakeApi, tmp_path: Path
) -> None:
    files = pods.files_in(tmp_path)
    files.tls.mkdir()
    pods.publish(api, pods.packed(pods.table_of()))
    pods.put_ring(api, pods.OLD)
    authority = Authority()
    async with pod_process(api.url, files) as process:
        await until_it_waits_for(process, "its TLS certificate: tls.crt")
        MountedSecret(files.tls).take(authority.leaf())
        await until_answers(process, 200)
        async with secured(process.port, authority.client_context()) as client:
            await client.send(post(message("ping", 1), path="/none"))
            assert (await client.answer()).status == 404


async def test_it_ends_at_once_while_it_waits(api: FakeApi, tmp_path: Path) -> None:
    async with pod_process(api.url, pods.files_in(tmp_path)) as process:
        await until_it_waits_for(process, "route table")
        process.child.process.send_signal(signal.SIGTERM)
        assert await process.child.wait(3.0) == 0
