"""All that feeds one client's stream: paused together while the client does not keep up."""

from collections.abc import Callable

from moorage_gateway.relaying.http_sse.held_bytes import HeldBytes
from moorage_gateway.relaying.http_sse.message_exchange import MessageExchange
from moorage_gateway.relaying.http_sse.outbox import Outbox
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint


class StreamFeed:
    """The client's outbox and the exchanges that fill it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._running: set[MessageExchange] = set()
        self._held = HeldBytes(2 * runtime.limits.held_answer_bytes)
        self.outbox = Outbox(on_room=self._resume)

    def exchange(
        self, booked: BookedEndpoint, on_message: Callable[[MessageExchange, bytes], None]
    ) -> MessageExchange:
        """An exchange that is paused with the others; ``run`` it."""
        return MessageExchange(self._runtime, booked, self._held, on_message)

    async def run(
        self,
        exchange: MessageExchange,
        request: bytes,
        silence_seconds: float,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        """See ``MessageExchange.run``."""
        self._running.add(exchange)
        if self.outbox.full:
            exchange.pause()
        try:
            await exchange.run(request, silence_seconds, sent)
        finally:
            self._running.discard(exchange)

    def put(self, message: bytes) -> None:
        """Queue a message for the client."""
        self.outbox.put(message)
        if self.outbox.full:
            for exchange in self._running:
                exchange.pause()

    def _resume(self) -> None:
        for exchange in self._running:
            exchange.resume()
