"""Follows one collection of the API server: list, then watch, for ever.

What was seen last stays in force whatever happens to the API server. A version that expired (410)
is followed by a list that replaces the whole set, so that deletions which were missed are seen.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from moorage_gateway.watching.api_answers import body_of, defect_of, require_ok, words_of
from moorage_gateway.watching.api_server import ApiServer
from moorage_gateway.watching.backoff import Backoff
from moorage_gateway.watching.resources import Followed
from moorage_gateway.watching.watch_events import (
    LineSplitter,
    NotPermitted,
    VersionExpired,
    WatchBroken,
    WatchEvent,
    read_event,
    read_page,
)
from moorage_gateway.watching.watch_log import WatchLog

MIB = 1024 * 1024
MAX_LINE_BYTES = 4 * MIB
"""A ConfigMap ends at 1 MiB; in base64, with its managed fields, it is below two."""
MAX_PAGE_BYTES = 32 * MIB
MAX_OBJECTS = 20_000
LIST_SECONDS = 30.0
WATCH_SECONDS = 300
SILENT_SECONDS = 90.0
"""Bookmarks come about once a minute: a watch that is silent for longer is dead."""
SHORT_SECONDS = 1.0
"""A watch that ends sooner and said nothing counts as a failure: it is not asked endlessly."""
TOLD_EVERY = 20
"""Of failures in a row, the first is told, and every so many-th."""

Documents = Mapping[str, dict[str, Any]]
_log = logging.getLogger(__name__)


class Follower:
    """``changed`` gets all objects by name after each change, and after each list."""

    def __init__(
        self,
        api: ApiServer,
        followed: Followed,
        changed: Callable[[Documents], None],
        jitter: Callable[[], float],
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._api = api
        self._followed = followed
        self._changed = changed
        self._jitter = jitter
        self._silent_seconds = silent_seconds
        self._loop = asyncio.get_running_loop()
        self._documents: dict[str, dict[str, Any]] = {}
        self._version = ""
        """The newest version we have; empty: list."""
        self._backoff = Backoff()
        self.log = WatchLog(followed.kind, followed.namespace, self._loop.time())

    async def run(self) -> None:
        """Runs until cancelled: nothing that the API server does ends it, and no defect of ours."""
        while True:
            try:
                await self._go_on()
            except VersionExpired:
                self._version = ""
                self._backoff = self._backoff.failed()
            except Exception as error:
                if defect_of(error):
                    self._version = ""  # what came last may not have been taken: hear it again
                self._failed(error)
            await asyncio.sleep(self._backoff.seconds(self._jitter()))

    async def _go_on(self) -> None:
        if not self._version:
            await self._list()
        await self._watch()

    async def _list(self) -> None:
        documents: dict[str, dict[str, Any]] = {}
        next_page = ""
        while True:
            async with asyncio.timeout(LIST_SECONDS):
                page = read_page(await self._body(self._followed.list_target(next_page)))
            documents |= page.documents
            if len(documents) > MAX_OBJECTS:
                raise WatchBroken(f"there are more than {MAX_OBJECTS} objects to follow")
            next_page = page.next_page
            if not next_page:
                break
        self._documents, self._version = documents, page.version
        self.log.relists += 1
        self._heard()
        self._changed(self._documents)

    async def _body(self, target: str) -> bytes:
        return await body_of(await self._api.get(target), MAX_PAGE_BYTES)

    async def _watch(self) -> None:
        """One watch, until the API server ends it; the next goes on from the newest version."""
        began, before = self._loop.time(), self._version
        # Each ends at another time, or else all gateways would ask again together.
        timeout_seconds = int(WATCH_SECONDS * (0.75 + 0.5 * self._jitter()))
        async with asyncio.timeout(self._silent_seconds):
            answer = await self._api.get(
                self._followed.watch_target(self._version, timeout_seconds)
            )
        async with answer:
            require_ok(answer)
            self._heard()
            lines = LineSplitter(MAX_LINE_BYTES)
            while chunk := await self._next(answer):
                for line in lines.feed(chunk):
                    self._take(read_event(line))
                self._heard()
        if before == self._version and self._loop.time() - began < SHORT_SECONDS:
            raise WatchBroken("the watch ended at once")

    async def _next(self, answer: aiohttp.ClientResponse) -> bytes:
        async with asyncio.timeout(self._silent_seconds):
            return await answer.content.readany()

    def _take(self, event: WatchEvent) -> None:
        self._version = event.version or self._version
        self._backoff = Backoff()
        if event.document is None:
            return
        if event.type == "DELETED":
            self._documents.pop(event.name, None)
        elif event.name in self._documents or len(self._documents) < MAX_OBJECTS:
            self._documents[event.name] = event.document
        self._changed(self._documents)

    def _heard(self) -> None:
        if self.log.why:
            _log.info("the API server is heard", extra={"facts": self._facts()})
        self.log.heard(self._loop.time())

    def _failed(self, error: Exception) -> None:
        why, refused = words_of(error, self._silent_seconds), isinstance(error, NotPermitted)
        self.log.failed(why, self._loop.time(), refused=refused)
        if self._backoff.failures % TOLD_EVERY == 0:
            facts = {**self._facts(), "why": self.log.why, "failures": self._backoff.failures + 1}
            _log.warning(
                "the API server cannot be followed; going on",
                extra={"facts": facts},
                exc_info=defect_of(error),
            )
        self._backoff = self._backoff.failed()

    def _facts(self) -> dict[str, object]:
        return {"kind": self._followed.kind, "namespace": self._followed.namespace}
