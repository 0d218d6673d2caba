"""Moorings: session → endpoint, carried by the client in a capsule and opened here.

A handoff (moving a session to another endpoint) will change a mooring's generation here; until
then a session whose endpoint is gone is told so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from moorage_gateway.errors import SessionNotFound
from moorage_wire.capsules import (
    BadCapsule,
    CapsuleKind,
    CapsuleSealer,
    SessionContent,
    open_content,
    seal_content,
)


@dataclass(frozen=True, slots=True)
class Mooring:
    """One session's binding, as opened from its capsule."""

    capsule: str
    endpoint_uid: str
    upstream_session_id: bytes
    protocol_version: str
    principal_tag: bytes
    minted_at: int
    session_tag: bytes
    """8 bytes that name the session in ledgers, equal on every replica."""
    log_names: bytes
    """What lines of the access log say of the session, ready."""


def session_tag(endpoint_uid: str, upstream_session_id: str) -> bytes:
    """The tag of a session; it reveals neither the endpoint nor the id."""
    return blake2b(
        upstream_session_id.encode("utf-8", "surrogateescape"),
        digest_size=8,
        key=endpoint_uid.encode()[:64],
    ).digest()


class Moorings:
    """Mints and opens session capsules; remembers the opened ones, bounded, oldest out first."""

    def __init__(
        self, sealer: CapsuleSealer, remembered: int, log_names: Callable[[str, bytes], bytes]
    ) -> None:
        """``log_names`` names a session in the access log, by its capsule and the endpoint's id."""
        self._sealer = sealer
        self._log_names = log_names
        self._remembered = remembered
        self._opened: dict[tuple[str, str], Mooring] = {}

    def mint(self, route: str, content: SessionContent) -> Mooring:
        """Seal a new session's mooring into the id that its client will hold."""
        text = seal_content(self._sealer, CapsuleKind.SESSION, route, content)
        return self._remember(route, text, content)

    def open(self, route: str, text: str) -> Mooring:
        """The mooring in a session id; raises SessionNotFound, alike for every wrong id."""
        mooring = self._opened.get((route, text))
        if mooring is not None:
            return mooring
        try:
            content = open_content(self._sealer, CapsuleKind.SESSION, route, text)
        except BadCapsule as error:
            raise unknown_session() from error
        assert isinstance(content, SessionContent)
        return self._remember(route, text, content)

    def forget_opened(self) -> None:
        """Open every session id anew from now on: a key has left the ring."""
        self._opened.clear()

    def _remember(self, route: str, text: str, content: SessionContent) -> Mooring:
        upstream_session_id = content.upstream_session_id.encode("latin-1")
        mooring = Mooring(
            capsule=text,
            endpoint_uid=content.endpoint_uid,
            upstream_session_id=upstream_session_id,
            protocol_version=content.protocol_version,
            principal_tag=content.principal_tag,
            minted_at=content.minted_at,
            session_tag=session_tag(content.endpoint_uid, content.upstream_session_id),
            log_names=self._log_names(text, upstream_session_id),
        )
        if len(self._opened) >= self._remembered:
            del self._opened[next(iter(self._opened))]
        self._opened[(route, text)] = mooring
        return mooring


def unknown_session() -> SessionNotFound:
    """The one answer to every session id that is not a living session's."""
    return SessionNotFound(
        "session not found",
        remedy="initialize again; a session id is valid on its own route until it ends",
    )
