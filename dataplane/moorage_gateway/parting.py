"""How traffic ends with groups that a table takes away.

A group that may not be used any more (``unresolved``) loses all: its streams end at an event
boundary, running calls get a moment, then every connection to its endpoints is closed and who still
waits is told that the outcome is unknown. A group that is only no longer served keeps its running
calls; its GET streams end.
"""

import asyncio
from collections.abc import Iterable

from moorage_contract.route_table import RouteTable
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import OutcomeUnknown
from moorage_gateway.parts import Parts
from moorage_gateway.relaying.answer_relay import AnswerRelay
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup

LAST_CALLS_SECONDS = 1.0
FAREWELL = b"retry: 1000\n\n"


class Parting:
    """The groups that one table takes away; made before the table is applied."""

    def __init__(self, parts: Parts, table: RouteTable) -> None:
        self._exchanges = parts.runtime.exchanges
        wanted = {group.name: group for group in table.groups}
        groups = parts.runtime.book.groups
        gone = [group for name, group in groups.items() if name not in wanted]
        revoked = [
            group for name, group in groups.items() if name in wanted and wanted[name].unresolved
        ]
        self._endpoints = set(_endpoints(gone)) | set(_endpoints(revoked))
        self._revoked_pools: list[UpstreamPool] = [each.pool for each in _endpoints(revoked)]

    def begin(self) -> None:
        """After the table was applied: no new request comes to these endpoints."""
        if not self._endpoints:
            return
        for relay in self._streams():
            relay.close_stream(FAREWELL)
        asyncio.get_running_loop().call_later(LAST_CALLS_SECONDS, self._end)

    def _end(self) -> None:
        for relay in self._streams():
            relay.time_out(OutcomeUnknown("the configuration no longer has this stream's group"))
        for pool in self._revoked_pools:
            pool.close()

    def _streams(self) -> list[AnswerRelay]:
        return [
            relay
            for relay in self._exchanges.running
            if relay.is_get_stream and relay.endpoint in self._endpoints
        ]


def _endpoints(groups: Iterable[BookedGroup]) -> list[BookedEndpoint]:
    return [booked for group in groups for booked in group.endpoints.values()]
