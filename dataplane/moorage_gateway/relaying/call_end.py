"""Writes down the end of every call: metrics and one line of the access log."""

from collections.abc import Callable

from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.modern_capsules import name_of
from moorage_gateway.reporting.access_entry import AccessEntry
from moorage_gateway.reporting.access_log import AccessLog
from moorage_gateway.reporting.cells import Cells


class CallEnds:
    """Where calls end."""

    def __init__(
        self,
        cells: Cells,
        access_log: AccessLog | None,
        loop_seconds: Callable[[], float],
        unix_seconds: Callable[[], float],
    ) -> None:
        self._cells = cells
        self._access_log = access_log
        self._loop_seconds = loop_seconds
        self._unix_seconds = unix_seconds

    def ended(self, call: Call) -> None:
        """Count a call, whatever became of it."""
        cells = self._cells
        route = call.route.path if call.route is not None else ""
        seconds = self._loop_seconds() - call.started_at
        cells.request_finished(
            route, call.method, call.outcome, seconds, call.bytes_in, call.bytes_out
        )
        if call.upstream_seconds and not call.events:
            cells.upstream_seconds(call.upstream_seconds)
            cells.relay_latency(seconds - call.upstream_seconds)
        if call.events:
            cells.events_relayed(route, call.events)
        if call.reason is not None:
            cells.refused(call.reason)
        if self._access_log is not None:
            names = _session_names(call, self._access_log)
            self._access_log.record(self._entry(call, route, seconds, names))

    def _entry(self, call: Call, route: str, seconds: float, names: bytes) -> AccessEntry:
        message = call.message
        return AccessEntry(
            at_seconds=self._unix_seconds(),
            route=route,
            method=call.method,
            status=call.status,
            outcome=call.outcome,
            seconds=seconds,
            bytes_in=call.bytes_in,
            bytes_out=call.bytes_out,
            peer=call.client.address,
            tool=name_of(message) if message and message.method == "tools/call" else None,
            session_names=names,
            reason=call.reason,
        )


def _session_names(call: Call, log: AccessLog) -> bytes:
    if call.mooring is not None:
        return call.mooring.log_names
    return b"" if call.stream_capsule is None else log.names_of(call.stream_capsule, None)
