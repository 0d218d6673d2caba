"""A stdio group's former key is good for as long as a permitted gateway may show it."""

import base64
import json
import logging
from collections.abc import Callable

import pytest

from fakes.cr_documents import route
from fakes.planned_gateway import GATEWAY, PlannedGateway, Secrets
from moorage_contract.key_ids import keys_digest
from moorage_contract.route_table import encode_route_table
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning import table_document
from moorage_operator.planning.group_keys import (
    GATEWAYS_LEARN_SECONDS,
    LOOK_AGAIN_SECONDS,
    SIDECARS_LEARN_SECONDS,
    GroupKeys,
)
from moorage_operator.rendering.owner import Owner
from moorage_operator.running import key_keeper

OWNER = Owner.group("desk", "tickets", "tickets")
NO_PATH = {"routes": [route("no path", "notes")]}
FAR_TOO_MUCH = {"routes": [route(f"/{name}", name) for name in ("notes", "tickets", "extra")]}


class _Time:
    seconds = 1_000_000

    def time(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Time:
    made = _Time()
    monkeypatch.setattr(key_keeper, "time", made)
    return made


class _Exchange:
    """Of the key of the group tickets, which the namespace "other" may serve no more."""

    def __init__(self, clock: _Time) -> None:
        self.clock = clock
        self.client = Secrets()
        self.gateway = PlannedGateway(self.client)

    async def begin(self) -> None:
        self.table = await self.gateway.bring()
        await self.gateway.keys.group_key_for(OWNER, "other")
        await self.look()

    async def look(self) -> GroupKeys:
        keys = (await self.gateway.plan_group("tickets")).keys
        assert keys is not None
        return keys

    async def go(self, seconds: int) -> GroupKeys:
        """As the work queue does it: the group again and again, the gateway after it."""
        for _ in range(0, seconds, LOOK_AGAIN_SECONDS):
            self.clock.seconds += LOOK_AGAIN_SECONDS
            keys = await self.look()
            self.table = await self.gateway.bring()
        return keys

    @property
    def pods_key(self) -> str:
        """What pods show once they followed their table."""
        data = self.client.held["agents-gateway"]["data"]
        ring, groups = (base64.b64decode(data[name]) for name in ("ring", "groups"))
        assert self.table.keys == keys_digest(ring, groups), "pods are not told to read"
        key: str = json.loads(groups)["desk/tickets"]
        return key


def _well(_: _Exchange, __: pytest.MonkeyPatch) -> None:
    return


def _refused(exchange: _Exchange, _: pytest.MonkeyPatch) -> None:
    exchange.gateway.rewrite(NO_PATH)


def _too_large(exchange: _Exchange, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(table_document, "MAX_PLAIN_BYTES", len(encode_route_table(exchange.table)))
    exchange.gateway.rewrite(FAR_TOO_MUCH)


@pytest.mark.parametrize("fault", [_well, _refused, _too_large])
async def test_a_gateway_whose_table_is_kept_is_given_the_new_key_all_the_same(
    clock: _Time,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[_Exchange, pytest.MonkeyPatch], None],
) -> None:
    exchange = _Exchange(clock)
    await exchange.begin()
    former = exchange.pods_key
    fault(exchange, monkeypatch)

    keys = await exchange.go(SIDECARS_LEARN_SECONDS)
    assert former in keys.keys and exchange.pods_key == keys.shown != former
    keys = await exchange.go(GATEWAYS_LEARN_SECONDS)
    assert former in keys.keys
    keys = await exchange.go(2 * LOOK_AGAIN_SECONDS)
    assert keys.keys == (exchange.pods_key,)


async def test_a_gateway_whose_secret_may_not_be_written_keeps_a_good_key_and_is_named(
    clock: _Time, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = _Exchange(clock)
    await exchange.begin()
    former = exchange.pods_key
    await exchange.go(SIDECARS_LEARN_SECONDS - LOOK_AGAIN_SECONDS)
    exchange.client.refused = "agents-gateway"
    clock.seconds += LOOK_AGAIN_SECONDS

    with caplog.at_level(logging.WARNING):
        for _ in range(60):
            keys = await exchange.look()
            await exchange.gateway.plan()
            clock.seconds += LOOK_AGAIN_SECONDS
    assert keys.keys[1:] == (former,) == (exchange.pods_key,)
    told = [each.getMessage() for each in caplog.records if "former key" in each.getMessage()]
    assert len(told) == 1 and str(GATEWAY) in told[0]

    exchange.client.refused = ""
    exchange.table = await exchange.gateway.bring()
    keys = await exchange.go(GATEWAYS_LEARN_SECONDS)
    assert former in keys.keys
    keys = await exchange.go(2 * LOOK_AGAIN_SECONDS)
    assert keys.keys == (exchange.pods_key,)


async def test_a_refused_group_that_is_served_as_published_keeps_its_key() -> None:
    client = Secrets()
    gateway = PlannedGateway(client)
    await gateway.bring()
    before = client.group_keys
    gateway.rewrite_group("tickets", {"failover": {"group": "notes"}})
    table = await gateway.bring()
    assert [each.name for each in table.groups if not each.unresolved] == ["notes", "tickets"]
    assert client.group_keys == before


async def test_a_refused_group_that_was_never_served_gives_no_key() -> None:
    client = Secrets()
    gateway = PlannedGateway(client)
    gateway.rewrite_group("tickets", {"failover": {"group": "notes"}})
    await gateway.bring()
    assert client.group_keys == {"desk/notes"}


async def test_a_kept_table_that_alone_names_the_group_gives_its_gateway_the_key(
    clock: _Time,
) -> None:
    exchange = _Exchange(clock)
    await exchange.begin()
    exchange.gateway.rewrite(NO_PATH)  # It names the group notes only.
    assert exchange.gateway.links.gateways_of(ResourceName("desk", "tickets")) == frozenset()
    keys = await exchange.go(SIDECARS_LEARN_SECONDS)
    assert exchange.pods_key == keys.shown
