"""The admin port of a process that cannot serve yet: it lives, and says what it waits for.

Without it a probe would take a pod that waits for one that hangs, and restart it for ever.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from moorage_gateway.reporting.admin_pages import Readiness
from moorage_gateway.reporting.admin_site import AdminSite

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@asynccontextmanager
async def waiting_site(
    host: str, port: int, awaited: Callable[[], tuple[str, ...]]
) -> AsyncIterator[None]:
    """Served until the block ends, when the port is free again. Raises OSError."""
    site = AdminSite(
        _no_metrics,
        lambda: Readiness(False, awaited()),
        lambda: {"waiting": awaited()},
        lambda reason: None,
    )
    try:
        await site.start(host, port)
        yield
    finally:
        await site.stop(0)


async def _no_metrics(accept: str) -> tuple[str, bytes]:
    """Nothing is counted yet."""
    return TEXT, b""
