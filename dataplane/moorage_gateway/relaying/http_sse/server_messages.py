"""What an HTTP+SSE endpoint says in one session, on its way to who should hear it.

An answer goes to the POST that waits for it, anything else to the POST that it concerns or the
client's GET stream; where there is neither it waits, bounded, for a GET stream.
"""

from collections import deque
from collections.abc import Callable, Sequence

from moorage_gateway.relaying.http_sse.outbox import MAX_BYTES, MAX_MESSAGES, Outbox
from moorage_gateway.relaying.http_sse.stream_refusals import already_listening
from moorage_gateway.relaying.http_sse.waiting_calls import WaitingCalls, WaitingPost
from moorage_wire.jsonrpc import MalformedMessage, Message, MessageKind, read_message

MESSAGE_DROPPED = "ServerMessageDropped"
"""A message that came while nobody listened and too much was waiting already."""
ANSWER_DROPPED = "AnswerWithoutCaller"
"""An answer whose caller is gone: only a resumed stream could carry it, and there is none here."""
MALFORMED_DROPPED = "MalformedServerMessage"


class ServerMessages:
    """The open POSTs and the GET stream of one session, and what waits for them.

    ``dropped`` counts by reason; ``on_room`` is called when a reader may have made room.
    """

    def __init__(self, dropped: Callable[[str], None], on_room: Callable[[], None]) -> None:
        self._dropped = dropped
        self._on_room = on_room
        self._calls = WaitingCalls()
        self._get: Outbox | None = None
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0

    @property
    def awaited(self) -> bool:
        """Whether somebody listens at this moment."""
        return self._get is not None or len(self._calls) > 0

    @property
    def full(self) -> bool:
        """Whether a reader is so far behind that the endpoint shall wait."""
        return any(outbox.full for outbox in self.outboxes())

    def outboxes(self) -> list[Outbox]:
        """All that somebody reads."""
        own = [] if self._get is None else [self._get]
        return own + [post.outbox for post in self._calls.posts]

    # who listens

    def wait(self, requests: Sequence[Message], *, events: bool) -> WaitingPost:
        """A POST for the answers to these; raises MalformedRequest, CapacityError."""
        post = WaitingPost(requests, Outbox(self._on_room), events=events)
        self._calls.add(requests, post)
        return post

    def forget(self, post: WaitingPost) -> None:
        """The POST's caller has got all, or is gone."""
        self._calls.remove(post)
        self._on_room()

    def listen(self) -> Outbox:
        """The GET stream, of which there is one at a time; raises MalformedRequest."""
        if self._get is not None:
            raise already_listening()
        self._get = outbox = Outbox(self._on_room)
        for message in self._backlog:
            outbox.put(message)
        self._backlog.clear()
        self._backlog_bytes = 0
        return outbox

    def stop_listening(self) -> None:
        """The GET stream has ended."""
        self._get = None
        self._on_room()

    # what is said

    def heard(self, data: bytes) -> None:
        """Pass a message on; what is none, and what nobody can get, is counted."""
        try:
            message = read_message(data)
        except MalformedMessage:
            self._dropped(MALFORMED_DROPPED)
            return
        if message.kind is MessageKind.RESPONSE:
            self._answered(message)
        else:
            self._deliver(message)

    def _answered(self, response: Message) -> None:
        post = self._calls.answered(response)
        if post is None:
            self._dropped(ANSWER_DROPPED)
        else:
            post.answer(response)

    def _deliver(self, message: Message) -> None:
        post = self._calls.concerned(message, listening=self._get is not None)
        outbox = self._get if post is None else post.outbox
        if outbox is not None:
            outbox.put(message.encode())
        else:
            self._keep(message.encode())

    def _keep(self, message: bytes) -> None:
        if len(self._backlog) < MAX_MESSAGES and self._backlog_bytes < MAX_BYTES:
            self._backlog.append(message)
            self._backlog_bytes += len(message)
        else:
            self._dropped(MESSAGE_DROPPED)

    def end_listening(self) -> None:
        """End the GET stream, after what waits for it."""
        if self._get is not None:
            self._get.close()

    @property
    def posts(self) -> tuple[WaitingPost, ...]:
        """The POSTs that are not all answered."""
        return self._calls.posts
