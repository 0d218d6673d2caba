"""Legacy sessions: from the id a client sends to the endpoint that holds the session's state."""

from moorage_gateway.access.principal import Principal
from moorage_gateway.errors import EndpointGone
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_gateway.routing.moorings import Mooring, unknown_session
from moorage_wire.capsules import (
    MAX_CAPSULE_CHARS,
    BadCapsule,
    CapsuleKind,
    CapsuleTooLarge,
    EventContent,
    open_content,
    seal_content,
)
from moorage_wire.sse import EventTooLarge


def board(runtime: Runtime, call: Call, principal: Principal) -> tuple[Mooring, BookedEndpoint]:
    """Open the session id of a call and find its endpoint; the session counts as alive.

    Raises SessionNotFound (unknown, forged, foreign, too old) or EndpointGone.
    """
    assert call.route is not None and call.group is not None and call.head.session_id is not None
    mooring = runtime.moorings.open(call.route.path, call.head.session_id)
    rules = call.group.rules.sessions
    too_old = runtime.unix_seconds() - mooring.minted_at > rules.max_seconds
    if mooring.principal_tag != principal.tag or too_old:
        raise unknown_session()
    booked = call.group.endpoints.get(mooring.endpoint_uid)
    if booked is None:
        raise gone(call)
    call.mooring = mooring
    runtime.ledger.touch(
        mooring.session_tag, call.group, mooring.endpoint_uid, runtime.loop_seconds()
    )
    return mooring, booked


def gone(call: Call) -> EndpointGone:
    """The honest end of a session whose endpoint is no more."""
    assert call.group is not None
    if call.group.rules.source == "Stdio":
        return EndpointGone(
            "session not found: its stdio server belongs to another gateway process, "
            "or to one that has ended",
            remedy="initialize again; for sessions that any replica can serve, "
            "run the server as HTTP and use an external or workload source",
        )
    return EndpointGone(
        "session not found: the endpoint that held its state is gone",
        remedy="initialize again; the session's state is lost",
    )


def upstream_line(mooring: Mooring) -> bytes:
    """The session id header line that the endpoint knows."""
    return b"mcp-session-id: %b\r\n" % mooring.upstream_session_id


def client_line(mooring: Mooring) -> bytes:
    """The session id header line that the client knows."""
    return b"mcp-session-id: %b\r\n" % mooring.capsule.encode("ascii")


class EventIds:
    """Seals the event ids of one session's streams, and opens the one a client resumes from."""

    __slots__ = ("_endpoint_uid", "_route", "_runtime", "_session_tag")

    def __init__(self, runtime: Runtime, route: str, endpoint_uid: str, session_tag: bytes) -> None:
        self._runtime = runtime
        self._route = route
        self._endpoint_uid = endpoint_uid
        self._session_tag = session_tag

    def seal(self, event_id: bytes) -> bytes:
        """The capsule that leaves in place of ``event_id``; raises EventTooLarge."""
        content = EventContent(self._endpoint_uid, self._session_tag, event_id)
        try:
            text = seal_content(self._runtime.sealer, CapsuleKind.EVENT, self._route, content)
        except CapsuleTooLarge as error:
            raise EventTooLarge(MAX_CAPSULE_CHARS) from error
        return text.encode("ascii")

    def open(self, capsule: bytes) -> bytes | None:
        """The endpoint's event id; None for any other session's, endpoint's or forged one."""
        try:
            content = open_content(
                self._runtime.sealer, CapsuleKind.EVENT, self._route, capsule.decode("latin-1")
            )
        except BadCapsule:
            return None
        assert isinstance(content, EventContent)
        if (content.endpoint_uid, content.session_tag) != (self._endpoint_uid, self._session_tag):
            return None
        return content.event_id
