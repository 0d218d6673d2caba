"""These tests run on the event loop that serves in production."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

from integration.watching.fake_api import TOKEN, FakeApi, fake_api
from moorage_gateway.watching.api_server import ApiAccess, ApiServer


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with fake_api() as api:
        yield api


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "api-token"
    file.write_text(TOKEN + "\n")
    return file


@pytest.fixture
async def server(api: FakeApi, token_file: Path) -> AsyncIterator[ApiServer]:
    server = ApiServer(ApiAccess(api.url, token_file, token_file.with_name("ca.crt")))
    yield server
    await server.close()
