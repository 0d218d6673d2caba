"""The keys by which the cluster signs service account tokens, as its API server publishes them."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

import jwt

KEYS_PATH = "/openid/v1/jwks"
ISSUER_PATH = "/.well-known/openid-configuration"
MAX_KEYS = 32
REFRESH_SECONDS = 600.0
"""So long after a key was withdrawn, tokens that it signed may still pass."""
REFETCH_SECONDS = 10.0
"""Tokens with unknown key ids cost the API server no more than one question in so long."""
ALGORITHMS = ("RS256", "ES256")
_log = logging.getLogger(__name__)


class Published(Protocol):
    """The API server, as far as this file asks it."""

    async def get_json(self, path: str) -> Mapping[str, object]:
        """The JSON document at ``path``; raises any error when there is none."""
        ...


class KeysUnavailable(Exception):
    """The API server does not tell its keys; ask again."""


class PublishedKeys:
    """The issuer and its keys by id, fetched when needed and kept while the API server is away."""

    def __init__(self, published: Published, loop_seconds: Callable[[], float]) -> None:
        self._published = published
        self._now = loop_seconds
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._one_at_a_time = asyncio.Lock()
        self.issuer = ""

    async def key(self, key_id: str) -> jwt.PyJWK | None:
        """The key of that id, None if there is none; raises KeysUnavailable."""
        async with self._one_at_a_time:
            if self._wants_fetch(key_id):
                await self._fetch()
        if self._fetched_at is None:
            raise KeysUnavailable("the API server's keys for tokens are not known yet")
        return self._keys.get(key_id)

    def _wants_fetch(self, key_id: str) -> bool:
        now = self._now()
        if self._tried_at is not None and now - self._tried_at < REFETCH_SECONDS:
            return self._fetched_at is None and now - self._tried_at >= 1.0
        old = self._fetched_at is None or now - self._fetched_at > REFRESH_SECONDS
        return old or key_id not in self._keys

    async def _fetch(self) -> None:
        self._tried_at = self._now()
        try:
            issuer = (await self._published.get_json(ISSUER_PATH)).get("issuer")
            documents = (await self._published.get_json(KEYS_PATH)).get("keys")
            if not isinstance(issuer, str) or not isinstance(documents, list):
                raise ValueError("no issuer or no list of keys")
            keys = dict(filter(None, map(_usable, documents[:MAX_KEYS])))
        except Exception as error:
            _log.warning("cannot fetch the cluster's token keys, the known ones stay: %s", error)
            return
        self.issuer, self._keys, self._fetched_at = issuer, keys, self._now()


def _usable(document: object) -> tuple[str, jwt.PyJWK] | None:
    if not isinstance(document, dict) or document.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(document)
    except jwt.PyJWTError:
        return None
    known = key.key_id and key.algorithm_name in ALGORITHMS
    return (key.key_id, key) if known and key.key_id else None
