"""The Secret is read when a table names other keys; the table waits for them, and not for long."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fakes.in_process_gateway import page, until
from integration.watching import pod as pods
from integration.watching.fake_api import FakeApi
from integration.watching.pod import NEW, OLD, gateway_of, pod, table_of
from moorage_contract.route_table import RouteTable
from moorage_gateway import cluster_gateway
from moorage_gateway.cluster_gateway import ClusterGateway
from moorage_gateway.cluster_settings import ClusterFiles
from moorage_gateway.stopping import StopSequence
from moorage_gateway.watching import table_holding

GROUP = "agents/tickets"
GROUP_KEY = "ab" * 32
GROUPS = json.dumps({GROUP: GROUP_KEY}).encode()


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_gateway, "API_FIRST_SECONDS", 0.5)
    monkeypatch.setattr(table_holding, "HOLD_SECONDS", 0.5)

    async def at_once(_: object, listener: asyncio.Server) -> None:
        listener.close()

    monkeypatch.setattr(StopSequence, "run", at_once)


@pytest.fixture
def files(tmp_path: Path) -> ClusterFiles:
    return pods.files_in(tmp_path)


@pytest.fixture
def first(api: FakeApi) -> RouteTable:
    table = table_of(keys=pods.put_ring(api, OLD))
    pods.publish(api, pods.packed(table))
    pods.put_slice(api, [])
    return table


async def cluster_facts(made: ClusterGateway) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((await page(gateway_of(made), "/status"))[1])
    facts: dict[str, Any] = told["cluster"]
    return facts


def publish_with_key(api: FakeApi) -> RouteTable:
    """A table that names a Secret with a new ring and the group's key."""
    table = table_of("/new", keys=pods.put_ring(api, OLD, NEW, groups=GROUPS))
    pods.publish(api, pods.packed(table))
    return table


def key_in_force(made: ClusterGateway) -> str | None:
    assert made._served is not None
    return made._served.groups[0].key


def path_in_force(made: ClusterGateway) -> str:
    assert made._served is not None
    return made._served.routes[0].path


async def test_a_start_reads_the_secret_once(
    api: FakeApi, first: RouteTable, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        await until(lambda: made.table_digest() == first.digest(), "the table")
        assert made.key_ids() == {OLD.minting.key_id.hex()}
        pods.publish(api, pods.packed(table_of("/next", keys=first.keys)))
        await until(lambda: path_in_force(made) == "/next", "another table with the same keys")
        assert api.secrets_read == 1


async def test_a_table_is_in_force_together_with_its_keys(
    api: FakeApi, first: RouteTable, files: ClusterFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.secret_pause_seconds = 0.2
    async with pod(api.url, files) as made:
        applied: list[RouteTable] = []
        monkeypatch.setattr(gateway_of(made), "apply", applied.append)
        table = publish_with_key(api)
        await until(lambda: made.table_digest() == table.digest(), "it is in force")
        with_keys = [each for each in applied if each.routes[0].path == "/new"]
        assert [each.groups[0].key for each in with_keys] == [GROUP_KEY]
        assert len(made.key_ids()) == 2


@pytest.mark.parametrize("fault", ["refused", "slow", "gone", "broken"])
async def test_no_table_waits_long_and_loaded_keys_stay(
    api: FakeApi, first: RouteTable, files: ClusterFiles, fault: str
) -> None:
    async with pod(api.url, files) as made:
        began = asyncio.get_running_loop().time()
        table = table_of("/new", keys="0123456789abcdef")
        if fault == "refused":
            api.secrets_refusing = 403
        elif fault == "slow":
            api.secret_pause_seconds = 60
        elif fault == "gone":
            api.delete(pods.SECRETS, pods.CHILD)
        else:
            api.put(pods.SECRETS, {"metadata": {"name": pods.CHILD}, "data": {"ring": "%"}})
        pods.publish(api, pods.packed(table))
        await until(lambda: path_in_force(made) == "/new", "the route")
        assert 0.4 < asyncio.get_running_loop().time() - began < 1.0
        assert made.key_ids() == {OLD.minting.key_id.hex()}
        assert made.table_digest() == first.digest(), "it is not reported as programmed"
        facts = await cluster_facts(made)
        assert facts["table"] == table.digest()
        assert facts["keys_refused"]
        assert (await page(gateway_of(made), "/readyz"))[0] == 200


async def test_keys_that_come_late_are_loaded_and_reported(
    api: FakeApi, first: RouteTable, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        api.secrets_refusing = 503
        table = publish_with_key(api)
        await until(lambda: path_in_force(made) == "/new", "the route")
        assert key_in_force(made) is None
        api.secrets_refusing = 0
        await until(lambda: made.table_digest() == table.digest(), "the keys", 12)
        assert key_in_force(made) == GROUP_KEY
        assert not (await cluster_facts(made))["keys_refused"]


async def test_tables_that_follow_each_other_wait_no_longer_than_one(
    api: FakeApi, first: RouteTable, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        api.secrets_refusing = 403
        began = asyncio.get_running_loop().time()
        number = 0
        while path_in_force(made) == "/mcp":
            number += 1
            pods.publish(api, pods.packed(table_of(f"/{number}", keys=f"{number:016x}")))
            await asyncio.sleep(0.1)
        assert asyncio.get_running_loop().time() - began < 0.8


async def test_a_secret_that_is_newer_than_the_table_is_not_read_again_and_again(
    api: FakeApi, first: RouteTable, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        before = api.secrets_read
        pods.put_ring(api, NEW, OLD)
        table = table_of("/new", keys="0123456789abcdef")
        pods.publish(api, pods.packed(table))
        await until(lambda: made.table_digest() == table.digest(), "it is in force")
        await asyncio.sleep(0.5)
        assert api.secrets_read == before + 1


async def test_a_start_whose_secret_is_refused_takes_the_mounted_copy(
    api: FakeApi, first: RouteTable, files: ClusterFiles
) -> None:
    pods.mount(files, first, OLD)
    api.secrets_refusing = 403
    async with pod(api.url, files) as made:
        assert made.key_ids() == {OLD.minting.key_id.hex()}
        assert made.table_digest() == first.digest(), "the copy holds what the table names"
