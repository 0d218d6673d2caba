"""Writes the last endpoints to a file, at most once a second."""

import asyncio
import logging
from pathlib import Path

from moorage_contract.route_table import RouteTable
from moorage_gateway.watching.composition import EndpointCopy, endpoint_copy
from moorage_gateway.watching.local_copies import remember_endpoints

PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)


class EndpointMemory:
    """What a start without the API server begins with."""

    def __init__(self, file: Path, written: EndpointCopy) -> None:
        self._file = file
        self._written = written
        self._wanted = written
        self._changed = asyncio.Event()

    def note(self, served: RouteTable) -> EndpointCopy:
        """Remember the endpoints of a table that is in force; gives them as they are written."""
        self._wanted = endpoint_copy(served)
        self._changed.set()
        return self._wanted

    async def run(self) -> None:
        """Runs until cancelled; a file that cannot be written is told, once in a row."""
        told = False
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = self._wanted
            if wanted != self._written:
                try:
                    await asyncio.to_thread(remember_endpoints, self._file, wanted)
                except Exception as error:  # a start that knows less beats a gateway that ends
                    if not told:
                        facts = {"file": str(self._file), "why": str(error)}
                        _log.warning("endpoints cannot be written", extra={"facts": facts})
                    told = True
                else:
                    told, self._written = False, wanted
            await asyncio.sleep(PAUSE_SECONDS)
