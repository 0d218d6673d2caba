"""Health and metrics of the process, on the metrics port."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from moorage_operator.running.operator_metrics import CONTENT_TYPE, OperatorMetrics

UNREADY = "the Lease cannot be read, or the leader's indices are not filled; the log says more"
Handler = Callable[[web.Request], Awaitable[web.Response]]


async def start_health_server(
    port: int, is_ready: Callable[[], bool], metrics: OperatorMetrics, refresh: Callable[[], None]
) -> web.AppRunner:
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

    site = web.Application()
    site.router.add_get("/healthz", healthy)
    site.router.add_get("/readyz", ready)
    site.router.add_get("/metrics", exposition)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, None, port).start()
    return runner
