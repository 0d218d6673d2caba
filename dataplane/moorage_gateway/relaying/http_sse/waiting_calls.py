"""Who of one streamable HTTP client waits for what an HTTP+SSE endpoint says.

The endpoint says everything on its one stream; the client waits on a POST for each answer and on
its GET stream for all else. Source: MCP 2025-11-25, ``basic/transports``: a message goes to
exactly one stream.
"""

from collections.abc import Sequence

from moorage_gateway.errors import MalformedRequest
from moorage_gateway.relaying.http_sse.outbox import Outbox
from moorage_gateway.relaying.http_sse.same_id import id_key
from moorage_gateway.relaying.http_sse.stream_refusals import too_many_calls
from moorage_wire.jsonrpc import Message, MessageKind

MAX_WAITING = 256


class WaitingPost:
    """One POST whose requests are not all answered."""

    def __init__(self, requests: Sequence[Message], outbox: Outbox, *, events: bool) -> None:
        self.outbox = outbox
        self.events = events
        """Whether it can carry more than its answers."""
        self.open_ids = {id_key(request.id): request.id or b"null" for request in requests}

    def answer(self, response: Message) -> None:
        """Give it one of its answers; the last one closes it."""
        del self.open_ids[id_key(response.id)]
        self.outbox.put(response.encode())
        if not self.open_ids:
            self.outbox.close()


class WaitingCalls:
    """The open POSTs of one session, by the ids and progress tokens of their requests."""

    def __init__(self) -> None:
        self._by_id: dict[bytes, WaitingPost] = {}
        self._by_token: dict[bytes, WaitingPost] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def posts(self) -> tuple[WaitingPost, ...]:
        """All of them, oldest first."""
        return tuple(dict.fromkeys(self._by_id.values()))

    def add(self, requests: Sequence[Message], post: WaitingPost) -> None:
        """Wait for these answers; raises MalformedRequest, CapacityError."""
        if len(post.open_ids) < len(requests) or post.open_ids.keys() & self._by_id.keys():
            raise MalformedRequest(
                "a request with this id is still in flight in this session",
                reason="IdInFlight",
                remedy="use a new id for each request",
            )
        if len(self._by_id) + len(requests) > MAX_WAITING:
            raise too_many_calls(MAX_WAITING)
        self._by_id |= dict.fromkeys(post.open_ids, post)
        for request in requests:
            token = (request.meta or {}).get("progressToken")
            if token is not None:
                self._by_token[id_key(bytes(token))] = post

    def remove(self, post: WaitingPost) -> None:
        """Nobody waits on this POST any more."""
        self._by_id = {key: value for key, value in self._by_id.items() if value is not post}
        self._by_token = {key: value for key, value in self._by_token.items() if value is not post}

    def answered(self, response: Message) -> WaitingPost | None:
        """Whose answer it is; that request waits no longer."""
        return self._by_id.pop(id_key(response.id), None)

    def concerned(self, message: Message, *, listening: bool) -> WaitingPost | None:
        """The POST that a notification or request of the server belongs to, None for the GET.

        The endpoint does not say. Progress names its request; what comes while one single request
        is in flight is most likely about it, and comes in order on its stream.
        """
        if message.method == "notifications/progress":
            token = (message.params or {}).get("progressToken")
            post = None if token is None else self._by_token.get(id_key(bytes(token)))
            if post is not None and post.events:
                return post
        posts = [post for post in self.posts if post.events]
        if len(posts) == 1 or (posts and not listening):
            return posts[0]
        return None


def requests_of(messages: Sequence[Message]) -> list[Message]:
    """Those that want an answer."""
    return [message for message in messages if message.kind is MessageKind.REQUEST]
