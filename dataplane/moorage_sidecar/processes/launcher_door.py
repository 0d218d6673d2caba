"""What is asked of a launcher besides starting servers: is it there, and may it end."""

import asyncio
from typing import Final

from moorage_sidecar.processes.launcher_frames import (
    ASK,
    DRAINED,
    HEAD_BYTES,
    HERE,
    encode_frame,
)

ANSWER_SECONDS: Final = 1.0


class LauncherDoor:
    """The launcher behind one socket."""

    def __init__(self, socket_path: str) -> None:
        self.socket_path = socket_path

    async def is_there(self) -> bool:
        """Whether the launcher answers; no server is started for it."""
        return await self._say(ASK)

    async def tell_drained(self) -> bool:
        """No server is needed any more: SIGTERM may end the launcher. False: it did not hear."""
        return await self._say(DRAINED)

    async def _say(self, kind: int) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._exchange(kind)
        except (OSError, asyncio.IncompleteReadError):  # TimeoutError is an OSError
            return False

    async def _exchange(self, kind: int) -> bool:
        reader, writer = await asyncio.open_unix_connection(self.socket_path)
        try:
            writer.write(encode_frame(kind))
            return await reader.readexactly(HEAD_BYTES) == encode_frame(HERE)
        finally:
            writer.transport.abort()
