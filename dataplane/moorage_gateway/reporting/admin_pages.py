"""The pages of the admin port: health, readiness, metrics, status."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web

NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the gateway may be sent traffic, and what it still lacks if not."""

    ready: bool
    reasons: tuple[str, ...] = ()


RenderMetrics = Callable[[str], Awaitable[tuple[str, bytes]]]
"""From an ``Accept`` header to content type and text: ``GatewayMetrics.render``."""


class AdminPages:
    """Answers each page from what it is given to ask.

    ``status`` may give whatever msgspec writes as JSON: structs, dataclasses, mappings.
    """

    def __init__(
        self,
        render_metrics: RenderMetrics,
        readiness: Callable[[], Readiness],
        status: Callable[[], object],
    ) -> None:
        self._render_metrics = render_metrics
        self._readiness = readiness
        self._status = status

    def routes(self) -> list[web.RouteDef]:
        """All pages; every method but GET gets 405."""
        return [
            web.get(path, page, allow_head=False)
            for path, page in (
                ("/healthz", self.healthz),
                ("/readyz", self.readyz),
                ("/metrics", self.metrics),
                ("/status", self.status),
            )
        ]

    async def healthz(self, request: web.Request) -> web.Response:
        """200 as long as the loop runs: whoever gets no answer should restart the process."""
        return web.Response(text="ok\n", headers=NO_STORE)

    async def readyz(self, request: web.Request) -> web.Response:
        """200 or 503, with the reasons."""
        readiness = self._readiness()
        return _json(
            {"ready": readiness.ready, "reasons": readiness.reasons},
            status=200 if readiness.ready else 503,
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus text, or OpenMetrics for a scraper that asks for it."""
        accept = ",".join(request.headers.getall("Accept", ()))
        content_type, text = await self._render_metrics(accept)
        return web.Response(body=text, headers={**NO_STORE, "Content-Type": content_type})

    async def status(self, request: web.Request) -> web.Response:
        """What the gateway serves, for people and tools."""
        return _json(self._status(), status=200)


def _json(value: object, status: int) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value) + b"\n",
        status=status,
        content_type="application/json",
        headers=NO_STORE,
    )
