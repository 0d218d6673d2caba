"""Who asked can be told: the answer's form is the same for a client and for another replica."""

from typing import Protocol

from moorage_gateway.errors import AnswerTimeout, GatewayError
from moorage_gateway.refusals import body_of
from moorage_gateway.relaying.http_sse.outbox import Outbox
from moorage_wire.sse import encode_comment, encode_event

KEEP_ALIVE_SECONDS = 30.0
"""So often an idle stream gets a comment: a client that is gone is noticed when it is written."""
QUIET_SECONDS = 15.0
"""An answer that takes longer becomes an event stream, so that a dead client is noticed."""

KEEP_ALIVE = encode_comment(b"keep-alive")


class Answering(Protocol):
    """Writes one HTTP answer, with back-pressure."""

    @property
    def started(self) -> bool:
        """True once the head is out."""
        ...

    async def whole(self, status: int, body: bytes) -> None: ...
    async def start_events(self) -> None: ...
    async def write(self, octets: bytes) -> None: ...
    async def end(self) -> None: ...

    def failed(self, failure: GatewayError) -> None:
        """A failure was told as an event, because the head was out already."""
        ...


async def relay_stream(outbox: Outbox, answer: Answering) -> None:
    """Write messages as events until the outbox is closed, a comment when there are none."""
    while True:
        try:
            messages = await outbox.take(KEEP_ALIVE_SECONDS)
        except TimeoutError:
            await answer.write(KEEP_ALIVE)
            continue
        if not messages:
            return
        await answer.write(as_events(messages))


async def relay_answer(
    outbox: Outbox,
    answer: Answering,
    *,
    json: bool,
    events: bool,
    silence_seconds: float,
) -> None:
    """Write what answers a POST: one message as JSON if it is all there is, else events.

    Raises GatewayError, also after the head is out; ``tell_failure`` is for that.
    """
    silent_seconds = 0.0
    while True:
        wait_seconds = QUIET_SECONDS if events else silence_seconds
        try:
            messages = await outbox.take(min(wait_seconds, silence_seconds - silent_seconds))
        except TimeoutError:
            silent_seconds += wait_seconds
            if silent_seconds >= silence_seconds:
                raise _silent(silence_seconds) from None
            await _begin_events(answer)
            await answer.write(KEEP_ALIVE)
            continue
        silent_seconds = 0.0
        if not messages:
            break
        if json and not answer.started and outbox.closed and len(messages) == 1:
            await answer.whole(200, messages[0])
            return
        await _begin_events(answer)
        await answer.write(as_events(messages))
    await answer.end()


async def tell_failure(answer: Answering, failure: GatewayError, raw_ids: list[bytes]) -> None:
    """End an event stream with the failure as the answer to each request still open."""
    answer.failed(failure)
    await answer.write(as_events([body_of(failure, raw_id) for raw_id in raw_ids]))
    await answer.end()


async def _begin_events(answer: Answering) -> None:
    if not answer.started:
        await answer.start_events()


def as_events(messages: list[bytes]) -> bytes:
    """Messages as HTTP+SSE and streamable HTTP both carry them."""
    return b"".join(encode_event(message, event=b"message") for message in messages)


def _silent(seconds: float) -> AnswerTimeout:
    return AnswerTimeout(
        f"the endpoint was silent for {seconds:.0f} s; the call may have run",
        remedy="check its effect before calling again; raise timeouts.answerSeconds for slow tools",
    )
