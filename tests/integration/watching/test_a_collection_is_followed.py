"""List, then watch: every change is seen, and no fault of the API server loses what is known."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fakes.in_process_gateway import until
from integration.watching.fake_api import FakeApi
from moorage_gateway.watching import follower as following
from moorage_gateway.watching.api_server import ApiServer
from moorage_gateway.watching.follower import Documents, Follower
from moorage_gateway.watching.resources import endpoint_slices

SLICES = endpoint_slices("agents")
SILENT_SECONDS = 0.4


def named(name: str, value: int = 0) -> dict[str, Any]:
    return {"metadata": {"name": name}, "value": value}


def put_token(file: Path, token: str) -> None:
    file.write_text(token)


class Seen:
    """What a follower told."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.times = 0

    def changed(self, documents: Documents) -> None:
        self.values = {name: document["value"] for name, document in documents.items()}
        self.times += 1


@asynccontextmanager
async def followed(server: ApiServer) -> AsyncIterator[tuple[Follower, Seen]]:
    seen = Seen()
    follower = Follower(server, SLICES, seen.changed, lambda: 0.0, SILENT_SECONDS)
    task = asyncio.create_task(follower.run())
    try:
        yield follower, seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_list_of_several_pages_and_then_each_change(
    api: FakeApi, server: ApiServer
) -> None:
    for number in range(5):
        api.put(SLICES.path, named(f"s-{number}", number))
    async with followed(server) as (_, seen):
        await until(lambda: len(seen.values) == 5, "the list is there")
        assert seen.times == 1
        api.put(SLICES.path, named("s-1", 11))
        api.put(SLICES.path, named("new", 7))
        api.delete(SLICES.path, "s-0")
        wanted = {"s-1": 11, "s-2": 2, "s-3": 3, "s-4": 4, "new": 7}
        await until(lambda: seen.values == wanted, "every change")
        assert api.lists == 3


async def test_the_queries_are_those_that_narrow_rights_allow(
    api: FakeApi, server: ApiServer
) -> None:
    async with followed(server) as _:
        await until(lambda: bool(api.watches), "a watch")
    path, query = api.requests[0]
    assert path == "/apis/discovery.k8s.io/v1/namespaces/agents/endpointslices"
    assert query == {"labelSelector": "moorage.dev/upstream-group", "limit": "500"}
    watch = api.watches[0]
    assert watch["allowWatchBookmarks"] == "true" and watch["resourceVersion"] == "100"
    assert 200 <= int(watch["timeoutSeconds"]) <= 400


async def test_a_watch_that_ends_goes_on_where_it_was(api: FakeApi, server: ApiServer) -> None:
    api.put(SLICES.path, named("a"))
    async with followed(server) as (_, seen):
        await until(lambda: bool(api.open_watches), "a watch")
        api.cut_watches()
        api.put(SLICES.path, named("b"))
        await until(lambda: set(seen.values) == {"a", "b"}, "what was missed")
        assert api.lists == 1


async def test_after_410_a_list_replaces_the_whole_set(api: FakeApi, server: ApiServer) -> None:
    for name in ("a", "b"):
        api.put(SLICES.path, named(name))
    async with followed(server) as (follower, seen):
        await until(lambda: bool(api.open_watches), "a watch")
        api.cut_watches()
        api.delete(SLICES.path, "a")
        api.put(SLICES.path, named("c"))
        api.forget_history()
        await until(lambda: set(seen.values) == {"b", "c"}, "the deletion that was missed")
        assert follower.log.relists == 2
        api.put(SLICES.path, named("d"))
        await until(lambda: "d" in seen.values, "the watch goes on")


async def test_410_as_the_status_of_the_answer_means_the_same(
    api: FakeApi, server: ApiServer
) -> None:
    api.put(SLICES.path, named("a"))
    async with followed(server) as (follower, seen):
        await until(lambda: bool(api.open_watches), "a watch")
        api.refusing = 410
        api.cut_watches()
        lists = api.lists
        await until(lambda: api.lists > lists, "it lists anew")
        assert seen.values == {"a": 0}
        api.refusing = 0
        await until(lambda: follower.log.relists == 2, "the list succeeds")


async def test_a_bookmark_spares_a_relist(api: FakeApi, server: ApiServer) -> None:
    api.put(SLICES.path, named("a"))
    async with followed(server) as (follower, _):
        await until(lambda: bool(api.open_watches), "a watch")
        api.put("/elsewhere", named("x"))
        api.bookmark(SLICES.path)
        await asyncio.sleep(0.05)
        api.forget_history()
        await until(lambda: len(api.watches) == 2, "the next watch")
        assert api.watches[1]["resourceVersion"] == str(api.version)
        assert follower.log.relists == 1


async def test_a_silent_watch_is_left_and_what_was_missed_is_seen(
    api: FakeApi, server: ApiServer
) -> None:
    api.put(SLICES.path, named("a"))
    api.silent = True
    async with followed(server) as (follower, seen):
        await until(lambda: bool(api.open_watches), "a watch")
        api.put(SLICES.path, named("b"))
        await asyncio.sleep(SILENT_SECONDS / 2)
        assert set(seen.values) == {"a"}
        api.silent = False
        await until(lambda: set(seen.values) == {"a", "b"}, "the missed change")
        assert follower.log.errors >= 1


