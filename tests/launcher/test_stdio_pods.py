"""Stdio servers in users' untouched images, in real pods under restricted pod security.

The images are those of ``tests/e2e/images/stdio-*``; the tests talk to the pods' addresses.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes.kubectl import KubectlFailed, namespace
from integration.sidecar.raw_client import RawSession, initialize_message
from launcher.stdio_pod import KEY, StdioPod, server_image, stdio_pod

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

PYTHON = ["python3", "-u", "/srv/server.py"]
OUTCOME_UNKNOWN = -31001
NOT_REACHED = -31002


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    """A namespace that admits only restricted pods."""
    with namespace("f-stdio", **{"pod-security.kubernetes.io/enforce": "restricted"}) as name:
        yield name


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that shows the group's key."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(headers={"moorage-key": KEY}, timeout=timeout) as session:
        yield session


@pytest.fixture
def pod(place: str) -> Iterator[StdioPod]:
    """The Python server's pod."""
    with stdio_pod(place, server_image("python"), PYTHON) as created:
        yield created


async def text_of(session: RawSession, tool: str, **arguments: Any) -> str:
    """What a tool says."""
    answer = await session.call("tools/call", tool, name=tool, arguments=arguments)
    assert "result" in answer, answer
    text: str = answer["result"]["content"][0]["text"]
    return text


async def error_of(session: RawSession, tool: str, **arguments: Any) -> tuple[int, str]:
    """The code and message of a call that fails."""
    answer = await session.call("tools/call", tool, name=tool, arguments=arguments)
    assert "error" in answer, answer
    return answer["error"]["code"], answer["error"]["message"]


@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("node", ["npx", "--no-install", "stdio-node"]),
        ("go", ["/server"]),
    ],
)
async def test_servers_of_other_languages_answer(
    place: str, http: aiohttp.ClientSession, language: str, command: list[str]
) -> None:
    """The Go image holds nothing but its server: no shell, no libraries."""
    with stdio_pod(place, server_image(language), command) as pod:
        session = await RawSession(http, pod.address).open()
        assert await text_of(session, "echo", text="over a pod") == "over a pod"
        async with session.delete() as deleted:
            assert deleted.status == 200


async def test_a_server_runs_restricted_and_without_a_token(
    pod: StdioPod, http: aiohttp.ClientSession
) -> None:
    session = await RawSession(http, pod.address).open()
    seen = json.loads(await text_of(session, "whoami"))

    assert (seen["uid"], seen["gid"], seen["parent"]) == (65532, 65532, 1)
    assert (seen["home_writable"], seen["tmp_writable"], seen["root_writable"]) == (
        True,
        True,
        False,
    )
    assert seen["token"] is False


async def test_the_server_may_have_another_user_id_than_the_sidecar(
    place: str, http: aiohttp.ClientSession
) -> None:
    context = {"runAsUser": 1000, "runAsGroup": 1000}
    with stdio_pod(place, server_image("python"), PYTHON, securityContext=context) as pod:
        session = await RawSession(http, pod.address).open()
        assert json.loads(await text_of(session, "whoami"))["uid"] == 1000


async def test_strangers_neither_start_a_process_nor_drain_the_pod(pod: StdioPod) -> None:
    async with aiohttp.ClientSession() as stranger:
        async with stranger.post(pod.address + "/mcp", json=initialize_message()) as refused:
            assert refused.status == 401
        health = pod.address.replace("8081", "9091")
        async with stranger.get(health + "/drain") as refused:
            assert refused.status == 403
        async with stranger.get(health + "/readyz") as ready:
            assert ready.status == 200
    assert "server process started" not in pod.log("sidecar")


async def test_a_missing_program_is_told_to_the_caller(
    place: str, http: aiohttp.ClientSession
) -> None:
    with stdio_pod(place, server_image("go"), ["notes-mcp"]) as pod:
        async with http.post(pod.address + "/mcp", json=initialize_message()) as answer:
            error = (await answer.json())["error"]
        assert error["code"] == NOT_REACHED
        assert '"notes-mcp": executable file not found in $PATH' in error["message"]
        assert "not started" in pod.log("server")


async def test_a_running_call_ends_when_its_pod_is_deleted(
    pod: StdioPod, http: aiohttp.ClientSession
) -> None:
    session = await RawSession(http, pod.address).open()
    running = asyncio.create_task(text_of(session, "wait", seconds=8))
    await asyncio.sleep(1)

    pod.delete()
    deleted_at = time.monotonic()
    await refusal_of_new_sessions(http, pod)
    assert not running.done()
    assert await running == "waited"
    await gone(pod)
    assert time.monotonic() - deleted_at < 20


async def test_an_idle_pod_is_gone_at_once(pod: StdioPod, http: aiohttp.ClientSession) -> None:
    await RawSession(http, pod.address).open()
    pod.delete()
    deleted_at = time.monotonic()
    await gone(pod)
    assert time.monotonic() - deleted_at < 6


async def test_a_crash_is_one_callers_error_and_its_last_words_are_in_the_log(
    pod: StdioPod, http: aiohttp.ClientSession
) -> None:
    first = await RawSession(http, pod.address).open()
    other = await RawSession(http, pod.address).open()

    code, message = await error_of(first, "crash", code=7)

    assert code == OUTCOME_UNKNOWN
    assert "exit code 7" in message
    assert "] crashing as asked" in pod.log("server")
    assert await text_of(other, "wait", seconds=0) == "waited"
    assert pod.restarts("server") == 0


async def test_a_server_that_is_killed_is_told_as_such(
    pod: StdioPod, http: aiohttp.ClientSession
) -> None:
    session = await RawSession(http, pod.address).open()
    pid = json.loads(await text_of(session, "whoami"))["pid"]
    hanging = asyncio.create_task(error_of(session, "hang"))
    await asyncio.sleep(0.5)

    pod.run("server", "sh", "-c", f"kill -9 {pid}")

    code, message = await hanging
    assert code == OUTCOME_UNKNOWN
    assert "signal SIGKILL" in message


async def test_lack_of_memory_is_named(place: str, http: aiohttp.ClientSession) -> None:
    """With cgroup v1 the kernel ends the server alone, with v2 the whole container."""
    limits = {"limits": {"memory": "96Mi"}}
    with stdio_pod(place, server_image("python"), PYTHON, resources=limits) as pod:
        session = await RawSession(http, pod.address).open()
        code, message = await error_of(session, "eat")
        assert code == OUTCOME_UNKNOWN
        assert "for lack of memory" in message


async def test_orphans_are_waited_for(pod: StdioPod, http: aiohttp.ClientSession) -> None:
    session = await RawSession(http, pod.address).open()
    assert await text_of(session, "leave") == "left"
    await asyncio.sleep(2)
    assert zombies(pod) == []


async def test_a_killed_sidecar_leaves_no_server_and_comes_back(
    pod: StdioPod, http: aiohttp.ClientSession
) -> None:
    session = await RawSession(http, pod.address).open()
    hanging = asyncio.create_task(session.call("tools/call", 1, name="hang", arguments={}))
    await asyncio.sleep(0.5)

    kill_sidecar(pod)

    with pytest.raises(aiohttp.ClientError):
        await hanging
    await asyncio.sleep(6)  # 2 s to SIGTERM, 2 s to SIGKILL, and the restart
    assert server_processes(pod) == []
    assert (pod.restarts("sidecar"), pod.restarts("server")) == (1, 0)
    fresh = await RawSession(http, pod.address).open()
    assert await text_of(fresh, "wait", seconds=0) == "waited"


async def refusal_of_new_sessions(http: aiohttp.ClientSession, pod: StdioPod) -> None:
    """The kubelet needs a moment to hear of a deletion; then nothing new is taken."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        async with http.post(pod.address + "/mcp", json=initialize_message()) as answer:
            if answer.status == 503:
                assert answer.headers["Retry-After"] == "1"
                return
        await asyncio.sleep(0.2)
    raise AssertionError("the pod still takes new sessions")


def kill_sidecar(pod: StdioPod) -> None:
    """By its number on this machine: inside its container a process 1 cannot be killed."""
    uid = pod.read()["metadata"]["uid"]
    found = [pid for pid in Path("/proc").glob("[0-9]*") if is_sidecar(pid, uid)]
    if not found:
        pytest.skip("the node's processes are not to be seen from here")
    for pid in found:
        os.kill(int(pid.name), signal.SIGKILL)


def is_sidecar(process: Path, pod_uid: str) -> bool:
    """Whether a process of this machine is the sidecar of a pod."""
    try:
        command = (process / "cmdline").read_bytes()
        groups = (process / "cgroup").read_text().replace("_", "-")
    except OSError:
        return False
    return b"moorage_sidecar" in command and pod_uid in groups


def processes(pod: StdioPod) -> list[list[str]]:
    """State and command of each process in the server's container."""
    script = "for f in /proc/[0-9]*/stat; do cat $f; done 2>/dev/null; true"
    lines = pod.run("server", "sh", "-c", script).splitlines()
    return [[line.rpartition(")")[2].split()[0], line.partition("(")[2]] for line in lines]


def zombies(pod: StdioPod) -> list[list[str]]:
    return [one for one in processes(pod) if one[0] == "Z"]


def server_processes(pod: StdioPod) -> list[list[str]]:
    return [one for one in processes(pod) if one[1].startswith("python")]


async def gone(pod: StdioPod) -> None:
    """Wait until the pod is no more."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            pod.read()
        except KubectlFailed:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the pod is still there")
