"""Serves requests for what this replica holds, whoever asks: its own clients or other replicas."""

from moorage_gateway.errors import GatewayError
from moorage_gateway.relaying.http_sse.answering import (
    Answering,
    relay_answer,
    relay_stream,
    tell_failure,
)
from moorage_gateway.relaying.http_sse.bridged_session import BridgedSession
from moorage_gateway.relaying.http_sse.held_request import HeldRequest
from moorage_gateway.relaying.http_sse.holdings import Holdings
from moorage_gateway.relaying.http_sse.stream_refusals import not_acceptable
from moorage_gateway.relaying.http_sse.waiting_calls import requests_of
from moorage_gateway.routing.moorings import unknown_session
from moorage_wire.jsonrpc import Message, read_body


class HeldService:
    """One method for each verb of a HeldRequest."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings

    async def serve(self, request: HeldRequest, answer: Answering) -> None:
        """Answer it; raises GatewayError while nothing is written."""
        if request.verb == "say":
            await self._say(request, answer)
            return
        session = self._holdings.session(request.route, request.holding_id, request.principal_tag)
        if request.verb == "post":
            await self._post(session, request, answer)
        elif request.verb == "get":
            await self._get(session, answer)
        else:
            session.close(unknown_session())
            await answer.whole(200, b"")

    async def _say(self, request: HeldRequest, answer: Answering) -> None:
        stream = self._holdings.stream(request.route, request.holding_id, request.principal_tag)
        for message in _messages(request):
            await stream.deliver(message, request.forward)
        await answer.whole(202, b"")

    async def _post(self, session: BridgedSession, request: HeldRequest, answer: Answering) -> None:
        messages = _messages(request)
        if not requests_of(messages):
            await session.tell(messages, request.forward)
            await answer.whole(202, b"")
            return
        is_batch = request.body.lstrip().startswith(b"[")
        if is_batch and not request.events:
            raise not_acceptable()
        post = session.ask(messages, request.forward, events=request.events)
        try:
            await relay_answer(
                post.outbox,
                answer,
                json=request.json and not is_batch,
                events=request.events,
                silence_seconds=session.booked.group.rules.answer_seconds,
            )
        except GatewayError as failure:
            if not answer.started:
                raise
            await tell_failure(answer, failure, list(post.open_ids.values()))
        finally:
            session.forget(post)

    async def _get(self, session: BridgedSession, answer: Answering) -> None:
        outbox = session.listen()
        try:
            await answer.start_events()
            await relay_stream(outbox, answer)
            await answer.end()
        finally:
            session.stop_listening()


def _messages(request: HeldRequest) -> tuple[Message, ...]:
    read = read_body(request.body)
    return read if isinstance(read, tuple) else (read,)
