"""Endpoints are verified until they are ready, and pinged when they are quiet."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from fakes.honest_endpoint import HonestUpstream, honest_upstreams, never_answer
from fakes.in_process_gateway import endpoints_of, until, urls_of
from fakes.scripted_upstream import Peer, Received
from moorage_contract.route_table import Group
from moorage_gateway.connecting import handshake
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import CapacityError
from moorage_gateway.routing import verification as verification_module
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.routing.verification import Verification
from moorage_gateway.settings import Limits

READY, DOWN, VERIFYING = EndpointState.READY, EndpointState.DOWN, EndpointState.VERIFYING


class Scene:
    """A book with one group, its verification, and its rounds of pings when a test asks."""

    def __init__(self, limits: Limits) -> None:
        self.verification = Verification(jitter=lambda: 0.5)
        self.book = EndpointBook(limits, self.verification.begin)
        self.verification.book = self.book

    def apply(self, upstreams: Sequence[HonestUpstream], source: str = "External") -> None:
        endpoints = endpoints_of(urls_of(upstreams))
        self.book.apply([Group(name="g", source=source, endpoints=endpoints)])  # type: ignore[arg-type]

    @property
    def endpoints(self) -> list[BookedEndpoint]:
        return list(self.book.groups["g"].endpoints.values())

    def states(self) -> list[EndpointState]:
        return [booked.health.state for booked in self.endpoints]

    def fail(self, booked: BookedEndpoint, why: str) -> None:
        """What an exchange does that reached nobody."""
        self.book.set_health(booked, booked.health.failed(why, fatal=True))
        self.verification.begin(booked)

    def tasks(self) -> int:
        return len(self.verification._verifying) + len(self.verification._pinging)


@asynccontextmanager
async def scene(
    upstreams: Sequence[HonestUpstream], *, rounds: bool = False, limits: Limits | None = None
) -> AsyncIterator[Scene]:
    """A scene in which every endpoint is ready."""
    made = Scene(limits or Limits())
    made.apply(upstreams)
    await until(lambda: made.states() == len(upstreams) * [READY], "all are ready")
    pinging = asyncio.create_task(made.verification.ping_rounds()) if rounds else None
    yield made
    if pinging is not None:
        pinging.cancel()
    await made.verification.stop()
    await until(lambda: made.tasks() == 0, "nothing is left of the verification")
    made.book.close()


def pings(upstream: HonestUpstream) -> int:
    return sum(request.method == "OPTIONS" for request in upstream.server.own_requests)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Rounds of pings every 50 ms, for endpoints that said nothing for as long."""
    monkeypatch.setattr(verification_module, "ROUND_SECONDS", 0.05)
    monkeypatch.setattr(verification_module, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(verification_module, "SUSPICIOUS_SECONDS", 0.05)
    monkeypatch.setattr(handshake, "PING_SECONDS", 0.3)
    return monkeypatch


# ---- handshakes


async def test_one_that_goes_down_in_the_moment_it_is_verified_is_verified_again() -> None:
    async with honest_upstreams() as upstreams, scene(upstreams) as made:
        (booked,) = made.endpoints
        handshakes = len(upstreams[0].server.own_requests)
        made.fail(booked, "first")
        await booked.group.changed.wait()
        # Ready again, and its verification has not ended yet: what asks for another is not lost.
        assert (booked.health.state, made.tasks()) == (READY, 1)
        made.fail(booked, "second")
        await until(lambda: made.states() == [READY], "it is ready again")
        assert len(upstreams[0].server.own_requests) > handshakes + 1
        await until(lambda: made.tasks() == 0, "and needs no more")


async def test_while_it_is_verified_nothing_begins_a_second_verification() -> None:
    async with honest_upstreams() as upstreams, scene(upstreams) as made:
        (booked,) = made.endpoints
        upstreams[0].server.behaviour = never_answer
        for why in ("first", "second", "third"):
            made.fail(booked, why)
        assert made.tasks() == 1
        made.verification.begin(booked)
        assert made.tasks() == 1


async def test_one_that_is_ready_or_gone_is_not_verified() -> None:
    async with honest_upstreams() as upstreams, scene(upstreams) as made:
        (booked,) = made.endpoints
        made.verification.begin(booked)
        assert made.tasks() == 0
        made.book.apply([])
        made.verification.begin(booked)
        assert made.tasks() == 0


async def test_one_that_leaves_the_table_while_it_is_verified_is_left_alone() -> None:
    async with honest_upstreams() as upstreams, scene(upstreams) as made:
        (booked,) = made.endpoints
        await upstreams[0].server.stop()
        made.fail(booked, "gone")
        await asyncio.sleep(0.05)
        made.apply([])
        await until(lambda: made.tasks() == 0, "its verification ends", seconds=2)
        assert booked.health.state is EndpointState.ABSENT


async def test_a_defect_of_ours_keeps_no_endpoint_out_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(pool: UpstreamPool) -> tuple[str, ...]:
        raise RuntimeError("a defect")

    async with honest_upstreams() as upstreams, scene(upstreams) as made:
        (booked,) = made.endpoints
        with monkeypatch.context() as patched:
            patched.setattr(verification_module, "shake_hands", fail)
            made.fail(booked, "refused")
            await until(lambda: booked.health.why == "RuntimeError at us", "it is told")
        assert booked.health.state is DOWN
        await until(lambda: made.states() == [READY], "it is verified once that is over")
        assert "a defect" in caplog.text


async def test_a_stdio_server_is_only_asked_whether_its_bridge_listens() -> None:
    made = Scene(Limits())
    async with honest_upstreams() as upstreams:
        made.apply(upstreams, source="Stdio")
        await until(lambda: made.states() == [READY], "it is ready")
        assert [request.method for request in upstreams[0].server.own_requests] == ["OPTIONS"]
        assert made.endpoints[0].health.versions == ()
        await made.verification.stop()
        made.book.close()


async def test_a_silent_one_stays_the_last_resort_while_we_have_no_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def no_socket(pool: UpstreamPool) -> tuple[str, ...]:
        raise CapacityError("no socket left", reason="GatewaySocketsExhausted")

    async with honest_upstreams() as upstreams, scene(upstreams) as made:
        (booked,) = made.endpoints
        monkeypatch.setattr(verification_module, "shake_hands", no_socket)
        made.book.set_health(booked, booked.health.failed("no answer", silent=True))
        made.verification.begin(booked)
        await until(lambda: booked.health.why == "no socket left", "it is told")
        assert (booked.health.state, booked.health.silent) == (DOWN, True)


# ---- rounds of pings


async def test_a_quiet_one_is_pinged_and_one_that_answers_is_not(
    impatient: pytest.MonkeyPatch,
) -> None:
    async with (
        honest_upstreams(2) as (quiet, busy),
        scene([quiet, busy], rounds=True) as made,
    ):
        for _ in range(30):
            made.endpoints[1].last_answer = asyncio.get_running_loop().time()
            await asyncio.sleep(0.01)
        assert pings(quiet) >= 2
        assert pings(busy) == 0


async def test_one_that_owes_an_answer_is_pinged_sooner(impatient: pytest.MonkeyPatch) -> None:
    impatient.setattr(verification_module, "QUIET_SECONDS", 60.0)
    async with (
        honest_upstreams(3) as upstreams,
        scene(upstreams, rounds=True) as made,
    ):
        owing, failed, _ = made.endpoints
        owing.awaited = 1
        made.book.set_health(failed, failed.health.failed("it broke off"))
        await until(lambda: pings(upstreams[0]) and pings(upstreams[1]), "both are pinged")
        assert pings(upstreams[2]) == 0
        # The answer to a ping is a success: there is no more to suspect.
        assert failed.health.failures == 0
        answered = pings(upstreams[1])
        await asyncio.sleep(0.2)
        assert pings(upstreams[1]) == answered
        owing.awaited = 0


async def test_a_hung_ping_delays_no_other_and_is_not_repeated_meanwhile(
    impatient: pytest.MonkeyPatch,
) -> None:
    impatient.setattr(handshake, "PING_SECONDS", 30.0)
    async with (
        honest_upstreams(2) as (hung, well),
        scene([hung, well], rounds=True),
    ):
        hung.server.behaviour = never_answer
        await until(lambda: pings(well) >= 4, "the other is pinged on and on")
        assert pings(hung) == 1


async def test_one_that_answers_no_ping_is_down_and_silent_until_it_answers_again(
    impatient: pytest.MonkeyPatch,
) -> None:
    go_on = asyncio.Event()

    async with honest_upstreams() as (one,), scene([one], rounds=True) as made:

        async def stopped(request: Received, peer: Peer) -> None:
            await go_on.wait()
            await one.endpoint(request, peer)

        one.server.behaviour = stopped
        (booked,) = made.endpoints
        await until(lambda: made.states() == [DOWN], "it is out")
        assert booked.health.silent and "no answer within 0.3 s" in booked.health.why
        pinged = pings(one)
        await asyncio.sleep(0.2)
        assert pings(one) == pinged, "what is verified needs no pings"
        go_on.set()
        await until(lambda: made.states() == [READY], "it is back")
        assert not booked.health.silent


async def test_one_that_refuses_a_ping_is_down_and_not_silent(
    impatient: pytest.MonkeyPatch,
) -> None:
    impatient.setattr(verification_module, "ROUND_SECONDS", 0.5)
    async with honest_upstreams() as (one,), scene([one], rounds=True) as made:
        await one.server.stop()
        await until(lambda: made.states() == [DOWN], "the first ping takes it out", seconds=1)
        assert not made.endpoints[0].health.silent
        await one.server.start()
        await until(lambda: made.states() == [READY], "it is back")


async def test_without_a_free_connection_nothing_is_said_against_the_endpoint(
    impatient: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Limits(connections_per_endpoint=1)
    async with honest_upstreams() as (one,), scene([one], rounds=True, limits=limits) as made:
        (booked,) = made.endpoints
        held = booked.pool.take_idle(asyncio.get_running_loop().time())
        assert held is not None
        with pytest.raises(CapacityError):
            await booked.pool.connect()
        await asyncio.sleep(0.3)
        assert (booked.health.state, booked.health.failures, pings(one)) == (READY, 0, 0)
    assert caplog.records == []


async def test_the_rounds_close_what_has_been_idle_for_too_long(
    impatient: pytest.MonkeyPatch,
) -> None:
    impatient.setattr(verification_module, "QUIET_SECONDS", 60.0)
    limits = Limits(idle_connection_seconds=0.2)
    async with honest_upstreams() as (one,), scene([one], rounds=True, limits=limits) as made:
        (booked,) = made.endpoints
        assert booked.pool.open_connections == 1
        await until(lambda: booked.pool.open_connections == 0, "it is closed", seconds=1)
        await until(lambda: not one.server.open_peers, "the endpoint sees its end")


async def test_a_stop_ends_handshakes_and_pings_and_begins_no_other(
    impatient: pytest.MonkeyPatch,
) -> None:
    impatient.setattr(handshake, "PING_SECONDS", 30.0)
    async with honest_upstreams(2) as upstreams, scene(upstreams, rounds=True) as made:
        for each in upstreams:
            each.server.behaviour = never_answer
        await until(lambda: len(made.verification._pinging) == 2, "both are pinged")
        made.fail(made.endpoints[0], "refused")
        assert made.tasks() == 3
        await made.verification.stop()
        await asyncio.sleep(0)
        assert made.tasks() == 0
        assert made.states() == [DOWN, READY]
