"""These tests run on the event loop that serves in production, and no defect of ours is logged."""

from collections.abc import Callable, Iterator

import pytest
import uvloop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Faults of others are refusals and metrics; what is logged as an error is a fault of ours."""
    yield
    logged = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= 40]
    assert logged == []
