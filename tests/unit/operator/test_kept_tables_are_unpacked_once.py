"""While keys are exchanged tables are asked every 10 s: each is unpacked once, one at a time."""

import asyncio

import pytest

from fakes.cr_documents import route
from fakes.planned_gateway import PlannedGateway, Secrets
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.group_keys import SIDECARS_LEARN_SECONDS, GroupKeys
from moorage_operator.planning.table_document import read_table
from moorage_operator.rendering.owner import Owner
from moorage_operator.running import key_keeper, served_stdio_groups

TICKETS = Owner.group("desk", "tickets", "tickets")
SHARED = ResourceName("vault", "shared")
NO_PATH = {"routes": [route("no path", "notes")]}


class _Time:
    seconds = 1_000_000

    def time(self) -> float:
        return self.seconds


class _Unpacked:
    """Counts."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.times, self._read = 0, read_table
        patch.setattr(served_stdio_groups, "read_table", self._count)

    def _count(self, packed: bytes) -> object:
        self.times += 1
        return self._read(packed)


async def test_a_table_that_stays_what_it_is_is_unpacked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = _Time()
    monkeypatch.setattr(key_keeper, "time", clock)
    unpacked, client = _Unpacked(monkeypatch), Secrets()
    gateway = PlannedGateway(client)
    await gateway.bring()
    await gateway.keys.group_key_for(TICKETS, "other")
    await gateway.plan_group("tickets")
    clock.seconds += SIDECARS_LEARN_SECONDS
    await gateway.plan_group("tickets")
    for _ in range(3):
        clock.seconds += 1
        await gateway.plan_group("tickets")
    assert unpacked.times == 1
    await gateway.bring()
    for _ in range(3):
        await gateway.plan_group("tickets")
    assert unpacked.times == 2


async def test_others_have_their_turn_after_each_table(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Secrets()
    gateway = PlannedGateway(client)
    await gateway.bring()
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    served = served_stdio_groups.ServedStdioGroupsByTable(gateway.snapshots)
    assert await served.of(gateway.observed) is not None
    others.cancel()
    assert turns


async def test_no_more_names_are_remembered_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_stdio_groups, "MAX_NAMES", 2)
    unpacked, gateway = _Unpacked(monkeypatch), PlannedGateway(Secrets())
    await gateway.bring()
    served = served_stdio_groups.ServedStdioGroupsByTable(gateway.snapshots)
    for _ in range(2):
        found = await served.of(gateway.observed)
        assert found is not None and found.names == {"notes", "tickets"}
    assert unpacked.times == 2


async def test_a_new_leader_parts_with_nobody_who_serves_by_a_kept_table() -> None:
    client = Secrets()
    gateway = PlannedGateway(client)
    gateway.add_group(SHARED, {"allowedGateways": {"namespaces": {"from": "All"}}})
    foreign = {**route("/x", "shared"), "upstream": {"name": "shared", "namespace": "vault"}}
    gateway.rewrite({"routes": [route("/notes", "notes"), foreign]})
    await gateway.bring()
    gateway.rewrite(NO_PATH)
    await gateway.bring()
    gateway.forget_links()
    keys = (await gateway.plan_group("shared", "vault")).keys
    assert isinstance(keys, GroupKeys)
    assert (len(keys.keys), set(keys.given)) == (1, {"desk"})
