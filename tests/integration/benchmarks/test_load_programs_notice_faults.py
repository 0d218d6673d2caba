"""The benchmarks' C clients against a proxy that misbehaves: each fault must show in the figures.

Without this, "no event was lost" could also mean that nobody looked.
"""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from benchmarks.rig.load import load
from benchmarks.rig.stub import stub

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="builds C programs: needs cc")
DATA_BYTES = 150


def _data(seq: int) -> str:
    head = (
        '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":'
        f'{{"seq":{seq:012},"sent_ns":{time.monotonic_ns():018},"pad":"'
    )
    return head.ljust(DATA_BYTES - 4, "x") + '"}}}'


def _event(*numbers: int) -> str:
    return "event: message\n" + "".join(f"data: {_data(each)}\n" for each in numbers) + "\n"


class _FaultyProxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stream = ""
        self.may_write = threading.Event()
        self.answered_id: int | None = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _FaultyProxy

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "id" not in message:
            self._answer(202, b"")
            return
        identifier = message["id"]
        if message["method"] == "tools/call" and self.server.answered_id is not None:
            identifier = self.server.answered_id
        body = json.dumps({"jsonrpc": "2.0", "id": identifier, "result": {}}, separators=(",", ":"))
        self._answer(200, body.encode())

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.server.may_write.wait(10)
        text = self.server.stream.encode()
        for piece in (text[:70], text[70:71], text[71:]):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        threading.Event().wait(5)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("mcp-session-id", "one")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def _proxy() -> Iterator[_FaultyProxy]:
    with _FaultyProxy() as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy
        proxy.shutdown()


def _figures_of(stream: str, *, counted: int) -> dict[str, Any]:
    with (
        _proxy() as proxy,
        load("streams", port=proxy.server_port, events=counted, data_bytes=DATA_BYTES) as streams,
    ):
        proxy.stream = stream
        streams.go()
        proxy.may_write.set()
        seen = streams.figures()
        return {name: seen[name] for name in ("events", "lost", "repeated", "altered")}


def test_whole_events_in_turn_are_counted_also_across_chunks_and_comments() -> None:
    stream = ": keep-alive\n\n" + "id: 1\ndata: \n\n" + _event(0) + _event(1) + _event(2)
    seen = _figures_of(stream, counted=3)
    assert seen == {"events": 3, "lost": 0, "repeated": 0, "altered": 0}


def test_a_lost_event_is_noticed() -> None:
    seen = _figures_of(_event(0) + _event(2), counted=3)
    assert seen == {"events": 2, "lost": 1, "repeated": 0, "altered": 0}


def test_reordered_events_are_noticed() -> None:
    seen = _figures_of(_event(1) + _event(0) + _event(2), counted=3)
    assert seen == {"events": 2, "lost": 1, "repeated": 1, "altered": 0}


def test_merged_events_are_noticed() -> None:
    seen = _figures_of(_event(0) + _event(1, 2), counted=2)
    assert seen == {"events": 1, "lost": 0, "repeated": 0, "altered": 1}


def test_a_changed_byte_is_noticed() -> None:
    seen = _figures_of(_event(0) + _event(1).replace("xxx", "xyx", 1), counted=2)
    assert seen == {"events": 1, "lost": 0, "repeated": 0, "altered": 1}


def test_an_answer_with_the_id_of_another_call_is_noticed() -> None:
    with (
        _proxy() as proxy,
        load("calls", port=proxy.server_port, sessions=1, seconds=0.1, warm_up=0) as calls,
    ):
        proxy.answered_id = 7
        calls.go()
        seen = calls.figures()
    assert seen["wrong"] == seen["calls"] > 0


def test_the_stub_refuses_a_session_of_another_of_its_endpoints() -> None:
    with stub(endpoints=2) as upstream:
        first, second = upstream.addresses
        session = _post(first, upstream.port, "initialize").headers["mcp-session-id"]
        assert _post(first, upstream.port, "tools/call", session).status == 200
        assert _post(second, upstream.port, "tools/call", session).status == 404


def _post(address: str, port: int, method: str, session: str | None = None) -> HTTPResponse:
    connection = HTTPConnection(address, port, timeout=5)
    fields = {"mcp-session-id": session} if session else {}
    connection.request("POST", "/mcp", json.dumps({"id": 1, "method": method}), fields)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer
