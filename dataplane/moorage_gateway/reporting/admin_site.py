"""The admin port: pages about the gateway, and room for what replicas say to each other."""

from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from moorage_gateway.listening_socket import listen
from moorage_gateway.reporting.admin_guard import REMEDIES, admin_refusal
from moorage_gateway.reporting.admin_pages import AdminPages, Readiness, RenderMetrics
from moorage_site.bounded_site import BoundedSite


class AdminSite:
    """Serves the admin port. ``refused`` gets the reason of each refusal (``Cells.refused``)."""

    def __init__(
        self,
        render_metrics: RenderMetrics,
        readiness: Callable[[], Readiness],
        status: Callable[[], object],
        refused: Callable[[str], None],
        extra_routes: Sequence[web.RouteDef] = (),
    ) -> None:
        """``extra_routes`` stand behind the same guard and bound their bodies themselves."""
        self.port = 0
        """The port in use since the start."""
        self._refused = refused
        self._bound_host = ""
        app = web.Application(middlewares=[self._guarded])
        app.add_routes([*AdminPages(render_metrics, readiness, status).routes(), *extra_routes])
        self._site = BoundedSite(app, refused)

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any free one. Raises ``OSError`` if the address is taken."""
        self._bound_host = host
        _, self.port = await self._site.start(lambda protocol: listen(protocol, host, port))

    async def stop(self, grace_seconds: float) -> None:
        """Stop listening, let running answers end within ``grace_seconds``, close the rest."""
        await self._site.stop(grace_seconds)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = admin_refusal(
            request.raw_path,
            request.headers.getall("Host", ()),
            request.headers.getall("Origin", ()),
            self._bound_host,
        )
        if reason is None:
            return await handler(request)
        self._refused(reason)
        return web.json_response({"reason": reason, "remedy": REMEDIES[reason]}, status=403)
