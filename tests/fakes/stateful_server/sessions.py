"""The sessions of one server process (no I/O)."""

import secrets
from dataclasses import dataclass
from typing import Any

VERSIONS = ("2025-03-26", "2025-06-18", "2025-11-25")
SSE_EVERY = 5
PUSH_EVERY = 10

Message = dict[str, Any]


@dataclass(slots=True)
class Session:
    """One client's place: who called first, and how often."""

    identifier: str
    secret: str
    owner: str | None = None
    count: int = 0

    def advance(self, arguments: Message, replica: str) -> Message:
        """Counts a call; the answer tells owner, secret and the caller's own nonce back."""
        if self.owner is None:
            self.owner = str(arguments["owner"])
        self.count += 1
        return {
            "owner": self.owner,
            "count": self.count,
            "nonce": arguments["nonce"],
            "secret": self.secret,
            "replica": replica,
        }

    @property
    def answers_by_sse(self) -> bool:
        return self.count % SSE_EVERY == 0

    @property
    def pushes_now(self) -> bool:
        return self.count % PUSH_EVERY == 0


class SessionBook:
    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def open(self) -> Session:
        session = Session(secrets.token_urlsafe(18), secrets.token_urlsafe(9))
        self._sessions[session.identifier] = session
        return session

    def find(self, identifier: str) -> Session | None:
        return self._sessions.get(identifier)

    def close(self, session: Session) -> None:
        del self._sessions[session.identifier]


ADVANCE_TOOL: Message = {
    "name": "advance",
    "description": "Counts this session's calls",
    "inputSchema": {
        "type": "object",
        "properties": {"owner": {"type": "string"}, "nonce": {"type": "string"}},
        "required": ["owner", "nonce"],
    },
}


def initialize_result(params: Message) -> Message:
    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[-1],
        "capabilities": {"tools": {}, "logging": {}},
        "serverInfo": {"name": "moorage-stateful-server", "version": "1.0.0"},
    }
