"""Counts the streams that this process has open for HTTP+SSE's sake, against a bound."""

from collections.abc import Iterator
from contextlib import contextmanager

from moorage_gateway.relaying.http_sse.stream_refusals import too_many_streams
from moorage_gateway.relaying.runtime import Runtime


class OpenStreams:
    """``count`` of them at this moment."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.count = 0

    @contextmanager
    def opened(self, route: str, kind: str) -> Iterator[None]:
        """One more while this lasts; raises CapacityError past the bound."""
        limit = self._runtime.limits.streams
        if self.count >= limit:
            raise too_many_streams(limit)
        self.count += 1
        self._runtime.cells.stream_opened(route, kind)
        try:
            yield
        finally:
            self.count -= 1
            self._runtime.cells.stream_closed(route, kind)
