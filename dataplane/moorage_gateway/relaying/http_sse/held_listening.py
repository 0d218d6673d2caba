"""The GET stream that the gateway keeps open at the endpoint for one HTTP+SSE client."""

import asyncio
from collections.abc import Callable

from moorage_gateway.errors import GatewayError
from moorage_gateway.relaying.http_sse.stream_feed import StreamFeed
from moorage_gateway.relaying.http_sse.upstream_session import UpstreamSession

MAX_DELAY_SECONDS = 30.0
_RETRIED = (408, 409, 425, 429)
"""Refusals that pass: 409 while the endpoint has not yet noticed our last stream's end."""


async def listen(
    feed: StreamFeed, session: UpstreamSession, lines: bytes, on_lost: Callable[[], None]
) -> None:
    """Relay what the server says unasked, until it has no such stream or the session is lost."""
    event_id: bytes | None = None
    vain = 0
    while True:
        exchange = feed.exchange(session.booked, lambda _, data: feed.put(data))
        refused = lost = False
        try:
            await feed.run(exchange, session.get(lines, event_id), silence_seconds=0)
        except GatewayError as error:
            lost = error.reason == "ConnectRefused"
        else:
            lost = exchange.status == 404
            refused = 400 <= exchange.status < 500 and exchange.status not in _RETRIED
        lost = (lost or not session.at_home) and session.session_id is not None
        if lost:
            on_lost()
        if lost or refused or not session.at_home:
            return
        vain = 0 if exchange.events else vain + 1
        event_id = exchange.last_event_id or event_id
        await asyncio.sleep(min(exchange.retry_seconds * 2 ** min(vain, 5), MAX_DELAY_SECONDS))
