"""The API server as a gateway pod reaches it: its address, its authorities, our token."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yarl

from moorage_gateway.connecting.trusted_authorities import trusting

CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class ApiAccess:
    """Where the API server is and what proves both sides. Files are read anew for each request."""

    url: str
    """``https://host:port`` or, for tests, ``http://…``."""
    token_file: Path
    ca_file: Path


class ApiServer:
    """Sends GET requests as this pod's ServiceAccount."""

    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._ca_pem = b""
        self._tls: ssl.SSLContext | None = None
        self._client = aiohttp.ClientSession(
            auto_decompress=True,
            # Each watch keeps one. Their number is bounded by the followers; aiohttp's own bound of
            # 100 would leave the namespaces past it waiting for ever.
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )

    async def get(self, target: str) -> aiohttp.ClientResponse:
        """Send a request; the answer's body is still to be read and the answer to be closed.

        ``target`` is path and query, ready encoded. Raises OSError (files), aiohttp.ClientError.
        """
        # Projected tokens change about hourly, well before they expire: the file has the newest.
        token = self._access.token_file.read_text().strip()
        return await self._client.get(
            yarl.URL(self._access.url + target, encoded=True),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            ssl=self._trusted() if self._access.url.startswith("https:") else True,
            allow_redirects=False,
        )

    def _trusted(self) -> ssl.SSLContext:
        pem = self._access.ca_file.read_bytes()
        if self._tls is None or pem != self._ca_pem:
            self._tls = trusting(pem.decode("ascii"))
            self._ca_pem = pem
        return self._tls

    async def close(self) -> None:
        """End every connection."""
        await self._client.close()
