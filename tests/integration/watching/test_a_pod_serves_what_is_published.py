"""Table, keys and endpoints are in force as they change, and stay when the cluster is away."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.honest_session import open_session
from fakes.in_process_gateway import page, until, until_ready
from fakes.raw_http import call, connected, initialize, post
from integration.listening.certificates import Authority, MountedSecret
from integration.watching import pod as pods
from integration.watching.fake_api import FakeApi
from integration.watching.pod import NEW, OLD, gateway_of, pod, table_of
from moorage_contract.report_channel import DemandReport
from moorage_contract.route_table import Discovery, Group
from moorage_gateway import cluster_gateway
from moorage_gateway.cluster_gateway import ClusterGateway
from moorage_gateway.cluster_settings import ClusterFiles
from moorage_gateway.listening import certificate
from moorage_gateway.stopping import StopSequence
from moorage_gateway.watching import following


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_gateway, "API_FIRST_SECONDS", 0.5)

    async def at_once(_: object, listener: asyncio.Server) -> None:
        listener.close()

    monkeypatch.setattr(StopSequence, "run", at_once)


@pytest.fixture
async def upstreams() -> AsyncIterator[list[HonestUpstream]]:
    async with honest_upstreams(2) as made:
        yield made


@pytest.fixture
def files(tmp_path: Path) -> ClusterFiles:
    return pods.files_in(tmp_path)


@pytest.fixture
def published(api: FakeApi, upstreams: list[HonestUpstream]) -> None:
    pods.publish(api, pods.packed(table_of()))
    pods.put_ring(api, OLD)
    pods.put_slice(api, [each.server.port for each in upstreams])


async def status(made: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((await page(gateway_of(made), "/status"))[1])
    return told


async def test_what_is_published_is_served(
    api: FakeApi, published: None, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        await until_ready(gateway_of(made), 2)
        async with connected(gateway_of(made).port) as client:
            session = await open_session(client)
            await client.send(session.post(call(1)))
            assert (await client.answer()).status == 200
        assert (await page(gateway_of(made), "/readyz"))[0] == 200
        told = await status(made)
        assert told["cluster"]["table"] == table_of().digest()
        assert told["cluster"]["key_ids"] == [OLD.minting.key_id.hex()]
        kinds = sorted(each["kind"] for each in told["cluster"]["watches"])
        assert kinds == ["ConfigMap", "EndpointSlices"]
        assert not [each["why"] for each in told["cluster"]["watches"] if each["why"]]


async def test_a_new_table_is_in_force_at_once(
    api: FakeApi, published: None, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        began = asyncio.get_running_loop().time()
        pods.publish(api, pods.packed(table_of("/elsewhere")))
        wanted = table_of("/elsewhere").digest()
        await until(lambda: made.table_digest() == wanted, "it is in force")
        assert asyncio.get_running_loop().time() - began < 0.5
        async with connected(gateway_of(made).port) as client:
            await client.send(post(initialize(), path="/mcp"))
            assert (await client.answer()).reason == "RouteNotFound"


@pytest.mark.parametrize(
    "octets",
    [b"no gzip", gzip.compress(b"{}", mtime=0), gzip.compress(b'{"format":9}', mtime=0)],
)
async def test_a_broken_table_leaves_the_one_in_force(
    api: FakeApi, published: None, files: ClusterFiles, octets: bytes
) -> None:
    async with pod(api.url, files) as made:
        pods.publish(api, octets)
        await until(lambda: bool(made.following.refusals.table), "it is told")
        assert made.table_digest() == table_of().digest()
        assert (await status(made))["cluster"]["table_refused"]
        assert (await page(gateway_of(made), "/readyz"))[0] == 200
        pods.publish(api, pods.packed(table_of("/next")))
        await until(lambda: made.table_digest() == table_of("/next").digest(), "a good one")
        assert not (await status(made))["cluster"]["table_refused"]


async def test_a_table_is_reported_once_the_endpoints_of_all_its_namespaces_are_known(
    api: FakeApi, published: None, files: ClusterFiles
) -> None:
    elsewhere = Discovery(namespace="other", group="x", path="/mcp")
    before = table_of("/next")
    group = Group(name="other/x", source="Workload", discovery=elsewhere)
    wider = msgspec.structs.replace(before, groups=(*before.groups, group))
    api.forbidden = pods.SLICES.replace("/agents/", "/other/")
    async with pod(api.url, files) as made:
        first = made.table_digest()
        pods.publish(api, pods.packed(wider))
        await until(lambda: gateway_of(made)._table.routes == wider.routes, "it is in force")
        await asyncio.sleep(0.2)
        assert made.table_digest() == first != ""
        watches = (await status(made))["cluster"]["watches"]
        assert "403" in next(each["why"] for each in watches if each["namespace"] == "other")
        api.forbidden = ""
        await until(lambda: made.table_digest() == wider.digest(), "it is reported", 12)


def reported(made: ClusterGateway) -> DemandReport:
    """What the operator would be told now."""
    channel = gateway_of(made)._channel
    assert channel is not None
    return channel.news(whole=True)[-1]


async def test_namespaces_that_it_may_not_follow_are_reported_with_the_reason(
    api: FakeApi, published: None, files: ClusterFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RIGHTS_SECONDS", 0.3)
    elsewhere = Discovery(namespace="other", group="x", path="/mcp")
    group = Group(name="other/x", source="Workload", discovery=elsewhere)
    table = table_of()
    api.forbidden = pods.SLICES.replace("/agents/", "/other/")
    async with pod(api.url, files) as made:
        assert reported(made).unfollowed == {}
        pods.publish(
            api, pods.packed(msgspec.structs.replace(table, groups=(*table.groups, group)))
        )
        await until(lambda: len(gateway_of(made)._table.groups) == 2, "it is in force")
        assert reported(made).unfollowed == {}, "rights may come a moment later than a table"
        await until(lambda: bool(reported(made).unfollowed), "it is reported")
        assert reported(made).unfollowed == {"other": "the API server answers HTTP 403"}
        api.forbidden = ""
        await until(lambda: not reported(made).unfollowed, "it is well again", 12)


async def test_a_certificate_that_does_not_fit_is_reported(
    api: FakeApi, published: None, files: ClusterFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate.ListenerCertificate.follow, "__defaults__", (0.1,))
    secret, authority = MountedSecret(files.tls), Authority()
    secret.take(authority.leaf())
    async with pod(api.url, files) as made:
        assert reported(made).certificate_refused == ""
        secret.put(authority.leaf().chain, authority.leaf().key)
        await until(lambda: "do not fit" in reported(made).certificate_refused, "it is reported")
        secret.take(authority.leaf())
        await until(lambda: not reported(made).certificate_refused, "it is well again")


async def test_vanished_objects_change_nothing(
    api: FakeApi, published: None, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        await until_ready(gateway_of(made), 2)
        api.delete(pods.CONFIG_MAPS, pods.CHILD)
        await until(lambda: bool(made.following.refusals.table), "it is told")
        assert made.table_digest() == table_of().digest()
        assert made.key_ids() == {OLD.minting.key_id.hex()}
        async with connected(gateway_of(made).port) as client:
            await open_session(client)


async def test_a_session_lives_through_a_rotation_and_ends_with_its_key(
    api: FakeApi, published: None, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        await until_ready(gateway_of(made), 2)
        async with connected(gateway_of(made).port) as client:
            session = await open_session(client)
            for rings, answered in (((OLD, NEW), 200), ((NEW, OLD), 200), ((NEW,), 404)):
                wanted = {ring.minting.key_id.hex() for ring in rings}
                table = table_of(keys=pods.put_ring(api, *rings))
                pods.publish(api, pods.packed(table))
                digest = table.digest()
                await until(lambda digest=digest: made.table_digest() == digest, "the ring")
                assert made.key_ids() == wanted
                await client.send(session.post(call(1)))
                assert (await client.answer()).status == answered
            other = await open_session(client)
            await client.send(other.post(call(2)))
            assert (await client.answer()).status == 200


async def test_endpoints_that_are_not_ready_keep_their_sessions_only(
    api: FakeApi, published: None, files: ClusterFiles, upstreams: list[HonestUpstream]
) -> None:
    async with pod(api.url, files) as made:
        await until_ready(gateway_of(made), 2)
        async with connected(gateway_of(made).port) as client:
            session = await open_session(client)
            pods.put_slice(api, [each.server.port for each in upstreams], ready=False)
            await asyncio.sleep(0.3)
            await client.send(session.post(call(1)))
            assert (await client.answer()).status == 200
            await client.send(post(initialize(5)))
            assert (await client.answer()).status == 503


async def test_a_group_that_may_not_be_used_loses_calls_and_streams_within_2_s(
    api: FakeApi, published: None, files: ClusterFiles, upstreams: list[HonestUpstream]
) -> None:
    async with pod(api.url, files) as made:
        await until_ready(gateway_of(made), 2)
        port = gateway_of(made).port
        async with connected(port) as client, connected(port) as streaming:
            session = await open_session(client)
            await streaming.send(session.bodiless("GET"))
            assert (await streaming.head()).status == 200
            pods.publish(api, pods.packed(table_of(unresolved="agents/tickets does not allow it")))
            async with asyncio.timeout(2):
                while await streaming.chunk():
                    pass
            before = [len(each.server.requests) for each in upstreams]
            await client.send(session.post(call(1)))
            answer = await client.answer()
            assert (answer.status, answer.reason) == (503, "UpstreamUnresolved")
            assert "does not allow it" in answer.error["message"]
            assert [len(each.server.requests) for each in upstreams] == before


async def test_a_start_without_the_api_server_takes_the_copies(
    api: FakeApi, files: ClusterFiles, upstreams: list[HonestUpstream]
) -> None:
    pods.mount(files, table_of(), OLD)
    pods.remember(files, upstreams[0].server.port)
    await api.stop()
    async with pod(api.url, files) as made:
        await until_ready(gateway_of(made), 1)
        assert (await page(gateway_of(made), "/readyz"))[0] == 200
        async with connected(gateway_of(made).port) as client:
            await open_session(client)
        newer = table_of("/newer", keys=pods.put_ring(api, NEW, OLD))
        pods.publish(api, pods.packed(newer))
        pods.put_slice(api, [each.server.port for each in upstreams])
        await api.start()
        await until(lambda: made.table_digest() == newer.digest(), "the newer table")
        assert len(made.key_ids()) == 2
        await until_ready(gateway_of(made), 2)


async def test_the_api_server_may_be_away_for_ever(
    api: FakeApi, published: None, files: ClusterFiles
) -> None:
    async with pod(api.url, files) as made:
        await until_ready(gateway_of(made), 2)
        await api.stop()
        await asyncio.sleep(1.0)
        assert (await page(gateway_of(made), "/readyz"))[0] == 200
        async with connected(gateway_of(made).port) as client:
            await open_session(client)
        told = await status(made)
        assert any(each["why"] for each in told["cluster"]["watches"])
        assert len(told["groups"][0]["endpoints"]) == 2


async def test_the_last_endpoints_are_written_for_the_next_start(
    api: FakeApi, published: None, files: ClusterFiles
) -> None:
    async with pod(api.url, files):
        await until(files.endpoints.exists, "they are written")
        assert set(json.loads(files.endpoints.read_text())) == {"agents/tickets"}
