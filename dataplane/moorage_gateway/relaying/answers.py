"""Answers as aiohttp's connection wants them back from a handler, without its response classes.

A ready answer is one write; a relayed one has already been written by callbacks.
"""

from typing import Protocol

from aiohttp import web


class Answer(Protocol):
    """What ``RequestHandler.finish_response`` needs (aiohttp 3.14 ``web_protocol``)."""

    keep_alive: bool

    async def prepare(self, request: web.BaseRequest) -> None: ...
    async def write_eof(self) -> None: ...


class ReadyAnswer:
    """A whole answer, head and body, still to be written."""

    __slots__ = ("_octets", "keep_alive")

    def __init__(self, octets: bytes, *, keep_alive: bool) -> None:
        self._octets = octets
        self.keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write it in one go."""
        if request.transport is not None:
            request.transport.write(self._octets)

    async def write_eof(self) -> None:
        """Nothing is left to write."""


class WrittenAnswer:
    """An answer that is on the client's socket already."""

    __slots__ = ("keep_alive",)

    def __init__(self, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing is left to write."""

    async def write_eof(self) -> None:
        """Nothing is left to write."""


KEPT_OPEN = WrittenAnswer(keep_alive=True)
TO_CLOSE = WrittenAnswer(keep_alive=False)
