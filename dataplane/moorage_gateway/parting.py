"""How traffic ends with groups that a table takes away.

A group that may not be used any more (``unresolved``) loses all: its streams and listens end in
good order, running calls get a moment, then who still waits is told why and that the call may have
run, and every connection to its endpoints is closed. A group that is only no longer served keeps
its running calls; its streams end.
"""

import asyncio
from collections.abc import Iterator

from moorage_contract.route_table import RouteTable
from moorage_gateway.errors import GatewayError, NotFound, OutcomeUnknown
from moorage_gateway.parts import Parts
from moorage_gateway.relaying.answer_relay import FAREWELL, AnswerRelay
from moorage_gateway.routing.endpoint_book import BookedGroup
from moorage_gateway.routing.picker import none_ready

LAST_CALLS_SECONDS = 0.5


class Parting:
    """The groups that one table takes away; made before the table is applied."""

    def __init__(self, parts: Parts, table: RouteTable) -> None:
        self._exchanges = parts.runtime.exchanges
        self._http_sse = parts.front.http_sse
        wanted = {group.name: group for group in table.groups}
        known = parts.runtime.book.groups
        self._revoked = {
            group
            for name, group in known.items()
            if name in wanted and wanted[name].unresolved and not group.rules.unresolved
        }
        self._leaving = {group for name, group in known.items() if name not in wanted}
        self._leaving |= self._revoked

    def begin(self) -> None:
        """After the table was applied: no new request comes to these groups, listens end."""
        if not self._leaving:
            return
        for group, relay in self._running():
            if relay.is_get_stream:
                relay.close_stream(FAREWELL)
                relay.refuse(_refusal(group))
        for group in self._leaving:
            self._http_sse.finish(group)
        asyncio.get_running_loop().call_later(LAST_CALLS_SECONDS, self._end)

    def _end(self) -> None:
        for group, relay in self._running():
            if relay.is_get_stream:
                relay.close_stream(FAREWELL)
            if relay.is_get_stream or group in self._revoked:
                relay.take_away(_lost(group))
        for group in self._revoked:
            self._http_sse.take_away(group, _lost(group))
            for pool in tuple(group.pools):
                pool.close()

    def _running(self) -> Iterator[tuple[BookedGroup, AnswerRelay]]:
        """By group: also those whose endpoint had left the group before."""
        for relay in tuple(self._exchanges.running):
            if relay.endpoint is not None and relay.endpoint.group in self._leaving:
                yield relay.endpoint.group, relay


def _refusal(group: BookedGroup) -> GatewayError:
    if group.rules.unresolved:
        return none_ready(group)
    return NotFound(
        "the configuration no longer has this stream's group",
        remedy="use the path of one of the gateway's routes",
    )


def _lost(group: BookedGroup) -> OutcomeUnknown:
    why = group.rules.unresolved or "the configuration no longer has it"
    return OutcomeUnknown(
        f'upstream group "{group.name}" cannot be used any more: {why}; the call may have run',
        remedy="check its effect; see the conditions of the McpGateway and of the McpUpstreamGroup",
    )
