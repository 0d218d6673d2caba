"""One request to one endpoint: connection, relay, accounting, deadline."""

import asyncio
import logging
from collections.abc import Callable

from moorage_gateway.errors import (
    AnswerTimeout,
    BadAnswer,
    EndpointUnreachable,
    UpstreamError,
)
from moorage_gateway.relaying.answer_relay import AnswerRelay
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.passages.passage import Passage
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook

SWEEP_SECONDS = 0.25
_log = logging.getLogger(__name__)


class Exchanges:
    """Runs exchanges and ends those whose endpoint has been silent for too long.

    One sweep over all of them is cheaper than a timer for each.
    """

    def __init__(self, book: EndpointBook, unwell: Callable[[BookedEndpoint], None]) -> None:
        self._book = book
        self._unwell = unwell
        self._loop = asyncio.get_running_loop()
        self._timed: set[AnswerRelay] = set()
        self.running: set[AnswerRelay] = set()

    async def run(
        self,
        call: Call,
        booked: BookedEndpoint,
        request: bytes,
        passage: Passage,
        silence_seconds: float,
    ) -> None:
        """Send ``request`` and relay its answer until the client has it all.

        Raises UpstreamError while nothing of the answer has reached the client, and
        CancelledError when the client is gone. ``silence_seconds`` 0 waits for ever.
        """
        now = self._loop.time()
        connection = booked.pool.take_idle(now)
        if connection is None:
            try:
                connection = await booked.pool.connect()
            except EndpointUnreachable as error:
                self.failed(booked, error)
                raise
        relay = AnswerRelay(call, passage, connection, self._loop)
        call.endpoint, call.sent_at = booked, now
        call.client.feeder = relay
        group, uid = booked.group, booked.endpoint.uid
        group.request_started(uid)
        self.running.add(relay)
        if silence_seconds:
            booked.awaited += 1
            relay.silence_seconds, relay.deadline = silence_seconds, now + silence_seconds
            self._timed.add(relay)
        try:
            connection.send(request, relay)
            if call.client.writing_paused:
                relay.client_paused()
            await relay.done
            ended = self._loop.time()
            call.upstream_seconds += ended - now
            if relay.failure is None:
                self.answered(booked, ended)
            else:
                self.failed(booked, relay.failure)
        except UpstreamError as error:
            self.failed(booked, error)
            raise
        finally:
            if silence_seconds:
                booked.awaited -= 1
            relay.abort()
            call.client.feeder = None
            self.running.discard(relay)
            self._timed.discard(relay)
            group.request_ended(uid)

    def answered(self, booked: BookedEndpoint, now: float) -> None:
        """This endpoint gave a whole answer."""
        booked.last_answer = now
        if booked.health.failures:
            self._book.set_health(booked, booked.health.answered())

    def failed(self, booked: BookedEndpoint, error: UpstreamError) -> None:
        """An exchange with this endpoint failed: it may be down, and is verified anew then.

        What one caller got as an unfit answer, or did not get in time, takes the endpoint from
        nobody else: whether it still answers at all is for the pings to say.
        """
        if isinstance(error, BadAnswer | AnswerTimeout):
            return
        fatal = isinstance(error, EndpointUnreachable)
        self._book.set_health(booked, booked.health.failed(error.message, fatal=fatal))
        self._unwell(booked)

    async def sweep(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = self._loop.time()
            for relay in [relay for relay in self._timed if relay.deadline < now]:
                try:
                    relay.time_out(_silent(relay.silence_seconds))
                except Exception:  # one relay's defect must not end the watch over all others
                    _log.exception("a silent exchange could not be ended")


def _silent(seconds: float) -> AnswerTimeout:
    return AnswerTimeout(
        f"the endpoint was silent for {seconds:.0f} s; the call may have run",
        remedy="check its effect before calling again; raise timeouts.answerSeconds for slow tools",
    )
