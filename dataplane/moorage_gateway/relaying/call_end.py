"""Writes down the end of every call: metrics and one access-log line."""

from collections.abc import Callable

from moorage_gateway.relaying.call import Call
from moorage_gateway.reporting.cells import Cells


class CallEnds:
    """Where calls end."""

    def __init__(self, cells: Cells, loop_seconds: Callable[[], float]) -> None:
        self._cells = cells
        self._loop_seconds = loop_seconds

    def ended(self, call: Call) -> None:
        """Count a call, whatever became of it."""
        route = call.route.path if call.route is not None else ""
        if call.reason is not None:
            self._cells.refused(call.reason)
        seconds = self._loop_seconds() - call.started_at
        self._cells.request_finished(
            route, call.method, call.outcome, seconds, call.bytes_in, call.bytes_out
        )
