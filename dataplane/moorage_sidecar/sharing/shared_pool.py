"""The shared servers of one bridge: one process for each principal, started once, reaped idle."""

import asyncio
import hashlib
import time
from typing import Final

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.processes.process_log import ProcessLog
from moorage_sidecar.refusals import (
    DidNotStart,
    OutcomeUnknown,
    Refusal,
    Stopping,
    TooMany,
    UnsupportedVersion,
)
from moorage_sidecar.sharing.era_probe import open_modern
from moorage_sidecar.sharing.shared_server import SharedServer
from moorage_sidecar.stdio_server import BridgedServer

RETRY_SECONDS: Final = 5
TICK_SECONDS: Final = 0.25
FAILURE_REMEMBERED_SECONDS: Final = 1.0
"""Callers that come right after a failed start get its error instead of another process."""
VERDICT_REMEMBERED_SECONDS: Final = 60.0


class SharedPool:
    """Shared servers by principal. A server counts until the last of its process is gone."""

    def __init__(self, name: str, server: BridgedServer, limits: BridgeLimits) -> None:
        self._name = name
        self._server = server
        self._limits = limits
        self._opening: dict[bytes, asyncio.Task[SharedServer]] = {}
        self._servers: dict[bytes, SharedServer] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._reaping: asyncio.Task[None] | None = None
        self._failure: tuple[float, Refusal] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to look after the servers."""
        self._reaping = asyncio.create_task(self._reap_for_ever())

    @property
    def processes(self) -> int:
        return len(self._opening) + len(self._servers) + len(self._ending)

    @property
    def calls(self) -> int:
        return sum(len(shared.calls) for shared in self._servers.values())

    async def get(self, principal: bytes) -> SharedServer:
        """The principal's server, started if need be.

        Raises ``DidNotStart``, ``UnsupportedVersion``, ``TooMany`` or ``Stopping``.
        """
        if shared := self._servers.get(principal):
            return shared
        opening = self._opening.get(principal) or self._open(principal)
        return await asyncio.shield(opening)

    def refuse_new(self) -> None:
        """From now on no process is started, and no subscription goes on."""
        self._stopping = True
        for shared in self._servers.values():
            shared.end_subscriptions()

    async def stop(self) -> None:
        """End every server; returns when no process is left."""
        self.refuse_new()
        if self._reaping is not None:
            self._reaping.cancel()
        for task in list(self._opening.values()):
            task.cancel()
        for shared in list(self._servers.values()):
            shared.close(OutcomeUnknown("the bridge stopped"))
        while waiting := {*self._opening.values(), *self._ending}:
            await asyncio.wait(waiting)

    # ---- starting --------------------------------------------------------------------------

    def _open(self, principal: bytes) -> "asyncio.Task[SharedServer]":
        self._check_may_start()
        task = asyncio.create_task(self._start(principal))
        self._opening[principal] = task
        task.add_done_callback(lambda done: self._opened(principal, done))
        return task

    def _check_may_start(self) -> None:
        if self._stopping:
            raise Stopping
        if self._failure is not None and time.monotonic() < self._failure[0]:
            raise self._failure[1].with_traceback(None)
        if self.processes >= self._limits.max_principals:
            raise TooMany("principals", self._limits.max_principals, RETRY_SECONDS)

    async def _start(self, principal: bytes) -> SharedServer:
        label: dict[str, object] = {"bridge": self._name, "principal": _hash(principal)}
        shared = SharedServer(self._server, self._limits, ProcessLog(label))
        try:
            await shared.start()
            await open_modern(shared, self._limits.start_seconds)
        except BaseException as error:
            self._remember(error)
            shared.close(error if isinstance(error, Refusal) else Stopping())
            self._take_down(shared)
            raise
        self._servers[principal] = shared
        shared.on_close = lambda: self._forget(principal, shared)
        return shared

    def _opened(self, principal: bytes, task: "asyncio.Task[SharedServer]") -> None:
        del self._opening[principal]
        if not task.cancelled():
            task.exception()

    def _remember(self, error: BaseException) -> None:
        if isinstance(error, UnsupportedVersion) and error.is_spoken:
            self._failure = (time.monotonic() + VERDICT_REMEMBERED_SECONDS, error)
        elif isinstance(error, DidNotStart):
            self._failure = (time.monotonic() + FAILURE_REMEMBERED_SECONDS, error)

    # ---- ending ----------------------------------------------------------------------------

    def _forget(self, principal: bytes, shared: SharedServer) -> None:
        if self._servers.get(principal) is shared:
            del self._servers[principal]
            self._take_down(shared)

    def _take_down(self, shared: SharedServer) -> None:
        task = asyncio.create_task(shared.finish())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _reap_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._look_after(time.monotonic())

    def _look_after(self, now: float) -> None:
        for shared in list(self._servers.values()):
            shared.answer_overdue_calls(now)
            is_idle = not len(shared.calls)
            if is_idle and now - shared.last_used >= self._patience_seconds(shared):
                shared.close(OutcomeUnknown("the shared server was idle for too long"))

    def _patience_seconds(self, shared: SharedServer) -> float:
        """Who asks only for versions is a gateway that verifies, or a client that went away."""
        limits = self._limits
        if shared.was_used:
            return limits.idle_seconds
        return min(limits.handshake_seconds, limits.idle_seconds)


def _hash(principal: bytes) -> str:
    return hashlib.sha256(principal).hexdigest()[:12] if principal else "anonymous"