@pytest.mark.parametrize(
    "raw",
    [
        b"no json\n",
        b'{"type":"ERROR","object":{"code":500,"message":"etcd"}}\n',
        b'{"type":"ADDED"}\n',
        b"\xff\xff\n",
    ],
)
async def test_garbage_changes_nothing_and_is_told(
    api: FakeApi, server: ApiServer, raw: bytes
) -> None:
    api.put(SLICES.path, named("a"))
    api.raw_lines = raw
    async with followed(server) as (follower, seen):
        await until(lambda: follower.log.errors >= 2, "it tries again")
        assert set(seen.values) == {"a"} and follower.log.why
        api.raw_lines = b""
        api.put(SLICES.path, named("b"))
        await until(lambda: "b" in seen.values and not follower.log.why, "it recovers")


async def test_a_line_without_end_is_bounded(
    api: FakeApi, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MAX_LINE_BYTES", 100_000)
    api.put(SLICES.path, named("a"))
    api.raw_lines = b"x" * 1_000_000
    async with followed(server) as (follower, seen):
        await until(lambda: "over 100000 bytes" in follower.log.why, "the bound")
        assert set(seen.values) == {"a"}


async def test_a_page_without_end_is_bounded(
    api: FakeApi, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MAX_PAGE_BYTES", 10_000)
    api.put(SLICES.path, {"metadata": {"name": "a"}, "value": 1, "ballast": "x" * 20_000})
    async with followed(server) as (follower, seen):
        await until(lambda: "over 10000 bytes" in follower.log.why, "the bound")
        assert seen.times == 0


async def test_more_objects_than_can_be_held_are_refused(
    api: FakeApi, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MAX_OBJECTS", 3)
    for number in range(4):
        api.put(SLICES.path, named(f"s-{number}"))
    async with followed(server) as (follower, seen):
        await until(lambda: "more than 3 objects" in follower.log.why, "the bound")
        assert seen.times == 0


async def test_a_watch_that_ends_at_once_is_not_asked_endlessly(
    api: FakeApi, server: ApiServer
) -> None:
    api.put(SLICES.path, named("a"))
    api.ends_at_once = True
    async with followed(server) as (follower, _):
        await asyncio.sleep(1.0)
        assert 2 <= len(api.watches) <= 6
        assert follower.log.why == "the watch ended at once"


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_a_refusing_server_takes_nothing_away(
    api: FakeApi, server: ApiServer, status: int
) -> None:
    api.put(SLICES.path, named("a"))
    async with followed(server) as (follower, seen):
        await until(lambda: bool(api.open_watches), "a watch")
        api.refusing = status
        api.cut_watches()
        await until(lambda: str(status) in follower.log.why, "it is told")
        api.refusing = 0
        api.put(SLICES.path, named("b"))
        await until(lambda: set(seen.values) == {"a", "b"}, "it recovers")
        assert api.lists == 1


async def test_a_new_token_is_taken_from_the_file(
    api: FakeApi, server: ApiServer, token_file: Path
) -> None:
    api.put(SLICES.path, named("a"))
    async with followed(server) as (follower, seen):
        await until(lambda: bool(api.open_watches), "a watch")
        api.token = "token-2"
        api.cut_watches()
        await until(lambda: "401" in follower.log.why, "the old token is refused")
        put_token(token_file, "token-2\n")
        api.put(SLICES.path, named("b"))
        await until(lambda: set(seen.values) == {"a", "b"}, "the new one is used")


async def test_a_missing_token_is_told_and_waited_for(
    api: FakeApi, server: ApiServer, token_file: Path
) -> None:
    token_file.rename(token_file.with_name("away"))  # noqa: ASYNC240
    async with followed(server) as (follower, seen):
        await until(lambda: follower.log.errors > 0, "it is told")
        assert "No such file" in follower.log.why
        put_token(token_file, api.token)
        await until(lambda: seen.times == 1, "it is there")


async def test_no_token_is_ever_told(
    api: FakeApi, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    api.token = "another"
    async with followed(server) as (follower, _):
        await until(lambda: follower.log.errors > 2, "failures")
    told = json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert "token-1" not in told and "token-1" not in follower.log.why


async def test_more_namespaces_than_a_client_has_connections_by_default(
    api: FakeApi, server: ApiServer
) -> None:
    followers = [
        Follower(server, endpoint_slices(f"n-{number}"), lambda _: None, lambda: 0.0)
        for number in range(130)
    ]
    tasks = [asyncio.create_task(each.run()) for each in followers]
    try:
        await until(lambda: len(api.open_watches) == 130, "each is watched")
        assert all(each.log.relists for each in followers)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_server_that_cannot_be_reached_is_asked_ever_more_rarely(
    api: FakeApi, server: ApiServer
) -> None:
    api.put(SLICES.path, named("a"))
    async with followed(server) as (follower, seen):
        await until(lambda: bool(api.open_watches), "a watch")
        assert api.runner is not None
        await api.stop()
        await asyncio.sleep(1.0)
        assert 1 <= follower.log.errors <= 5
        assert set(seen.values) == {"a"}
        await api.start()
        api.put(SLICES.path, named("b"))
        await until(lambda: set(seen.values) == {"a", "b"}, "it is back")
