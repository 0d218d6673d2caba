"""Health and metrics of the process, on the metrics port."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler as AppHandler

from moorage_operator.running.doorway import DoorBounds, Doorway
from moorage_operator.running.operator_metrics import CONTENT_TYPE, OperatorMetrics

UNREADY = "the Lease cannot be read, or the leader's indices are not filled; the log says more"
DOOR = DoorBounds(strangers=64, seconds=10.0)
"""One answer for each connection, which must be over by then."""
Handler = Callable[[web.Request], Awaitable[web.Response]]


class HealthServer:
    """Serves until it is stopped."""

    def __init__(self, runner: web.AppRunner, door: Doorway) -> None:
        self._runner = runner
        self._door = door

    @property
    def port(self) -> int:
        """Of the listener."""
        return self._door.port

    async def cleanup(self) -> None:
        """Listen no more."""
        self._door.close()
        await self._runner.cleanup()


async def start_health_server(
    port: int, is_ready: Callable[[], bool], metrics: OperatorMetrics, refresh: Callable[[], None]
) -> HealthServer:
    """Serve ``/healthz``, ``/readyz`` and ``/metrics``; ``refresh`` sets gauges before a scrape."""

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_: web.Request) -> web.Response:
        if is_ready():
            return web.Response(text="ok\n")
        return web.Response(status=503, text=f"{UNREADY}\n")

    async def exposition(_: web.Request) -> web.Response:
        refresh()
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    site = web.Application(middlewares=[_one_answer])
    site.router.add_get("/healthz", healthy)
    site.router.add_get("/readyz", ready)
    site.router.add_get("/metrics", exposition)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    assert runner.server is not None
    door = Doorway(runner.server, DOOR)
    door.open("", port)
    return HealthServer(runner, door)


@web.middleware
async def _one_answer(request: web.Request, handler: AppHandler) -> web.StreamResponse:
    """No connection is kept: whoever keeps many would keep others out."""
    answer = await handler(request)
    answer.force_close()
    return answer
