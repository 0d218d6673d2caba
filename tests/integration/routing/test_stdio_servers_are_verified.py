"""In a cluster a stdio endpoint is ready once its server has shaken hands; else it says why not."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import until
from moorage_contract.route_table import Discovery, Endpoint, Group
from moorage_gateway.connecting import handshake, stdio_handshake
from moorage_gateway.routing import verification as verification_module
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.routing.verification import Verification
from moorage_gateway.settings import Limits
from moorage_sidecar import BridgeLimits, StdioBridge, StdioServer
from moorage_sidecar.serving.group_key import GroupKey

READY, DOWN, VERIFYING = EndpointState.READY, EndpointState.DOWN, EndpointState.VERIFYING
SERVERS = Path(__file__).parents[2] / "fakes" / "stdio_servers"
KEY, OTHER_KEY = "a" * 64, "b" * 64


class Scene:
    """One stdio group of one endpoint, as a gateway in a cluster knows it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.verification = Verification(jitter=lambda: 0.5)
        self.book = EndpointBook(Limits(), self.verification.begin)
        self.verification.book = self.book

    def apply(self, key: str = KEY) -> None:
        discovery = Discovery(namespace="agents", group="notes", path="/mcp")
        endpoint = Endpoint(uid="pod", url=self.url)
        group = Group(name="g", source="Stdio", endpoints=(endpoint,), discovery=discovery, key=key)
        self.book.apply([group])

    @property
    def endpoint(self) -> BookedEndpoint:
        return self.book.groups["g"].endpoints["pod"]

    async def becomes(self, state: EndpointState, seconds: float = 10) -> None:
        await until(lambda: self.endpoint.health.state is state, f"{state}", seconds)

    async def says(self, why: str, seconds: float = 10) -> None:
        await until(lambda: why in self.endpoint.health.why, f"it says {why!r}", seconds)


@asynccontextmanager
async def scene(url: str, key: str = KEY, *, rounds: bool = False) -> AsyncIterator[Scene]:
    made = Scene(url)
    made.apply(key)
    pinging = asyncio.create_task(made.verification.ping_rounds()) if rounds else None
    try:
        yield made
    finally:
        if pinging is not None:
            pinging.cancel()
        await made.verification.stop()
        made.book.close()


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text(KEY)
    return str(path)


@asynccontextmanager
async def sidecar(key_file: str, *command: str, **limits: float) -> AsyncIterator[StdioBridge]:
    """A sidecar that demands the key, in front of this command."""
    server = StdioServer(command)
    bridge = StdioBridge("notes", server, BridgeLimits(**limits), GroupKey(key_file))  # type: ignore[arg-type]
    await bridge.start()
    try:
        yield bridge
    finally:
        await bridge.stop(0)


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-u", str(SERVERS / script))


def address(bridge: StdioBridge) -> str:
    return f"{bridge.address}/mcp"


async def test_a_legacy_server_is_verified_and_its_processes_end(key_file: str) -> None:
    async with (
        sidecar(key_file, *python("plain_server.py")) as bridge,
        scene(address(bridge)) as made,
    ):
        await made.becomes(READY)
        assert made.endpoint.health.versions == ("2025-11-25",)
        await until(lambda: bridge.counts().processes == 0, "no process is left", seconds=5)


async def test_a_modern_server_is_verified_and_its_process_is_kept_for_a_moment_only(
    key_file: str,
) -> None:
    async with (
        sidecar(key_file, *python("modern_server.py"), handshake_seconds=0.5) as bridge,
        scene(address(bridge)) as made,
    ):
        await made.becomes(READY)
        assert made.endpoint.health.versions == ("2026-07-28",)
        await until(lambda: bridge.counts().processes == 0, "no process is left", seconds=5)


async def test_a_missing_program_is_named_and_not_started_over_and_over(key_file: str) -> None:
    async with (
        sidecar(key_file, "notes-mcp-that-is-missing") as bridge,
        scene(address(bridge)) as made,
    ):
        await made.says("the MCP server 'notes-mcp-that-is-missing' did not start")
        assert made.endpoint.health.why.startswith("it refused initialize: ")
        assert "No such file or directory" in made.endpoint.health.why
        assert (made.endpoint.health.state, made.endpoint.health.own) == (VERIFYING, True)
        await asyncio.sleep(2.5)
        assert made.endpoint.health.failures == 2, "after 1 s, then after 2 s more"


async def test_last_words_of_a_server_that_ends_are_told(key_file: str) -> None:
    script = "import sys; print('x' * 3000, 'NOTES_TOKEN is not set', file=sys.stderr); sys.exit(3)"
    async with (
        sidecar(key_file, sys.executable, "-c", script) as bridge,
        scene(address(bridge)) as made,
    ):
        await made.says("exit code 3")
        assert made.endpoint.health.why.endswith("NOTES_TOKEN is not set")
        assert len(made.endpoint.health.why) <= 256


async def test_a_server_that_starts_slowly_has_its_time(
    key_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than other endpoints' handshakes may take: ``npx`` may install it first."""
    monkeypatch.setattr(handshake, "HANDSHAKE_SECONDS", 0.3)
    script = f"import time; time.sleep(1); exec(open({str(SERVERS / 'plain_server.py')!r}).read())"
    monkeypatch.setattr(stdio_handshake, "HANDSHAKE_SECONDS", 3.0)
    async with (
        sidecar(key_file, sys.executable, "-u", "-c", script) as bridge,
        scene(address(bridge)) as made,
    ):
        await made.becomes(READY)
        assert made.endpoint.health.failures == 0


async def test_a_wrong_key_is_named_starts_nothing_and_is_forgotten_with_the_right_one(
    key_file: str,
) -> None:
    async with (
        sidecar(key_file, *python("plain_server.py")) as bridge,
        scene(address(bridge), OTHER_KEY) as made,
    ):
        await made.says("401 WrongKey")
        await asyncio.sleep(2)
        assert made.endpoint.health.state is VERIFYING
        assert bridge.counts().processes == 0
        made.apply(KEY)
        await made.becomes(READY, seconds=3)


async def test_a_ready_one_that_refuses_the_key_is_down(
    key_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification_module, "ROUND_SECONDS", 0.05)
    monkeypatch.setattr(verification_module, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(verification_module, "SUSPICIOUS_SECONDS", 0.05)
    async with (
        sidecar(key_file, *python("plain_server.py")) as bridge,
        scene(address(bridge), rounds=True) as made,
    ):
        await made.becomes(READY)
        made.apply(OTHER_KEY)
        await made.becomes(DOWN)
        assert "401 WrongKey" in made.endpoint.health.why


async def test_one_that_was_verified_is_ready_again_without_another_process() -> None:
    async with honest_upstreams() as (one,), scene(one.server.url) as made:
        await made.becomes(READY)
        versions = made.endpoint.health.versions
        begun = len(one.server.own_requests)
        made.book.set_health(made.endpoint, made.endpoint.health.failed("it broke", fatal=True))
        made.verification.begin(made.endpoint)
        await made.becomes(READY)
        assert [each.method for each in one.server.own_requests[begun:]] == ["OPTIONS"]
        assert made.endpoint.health.versions == versions == ("2025-11-25", "2026-07-28")
