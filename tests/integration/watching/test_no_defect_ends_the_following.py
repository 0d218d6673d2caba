"""Nobody begins a follower again: whatever is raised in it, it is told and goes on.

A follower that ended would leave a pod with its last table for ever: no permission that is taken
away, and no key that is exchanged, would reach it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from fakes.in_process_gateway import until
from integration.watching import pod as pods
from integration.watching.fake_api import FakeApi
from moorage_gateway.watching.api_server import ApiAccess, ApiServer
from moorage_gateway.watching.following import Following, GatewayObjects
from moorage_wire.capsules import KeyRing


class BrokenAtFirst(ApiServer):
    """A defect breaks its first request for each path."""

    def __init__(self, access: ApiAccess) -> None:
        super().__init__(access)
        self._met: set[str] = set()

    async def get(self, target: str) -> aiohttp.ClientResponse:
        path = target.partition("?")[0]
        if path not in self._met:
            self._met.add(path)
            raise RuntimeError("a defect")
        return await super().get(target)


class BrokenWhenTold:
    """Who hears of changes; a defect breaks it while ``breaks`` is set."""

    def __init__(self) -> None:
        self.breaks = False
        self.broke = 0
        self.told = 0

    def __call__(self) -> None:
        if self.breaks:
            self.broke += 1
            raise RuntimeError("a defect")
        self.told += 1


@asynccontextmanager
async def followed(server: ApiServer, changed: Callable[[], None]) -> AsyncIterator[Following]:
    objects = GatewayObjects(pods.GATEWAY)
    following = Following(server, objects, {}, changed, lambda: 0.0)
    following.start()
    try:
        yield following
    finally:
        await following.stop()


def publish(api: FakeApi, path: str, *rings: KeyRing) -> None:
    """A table with its keys."""
    pods.publish(api, pods.packed(pods.table_of(path, keys=pods.put_ring(api, *rings))))


def serves(following: Following, path: str) -> bool:
    """Whether this table is in force, with its keys."""
    table = following.served()
    return table is not None and table.routes[0].path == path and following.has_its_keys


async def test_a_request_that_breaks_is_told_and_made_again(
    api: FakeApi, token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(api, "/one", pods.OLD)
    pods.put_slice(api, [1])
    server = BrokenAtFirst(ApiAccess(api.url, token_file, token_file.with_name("ca.crt")))
    try:
        async with followed(server, lambda: None) as following:
            await until(lambda: following.is_whole and serves(following, "/one"), "all is known")
    finally:
        await server.close()
    # Of the ConfigMap, the Secret and the EndpointSlices, each with where it was.
    assert caplog.text.count("RuntimeError: a defect") == 3
    assert caplog.text.count("in get") >= 3


async def test_a_change_whose_taking_breaks_is_taken_again(
    api: FakeApi, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    changed = BrokenWhenTold()
    publish(api, "/one", pods.OLD)
    pods.put_slice(api, [1])
    async with followed(server, changed) as following:
        await until(lambda: following.is_whole and serves(following, "/one"), "all is known")
        changed.breaks = True
        publish(api, "/two", pods.NEW)
        pods.put_slice(api, [2])
        await until(lambda: changed.broke >= 3, "its taking breaks, of each kind")
        changed.breaks, told = False, changed.told
        await until(lambda: changed.told > told and serves(following, "/two"), "it is told again")
        told = changed.told
        publish(api, "/three", pods.OLD)
        await until(lambda: changed.told > told and serves(following, "/three"), "the next too")
    assert "RuntimeError: a defect" in caplog.text
