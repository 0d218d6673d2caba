"""The access log: one JSON line per request, written beside the loop, off when not made."""

import asyncio
from collections.abc import Callable

from moorage_gateway.reporting.access_entry import AccessEntry, encode_entry
from moorage_gateway.reporting.line_writer import MAX_WAITING, writer_of
from moorage_gateway.reporting.session_names import session_hash, session_names


class AccessLog:
    """Takes an entry per request. A gateway without an access log holds ``None`` instead."""

    def __init__(
        self,
        descriptor: int,
        session_key: Callable[[str], bytes],
        max_waiting_lines: int = MAX_WAITING,
    ) -> None:
        """``descriptor`` is open for writing.

        ``session_key`` gives the key (1 to 64 bytes) under which a session id is named; replicas
        share it.
        """
        session_hash(b"", session_key(""))  # a wrong key shows at start, not in a request
        self._session_key = session_key
        self._writer = writer_of(descriptor, max_waiting_lines)

    def record(self, entry: AccessEntry) -> None:
        """Hand over what to write; never waits, past the bound the line is dropped."""
        self._writer.put(encode_entry(entry))

    def names_of(self, session_id: str, upstream_session_id: bytes | None) -> bytes:
        """What an entry says of its session; a hash each, so ask once for each session."""
        return session_names(session_id, upstream_session_id, self._session_key(session_id))

    def start(self) -> None:
        """Start writing."""
        self._writer.start()

    def dropped(self) -> int:
        """Lines dropped so far, those of the process's log among them where both share a file."""
        return self._writer.dropped()

    async def stop(self, seconds: float) -> None:
        """Write what waits, for at most ``seconds``."""
        await asyncio.to_thread(self._writer.close, seconds)
