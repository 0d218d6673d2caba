"""The one way to the API server: plain dicts up, plain dicts down, named errors."""

import json
import os
import ssl
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from moorage_operator.cluster.errors import ApiServerUnreachable, refusal
from moorage_operator.cluster.write_fence import WriteFence, fenced_sockets

JSON = "application/json"
ANSWERS = f"{JSON}, application/jwk-set+json"
APPLY = "application/apply-patch+yaml"
REQUEST_SECONDS = 20
CONNECTIONS = 24

Document = dict[str, Any]


class WriteCounter(Protocol):
    """Who counts requests; the kind is the path's plural."""

    def __call__(self, verb: str, path: str, status: int) -> None: ...


async def load_configuration() -> Configuration:
    """How the API server is reached: KUBECONFIG if it is set, else as a pod."""
    configuration = Configuration()
    # Authorities of clusters often lack the key usage that Python 3.13 demands of them.
    configuration.disable_strict_ssl_verification = True
    if os.environ.get("KUBECONFIG"):
        await config.load_kube_config(client_configuration=configuration)
    else:
        config.load_incluster_config(client_configuration=configuration)
    return configuration


class ClusterClient:
    """Requests to the API server. With a fence it sends only while the fence is open.

    ``agent`` names the process in the API server's audit log.
    """

    def __init__(
        self,
        configuration: Configuration,
        fence: WriteFence | None,
        count: WriteCounter,
        agent: str,
    ) -> None:
        self._fence = fence
        self._agent = agent
        self._count = count
        self._client = ApiClient(configuration)
        rest = self._client.rest_client
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS,
            ssl=rest.ssl_context,
            socket_factory=None if fence is None else fenced_sockets(fence),
        )
        configuration.client_session_kwargs = {"connector": connector}
        rest.pool_manager = rest._create_pool_manager()
        self._connector = connector

    async def close(self) -> None:
        await self._client.close()
        await self._connector.close()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Document:
        return await self.request("GET", path, query=query)

    async def post(self, path: str, body: Document, query: Mapping[str, str]) -> Document:
        return await self.request("POST", path, body, query=query)

    async def put(self, path: str, body: Document, query: Mapping[str, str]) -> Document:
        return await self.request("PUT", path, body, query=query)

    async def request(
        self,
        verb: str,
        path: str,
        body: Document | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        accept: str = ANSWERS,
        seconds: float = REQUEST_SECONDS,
    ) -> Document:
        """The answer's document. Raises ``ClusterError``, told by its kind."""
        if self._fence is not None:
            self._fence.check()
        headers = {"Content-Type": content_type, "Accept": accept, "User-Agent": self._agent}
        status, text = await self._send(verb, path, body, query, headers, seconds)
        self._count(verb, path, status)
        document = _decode(text)
        if status >= 300:
            reason, message = document.get("reason", ""), document.get("message", text[:300])
            raise refusal(f"{verb} {path}", status, str(reason), str(message))
        return document

    async def _send(
        self,
        verb: str,
        path: str,
        body: Document | None,
        query: Mapping[str, str] | None,
        headers: dict[str, str],
        seconds: float,
    ) -> tuple[int, str]:
        client = self._client
        try:
            await client.update_params_for_auth(headers, [], ["BearerToken"], path, verb, body)
            url = client.configuration.host + path
            if query:
                url += "?" + "&".join(f"{key}={value}" for key, value in query.items())
            response = await client.rest_client.request(
                verb, url, headers, body, _request_timeout=seconds
            )
            data: bytes = await response.read()
            return response.status, data.decode("utf-8", "replace")
        except (TimeoutError, aiohttp.ClientError, OSError, ssl.SSLError) as error:
            why = str(error) or type(error).__name__
            raise ApiServerUnreachable(f"{verb} {path}: {why}") from error


def _decode(text: str) -> Document:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
