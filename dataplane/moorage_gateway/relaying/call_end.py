"""Writes down the end of every call: metrics and one access-log line."""

from aiohttp import web

from moorage_gateway.errors import MalformedRequest
from moorage_gateway.refusals import body_of, head_of
from moorage_gateway.relaying.answers import Answer, ReadyAnswer
from moorage_gateway.relaying.call import Call
from moorage_gateway.reporting.cells import Cells


class CallEnds:
    """Where calls end."""

    def __init__(self, cells: Cells, clock) -> None:  # type: ignore[no-untyped-def]
        self._cells = cells
        self._clock = clock

    def ended(self, call: Call) -> None:
        """Count a call, whatever became of it."""
        route = call.route.path if call.route is not None else ""
        if call.reason is not None:
            self._cells.refused(call.reason)
        seconds = self._clock() - call.started_at
        self._cells.request_finished(
            route, call.method, call.outcome, seconds, call.bytes_in, call.bytes_out
        )

    def refused_head(self, error: MalformedRequest, request: web.BaseRequest) -> Answer:
        """A head that never became a call."""
        self._cells.refused(error.reason)
        body = body_of(error, None)
        return ReadyAnswer(head_of(error, len(body), keep_alive=False) + body, keep_alive=False)
