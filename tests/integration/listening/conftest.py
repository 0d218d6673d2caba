"""These tests run on the event loop that serves in production, and no defect of ours is logged."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from integration.listening.certificates import Authority, MountedSecret
from moorage_gateway.listening.certificate import ListenerCertificate

EXPECTED = "the TLS certificate is not used"


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def no_defect_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    logged = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= 30]
    assert [words for words in logged if not words.startswith(EXPECTED)] == []


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def secret(tmp_path: Path, authority: Authority) -> MountedSecret:
    secret = MountedSecret(tmp_path / "tls")
    secret.take(authority.leaf())
    return secret


@pytest.fixture
def certificate(secret: MountedSecret) -> ListenerCertificate:
    return ListenerCertificate(secret.folder)
