"""One request on its way: what its story, its relay, the metrics and the log know of it."""

from moorage_contract.route_table import Route
from moorage_gateway.relaying.client_connection import ClientConnection
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.moorings import Mooring
from moorage_wire.heads import RequestHead
from moorage_wire.jsonrpc import Message


class Call:
    """The facts of one request, filled in as its story goes on."""

    __slots__ = (
        "answered",
        "bytes_in",
        "bytes_out",
        "client",
        "cors_lines",
        "endpoint",
        "events",
        "group",
        "head",
        "http11",
        "is_head",
        "keep_alive",
        "message",
        "method",
        "mooring",
        "outcome",
        "reason",
        "route",
        "sent_at",
        "started_at",
        "status",
        "stream_capsule",
        "upstream_seconds",
    )

    def __init__(self, client: ClientConnection, head: RequestHead, started_at: float) -> None:
        self.client = client
        self.head = head
        self.started_at = started_at
        self.cors_lines = b""
        """Header lines that let a page of the caller's origin read the answer."""
        self.http11 = True
        self.is_head = False
        self.keep_alive = True
        self.route: Route | None = None
        self.group: BookedGroup | None = None
        self.endpoint: BookedEndpoint | None = None
        self.mooring: Mooring | None = None
        self.stream_capsule: str | None = None
        """What names an HTTP+SSE client's session, as a mooring's capsule does for the others."""
        self.message: Message | None = None
        self.method = ""
        self.status = 0
        self.answered = False
        """True once the caller has what it asked for, though its stream may go on."""
        self.outcome = "ok"
        self.reason: str | None = None
        self.sent_at = 0.0
        self.upstream_seconds = 0.0
        """What of this call's time was spent waiting for endpoints."""
        self.events = 0
        self.bytes_in = 0
        self.bytes_out = 0

    def decide_closing(self) -> bool:
        """Whether the connection ends with this answer: its head, being written now, says so."""
        self.keep_alive = self.keep_alive and not self.client.ends_soon
        return not self.keep_alive

    @property
    def raw_id(self) -> bytes | None:
        """The JSON-RPC id of the request as its client wrote it."""
        return self.message.id if self.message is not None else None
