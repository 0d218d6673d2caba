"""One request of an HTTP+SSE client, from its POST to the endpoint to its response."""

import asyncio
from collections.abc import Callable

from moorage_gateway.errors import EndpointUnreachable, OutcomeUnknown, UpstreamError
from moorage_gateway.refusals import body_of
from moorage_gateway.relaying.http_sse.message_exchange import MessageExchange
from moorage_gateway.relaying.http_sse.same_id import id_key
from moorage_gateway.relaying.http_sse.stream_feed import StreamFeed
from moorage_gateway.relaying.http_sse.stream_refusals import (
    ended_without_answer,
    refused_by_endpoint,
)
from moorage_gateway.relaying.http_sse.upstream_session import UpstreamSession
from moorage_gateway.relaying.http_sse.wire_forms import response_in
from moorage_wire.jsonrpc import Message

RESUMPTIONS = 2
"""Vain tries to resume a broken answer; official clients make as many."""


class HeldCall:
    """``on_response`` sees the response before the client does."""

    def __init__(
        self,
        feed: StreamFeed,
        session: UpstreamSession,
        message: Message,
        on_response: Callable[[MessageExchange, Message], None] = lambda exchange, response: None,
    ) -> None:
        self._feed = feed
        self._session = session
        self._message = message
        self._on_response = on_response
        self._answered = False
        self.session_lost = False
        """True when the endpoint no longer knows the session."""

    async def ask(self, lines: bytes, silence_seconds: float, sent: Callable[[], None]) -> None:
        """Post the request; all messages of its answer go to the client.

        Raises GatewayError: EndpointUnreachable only while nothing was sent.
        """
        request = self._session.post(lines, self._message.encode())
        exchange = await self._run(request, silence_seconds, sent)
        if exchange.refused and not self._answered:
            self._relay_refusal(exchange)
            return
        await self._resume(exchange, lines, silence_seconds)

    async def _run(
        self, request: bytes, silence_seconds: float, sent: Callable[[], None] = lambda: None
    ) -> MessageExchange:
        exchange = self._feed.exchange(self._session.booked, self._heard)
        try:
            await self._feed.run(exchange, request, silence_seconds, sent)
        except UpstreamError as error:
            resumable = isinstance(error, OutcomeUnknown) and exchange.last_event_id is not None
            # After the response nothing may be told of the call: a second one would contradict it.
            if not self._answered and not resumable:
                raise
        return exchange

    async def _resume(
        self, exchange: MessageExchange, lines: bytes, silence_seconds: float
    ) -> None:
        """A server may end its answer and have it fetched by GET (2025-11-25, transports)."""
        event_id, vain = exchange.last_event_id, 0
        while not self._answered:
            if event_id is None or vain == RESUMPTIONS or exchange.refused:
                raise ended_without_answer()
            await asyncio.sleep(exchange.retry_seconds)
            exchange = await self._rest(self._session.get(lines, event_id), silence_seconds)
            vain = 0 if exchange.events else vain + 1
            event_id = exchange.last_event_id or event_id

    async def _rest(self, request: bytes, silence_seconds: float) -> MessageExchange:
        try:
            return await self._run(request, silence_seconds)
        except EndpointUnreachable as error:
            # The call itself was sent: "nothing was sent" would have it run a second time.
            raise ended_without_answer() from error

    def _heard(self, exchange: MessageExchange, data: bytes) -> None:
        response = response_in(data)
        if response is not None and id_key(response.id) == id_key(self._message.id):
            self._answered = True
            self._on_response(exchange, response)
        self._feed.put(data)

    def _relay_refusal(self, exchange: MessageExchange) -> None:
        """The client has its 202: what the endpoint refused is told on the stream."""
        assert self._message.id is not None
        self.session_lost = exchange.status == 404 and self._session.session_id is not None
        refusal = response_in(exchange.body)
        if refusal is not None:
            self._feed.put(refusal.with_id(self._message.id).encode())
        else:
            self._feed.put(body_of(refused_by_endpoint(exchange.status), self._message.id))
