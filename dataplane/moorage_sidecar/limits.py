"""What one stdio bridge may hold, wait for and start: every bound in one value."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class BridgeLimits:
    """Bounds of one bridge; past each stands a named refusal."""

    max_sessions: int = 100
    """Legacy sessions alive or shutting down; one process each."""
    max_principals: int = 100
    """Processes of the modern era; one for each principal."""
    max_calls: int = 256
    """Requests that one process may owe an answer to."""
    max_connections: int = 2048
    """Open client connections of the bridge."""

    idle_seconds: float = 1800
    """A session or shared process without calls and streams ends after this silence."""
    orphan_seconds: float = 4
    """A session whose GET stream broke and whose client stays silent ends after this."""
    handshake_seconds: float = 30
    """After this silence ends a session that never got ``notifications/initialized``, and a shared
    process that was asked for nothing but ``server/discover``."""
    start_seconds: float = 60
    """Longest wait for a server's first answer (``initialize``, ``server/discover``).

    It covers a server that installs itself first.
    """
    answer_seconds: float = 300
    """Longest silence of the server while a request waits and no reachable client is asked."""
    question_seconds: float = 3600
    """How long a reachable client may leave open what the server asked it: people take their time.
    Until then the server's silence is excused."""
    close_seconds: float = 2
    """Each step of the shutdown ladder: stdin closed, SIGTERM, SIGKILL."""

    head_seconds: float = 10
    """A client's request head must be complete within this."""
    body_seconds: float = 15
    """Longest silence of a client in the middle of a request body."""
    write_stall_seconds: float = 30
    """A client that takes nothing from its stream for this long loses the connection."""
    commit_seconds: float = 0.25
    """A legacy answer that takes longer becomes an event stream, so that it can be resumed."""
    keepalive_seconds: float = 15
    """Silence after which an open event stream carries a comment."""

    body_bytes: int = 4 * MEBIBYTE
    line_bytes: int = 4 * MEBIBYTE
    stdin_queue_bytes: int = MEBIBYTE
    """Bytes that may wait for a server that does not read, besides one message or batch."""
    stream_queue_bytes: int = MEBIBYTE
    """Bytes that may wait for a client that does not read, besides one message."""
    replay_events: int = 256
    replay_bytes: int = MEBIBYTE
    """Events of a session kept for ``Last-Event-ID``; the newest is kept whatever its size."""
    held_messages: int = 256
    held_bytes: int = MEBIBYTE
    """Server messages kept for a client that has no stream open."""
