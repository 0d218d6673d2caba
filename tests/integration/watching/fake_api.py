"""A small API server of our own, over real HTTP: pages, watches, and the faults of both."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "token-1"
Document = dict[str, Any]


@dataclass
class Change:
    path: str
    version: int
    type: str
    document: Document


@dataclass
class FakeApi:
    """Objects by collection path and name; every change gets the next version."""

    port: int = 0
    version: int = 100
    token: str = TOKEN
    oldest: int = 0
    """Watches from before this version get 410."""
    page_items: int = 2
    silent: bool = False
    """Watches are accepted and say nothing."""
    refusing: int = 0
    """The HTTP status of every answer, if set."""
    forbidden: str = ""
    """A collection path that nobody may list or watch, if set."""
    raw_lines: bytes = b""
    """Sent at the beginning of every watch."""
    ends_at_once: bool = False
    list_pause_seconds: float = 0.0
    secret_pause_seconds: float = 0.0
    secrets_refusing: int = 0
    """The HTTP status of every Secret that is read, if set."""
    objects: dict[str, dict[str, Document]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    history: list[Change] = field(default_factory=list)
    open_watches: set[asyncio.Task[Any]] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def secrets_read(self) -> int:
        return sum("/secrets" in path for path, _ in self.requests)

    @property
    def lists(self) -> int:
        return sum("watch" not in query for _, query in self.requests)

    @property
    def watches(self) -> list[dict[str, str]]:
        return [query for _, query in self.requests if "watch" in query]

    def put(self, path: str, document: Document) -> None:
        """Add or change an object."""
        name = document["metadata"]["name"]
        of_path = self.objects.setdefault(path, {})
        self._change(path, "MODIFIED" if name in of_path else "ADDED", document)
        of_path[name] = self.history[-1].document

    def delete(self, path: str, name: str) -> None:
        """Take an object away."""
        self._change(path, "DELETED", self.objects[path].pop(name))

    def bookmark(self, path: str) -> None:
        """Tell watches the newest version."""
        self._change(path, "BOOKMARK", {"metadata": {}})

    def _change(self, path: str, kind: str, document: Document) -> None:
        self.version += 1
        changed = deepcopy(document)
        changed["metadata"]["resourceVersion"] = str(self.version)
        self.history.append(Change(path, self.version, kind, changed))
        self._wake()

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def forget_history(self) -> None:
        """As after a compaction: what was before cannot be watched any more."""
        self.oldest = self.version
        self.history.clear()
        self.cut_watches()

    def cut_watches(self) -> None:
        """End every watch by closing its connection."""
        for task in tuple(self.open_watches):
            task.cancel()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, dict(request.query)))
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        if self.refusing:
            return web.Response(status=self.refusing, text="{}")
        if request.path == self.forbidden:
            return web.Response(status=403, text="{}")
        if "/secrets" in request.path:
            return await self._secret(request)
        if "watch" in request.query:
            return await self._watch(request)
        await asyncio.sleep(self.list_pause_seconds)
        return self._list(request)

    async def _secret(self, request: web.Request) -> web.Response:
        """By name and by get alone: a gateway has no other right."""
        if self.secrets_refusing:
            return web.Response(status=self.secrets_refusing, text="{}")
        collection, _, name = request.path.rpartition("/")
        if request.query or not collection.endswith("/secrets"):
            return web.Response(status=403, text="{}")
        document = self.objects.get(collection, {}).get(name)
        await asyncio.sleep(self.secret_pause_seconds)
        return web.json_response(document, status=200 if document else 404)

    def _list(self, request: web.Request) -> web.Response:
        documents = list(self.objects.get(request.path, {}).values())
        start = int(request.query.get("continue", 0))
        end = start + self.page_items
        metadata = {"resourceVersion": str(self.version)}
        if end < len(documents):
            metadata["continue"] = str(end)
        return web.json_response({"metadata": metadata, "items": documents[start:end]})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        since = int(request.query["resourceVersion"])
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self.open_watches.add(task)
        try:
            await self._stream(request.path, since, answer)
        finally:
            self.open_watches.discard(task)
        return answer

    async def _stream(self, path: str, since: int, answer: web.StreamResponse) -> None:
        if since < self.oldest:
            status = {"kind": "Status", "code": 410, "message": "too old"}
            await answer.write(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
            return
        if self.raw_lines:
            await answer.write(self.raw_lines)
        while not self.ends_at_once:
            changed = self.changed
            for change in [each for each in self.history if each.version > since]:
                since = change.version
                if change.path == path and not self.silent:
                    event = {"type": change.type, "object": change.document}
                    await answer.write(json.dumps(event).encode() + b"\n")
            await changed.wait()

    async def start(self) -> None:
        """Listen; on the port of the last time if there was one."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        self.runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        """Nobody is there any more."""
        self.cut_watches()
        if self.runner is not None:
            await self.runner.cleanup()


@asynccontextmanager
async def fake_api() -> AsyncIterator[FakeApi]:
    """One that serves at ``url``."""
    api = FakeApi()
    await api.start()
    try:
        yield api
    finally:
        await api.stop()
