"""Whatever a client sends in a broken head, no output of the process holds it (threat T10).

The server runs in a process of its own, so that all that it prints is seen.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

CANARY = b"canary-4711-secret"

SERVER = """
import asyncio, signal, sys
from aiohttp import web
from moorage_gateway.reporting.logging_setup import configure_logging

async def handler(request):
    if request.path == "/fails":
        raise ValueError("cannot read " + request.headers["Authorization"])
    if request.path == "/loses-a-task":
        asyncio.get_running_loop().create_task(fail(request.headers["Authorization"]))
    if request.path == "/callback":
        asyncio.get_running_loop().call_soon(fail_now, request.headers["Authorization"])
    return web.Response(text="ok")

async def fail(secret):
    raise ValueError("cannot read " + secret)

def fail_now(secret):
    raise KeyError(secret)

async def main():
    if sys.argv[1] == "configured":
        configure_logging()
    server = web.Server(handler, access_log=None)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()

asyncio.run(main())
"""

BROKEN_HEADS = [
    b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer %s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX\x00Y: %s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nCookie: %s\x01\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nMcp-Session-Id: " + b"%s" + b"a" * 9000 + b"\r\n\r\n",
    b"GET /%s HTTP/9.x\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: %s\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: %s\r\nContent-Length: 1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
    b"%s\r\n\r\n",
    b"\x16\x03\x01%s\r\n\r\n",
    b"GET http://[%s HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n %s\r\n\r\n",
    b"G\xffT /%s HTTP/1.1\r\nHost: x\r\n\r\n",
]
FAILING_PATHS = [b"fails", b"loses-a-task", b"callback"]
FAILING = b"GET /%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n"


async def send(port: int, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    await asyncio.wait_for(reader.read(), 10)
    writer.close()


async def output_of_server(tmp_path: Path, mode: str, rounds: int) -> bytes:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        mode,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    for _ in range(rounds):
        for head in BROKEN_HEADS:
            await send(port, head.replace(b"%s", CANARY))
    for path in FAILING_PATHS:
        await send(port, FAILING % (path, CANARY))
    process.send_signal(signal.SIGTERM)
    output = await asyncio.wait_for(process.stdout.read(), 10)
    assert await process.wait() == 0
    return output


async def test_without_our_logging_the_canary_is_printed(tmp_path: Path) -> None:
    assert CANARY in await output_of_server(tmp_path, "plain", 1)


async def test_with_our_logging_it_is_not_and_the_reasons_are_counted(tmp_path: Path) -> None:
    output = await output_of_server(tmp_path, "configured", 20)
    assert CANARY not in output
    assert b"4711" not in output
    lines = [json.loads(line) for line in output.splitlines()]
    refused = [line for line in lines if line["message"] == "refused malformed requests"]
    left = {line["kind"]: line["count"] for line in lines if line["message"] == "more of the same"}
    assert {line["reason"] for line in refused} >= {"BadHttpMessage", "LineTooLong"}
    assert len(refused) == len({line["reason"] for line in refused})
    assert left["aiohttp.server LineTooLong"] == 19


async def test_a_bug_is_still_told_by_type_and_place(tmp_path: Path) -> None:
    output = await output_of_server(tmp_path, "configured", 0)
    lines = [json.loads(line) for line in output.splitlines()]
    stories = {
        (line["logger"], line["exception"]["type"]): line["exception"]["at"][-1] for line in lines
    }
    assert stories["aiohttp.server", "ValueError"].endswith("handler")
    assert stories["asyncio", "ValueError"].endswith("fail")
    assert stories["asyncio", "KeyError"].endswith("fail_now")
