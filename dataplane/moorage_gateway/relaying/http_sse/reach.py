"""The way to what one replica holds: into the next room, or over to that replica."""

from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.http_sse.client_answer import ClientAnswer
from moorage_gateway.relaying.http_sse.held_request import HeldRequest
from moorage_gateway.relaying.http_sse.held_service import HeldService
from moorage_gateway.relaying.http_sse.replica_sender import ReplicaSender
from moorage_gateway.routing.moorings import unknown_session


class Reach:
    """``holder`` is the ``host:port`` at which other replicas reach this one's admin port.

    It is empty while there is no such port: then this replica serves what it holds itself, and
    no other one can.
    """

    def __init__(self, service: HeldService, sender: ReplicaSender) -> None:
        self._service = service
        self._sender = sender
        self.holder = ""

    async def ask(
        self, call: Call, holder: str, request: HeldRequest, session_line: bytes = b""
    ) -> None:
        """Serve the request where its thing is held; raises GatewayError before any byte."""
        assert call.group is not None
        if holder == self.holder:
            answer = ClientAnswer(call, session_line)
            try:
                await self._service.serve(request, answer)
            finally:
                answer.released()
            return
        if not holder:
            raise unknown_session()
        silence_seconds = 0 if request.verb == "get" else call.group.rules.answer_seconds
        await self._sender.send(call, holder, request, session_line, silence_seconds)
