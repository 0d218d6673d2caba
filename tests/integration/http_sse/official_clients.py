"""The official Python clients, each request of theirs sent to another replica."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

Transport = Callable[[list[str], str], AbstractAsyncContextManager[Any]]
"""From the replicas' base URLs and a path: requests go round robin over the replicas."""


class RoundRobin:
    """Sends each request to the next replica."""

    def __init__(self, bases: list[str]) -> None:
        self._ports = [httpx2.URL(base).port for base in bases]
        self._turn = 0

    async def __call__(self, request: httpx2.Request) -> None:
        request.url = request.url.copy_with(port=self._ports[self._turn % len(self._ports)])
        self._turn += 1

    def client(self, *args: Any, **kwargs: Any) -> httpx2.AsyncClient:
        client = create_mcp_http_client(*args, **kwargs)
        client.event_hooks = {"request": [self]}
        return client


def older(bases: list[str], path: str) -> AbstractAsyncContextManager[Any]:
    return sse_client(bases[0] + path, httpx_client_factory=RoundRobin(bases).client)


@asynccontextmanager
async def newer(bases: list[str], path: str) -> AsyncIterator[Any]:
    async with (
        RoundRobin(bases).client() as http,
        streamable_http_client(bases[0] + path, http_client=http) as streams,
    ):
        yield streams
