"""A streamable HTTP session that the gateway leads for an HTTP+SSE client: its requests."""

from dataclasses import dataclass

from moorage_gateway.relaying.http_sse.wire_forms import LISTENING_HEAD, STREAMABLE_HEAD
from moorage_gateway.routing.endpoint_book import BookedEndpoint


@dataclass(frozen=True)
class UpstreamSession:
    """Where the session's state is, under which id, in which version."""

    booked: BookedEndpoint
    session_id: str | None
    """None where the server gives no session ids."""
    protocol_version: str | None
    """None until ``initialize`` was answered."""

    @property
    def at_home(self) -> bool:
        """Whether the endpoint that holds the session is still in the table."""
        return self.booked.group.endpoints.get(self.booked.uid) is self.booked

    def post(self, lines: bytes, body: bytes) -> bytes:
        """A whole POST; ``lines`` are the client's own header lines."""
        return self.booked.pool.post(STREAMABLE_HEAD + lines, self._lines(), body)

    def get(self, lines: bytes, last_event_id: bytes | None) -> bytes:
        """A whole GET of the session's stream, or of the rest of a broken answer."""
        resume = b"" if last_event_id is None else b"last-event-id: %b\r\n" % last_event_id
        return self.booked.pool.bodiless(b"GET", LISTENING_HEAD + lines, self._lines() + resume)

    def delete(self, lines: bytes) -> bytes:
        """A whole DELETE."""
        return self.booked.pool.bodiless(b"DELETE", lines, self._lines())

    def _lines(self) -> bytes:
        lines = b""
        if self.protocol_version is not None:
            lines += b"mcp-protocol-version: %b\r\n" % self.protocol_version.encode()
        if self.session_id is not None:
            lines += b"mcp-session-id: %b\r\n" % self.session_id.encode()
        return lines
