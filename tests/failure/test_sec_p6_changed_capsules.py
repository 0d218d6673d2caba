"""Capsules that were changed, or are used where they do not belong, are as good as unknown.

Every bit of a few capsules of each kind here; of a thousand with `failure.capsule_flips`.
"""

import pytest

from failure.capsule_flips import (
    KINDS,
    Carrier,
    Workbench,
    change_all,
    flips,
    raw_answer,
    workbench,
)
from fakes.honest_session import session
from fakes.raw_http import call, connected, initialize, modern, post, request
from moorage_wire.capsules import KeyRing

CAPSULES = 2


@pytest.mark.parametrize("kind", KINDS)
async def test_every_single_bit_change_gets_the_unknown_ones_answer(kind: str) -> None:
    async with workbench() as bench:
        tally = await change_all(bench, kind, await bench.capsules(kind, CAPSULES))
        assert tally.capsules == CAPSULES
        assert tally.changes > CAPSULES * 8 * 60
        assert tally.is_clean, tally
        if kind in ("session", "event"):
            assert 0 < tally.outside_of_the_alphabet < tally.changes / 3


def test_flips_are_all_single_bits() -> None:
    assert len(set(flips("ab"))) == 16
    assert "`b" in set(flips("ab")) and "ac" in set(flips("ab"))


async def test_an_unchanged_capsule_is_served_so_that_the_refusals_mean_something() -> None:
    async with workbench() as bench, connected(bench.made.port) as client:
        for kind in KINDS:
            (capsule,) = await bench.capsules(kind, 1)
            bench.upstream.server.requests.clear()
            await client.send(bench.carriers[kind](capsule))
            answer = await client.answer()
            (seen,) = bench.upstream.server.requests
            assert answer.status == (405 if kind == "event" else 200), kind
            assert capsule.encode() not in seen.raw_head + seen.body
            if kind == "event":
                assert seen.headers["last-event-id"] == "event-0"


async def test_refusals_of_each_kind_are_what_the_protocol_says() -> None:
    async with workbench() as bench, connected(bench.made.port) as client:
        for kind in ("session", "state", "cursor", "task"):
            await client.send(bench.carriers[kind]("A" * 200))
            answer = await client.answer()
            expected = (404, -32600) if kind == "session" else (400, -32602)
            assert (answer.status, answer.error["code"]) == expected
            assert answer.message["id"] == 1


@pytest.mark.parametrize("kind", ["session", "state", "cursor", "task"])
@pytest.mark.parametrize("used_as", ["session", "state", "cursor", "task"])
async def test_one_kind_never_opens_as_another(kind: str, used_as: str) -> None:
    async with workbench() as bench, connected(bench.made.port) as client:
        (capsule,) = await bench.capsules(kind, 1)
        bench.reached()
        carrier = bench.carriers[used_as]
        unknown = await raw_answer(client, carrier("A" * 200))
        answer = await raw_answer(client, carrier(capsule))
        assert (answer == unknown) is (kind != used_as)
        assert bench.reached() == (1 if kind == used_as else 0)


@pytest.mark.parametrize("kind", ["session", "state", "cursor", "task"])
async def test_a_capsule_of_another_route_is_unknown_though_the_group_is_the_same(
    kind: str,
) -> None:
    async with workbench() as bench, connected(bench.made.port) as client:
        (capsule,) = await bench.capsules(kind, 1)
        bench.reached()
        elsewhere = _on_other_route(bench, kind)
        assert await raw_answer(client, elsewhere(capsule)) == await raw_answer(
            client, elsewhere("A" * 200)
        )
        assert bench.reached() == 0


@pytest.mark.parametrize("kind", ["session", "state", "cursor", "task"])
async def test_a_capsule_of_another_gateways_key_is_unknown(kind: str) -> None:
    async with workbench(KeyRing.new(b"z" * 32)) as foreign, workbench() as bench:
        (capsule,) = await foreign.capsules(kind, 1)
        async with connected(bench.made.port) as client:
            unknown = await raw_answer(client, bench.carriers[kind]("A" * 200))
            assert await raw_answer(client, bench.carriers[kind](capsule)) == unknown
        assert bench.reached() == 0


async def test_event_ids_of_another_session_route_or_kind_resume_nothing() -> None:
    async with workbench() as bench, session(bench.made.port) as other:
        (event_id,) = await bench.capsules("event", 1)
        async with session(bench.made.port, path="/other") as on_other_route:
            for caller, foreign in (
                (other, event_id),
                (on_other_route, event_id),
                (other, other.session_id),
                (other, "event-0"),
                (other, "1"),
            ):
                await caller.client.send(caller.bodiless("GET", f"Last-Event-ID: {foreign}"))
                assert (await caller.client.answer()).status == 405
                seen = bench.upstream.server.requests[-1]
                assert seen.method == "GET" and "last-event-id" not in seen.headers


async def test_a_state_is_bound_to_the_request_that_it_was_given_for() -> None:
    async with workbench() as bench, connected(bench.made.port) as client:
        (state,) = await bench.capsules("state", 1)
        bench.reached()
        for name, method in (("work", "tools/call"), ("ask", "prompts/get")):
            await client.send(modern(method, 1, name=name, arguments={}, requestState=state))
            answer = await client.answer()
            assert (answer.status, answer.error["code"]) == (400, -32602)
        await client.send(modern("tools/call", 1, name="ask", arguments={}, requestState=state))
        assert (await client.answer()).status == 200
        assert bench.reached() == 1


async def test_a_session_needs_its_id_and_takes_none_that_a_client_proposes() -> None:
    # Threat P2 and P3: no fallback to "the only session", no fixation.
    async with workbench() as bench, connected(bench.made.port) as client:
        await client.send(post(call(1)))
        answer = await client.answer()
        # The endpoint refuses in its own words; it was told of no session.
        assert answer.status == 404
        assert "mcp-session-id" not in bench.upstream.server.requests[-1].headers
        await client.send(request("DELETE"))
        assert (await client.answer()).reason == "SessionIdMissing"
        for proposed in ("mine", "A" * 200):
            await client.send(post(initialize(), f"Mcp-Session-Id: {proposed}"))
            assert (await client.answer()).status == 404
        assert bench.reached() == 1


def _on_other_route(bench: Workbench, kind: str) -> Carrier:
    carrier = bench.carriers[kind]
    return lambda text: carrier(text).replace(b" /mcp ", b" /other ", 1)
