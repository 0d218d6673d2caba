"""Reads the gateway's one Secret, by its name, when a table names other keys than those loaded.

What is loaded stays, whatever happens to the Secret or to the API server.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from moorage_gateway.watching.api_answers import body_of, defect_of, words_of
from moorage_gateway.watching.api_server import ApiServer
from moorage_gateway.watching.backoff import Backoff
from moorage_gateway.watching.gateway_keys import GatewayKeys, KeysRefused, keys_of_secret

NOT_FOUND = 404
MAX_SECRET_BYTES = 4 * 1024 * 1024
READ_SECONDS = 10.0
TOLD_EVERY = 20
"""Of failures in a row, the first is told, and every so many-th."""
_log = logging.getLogger(__name__)


class KeyReading:
    """``changed`` is called when keys were read, and when they could not be."""

    def __init__(
        self,
        api: ApiServer,
        target: str,
        changed: Callable[[], None],
        jitter: Callable[[], float],
    ) -> None:
        """``target`` is the path of the Secret."""
        self._api = api
        self._target = target
        self._changed = changed
        self._jitter = jitter
        self._wanted = ""
        self._read_for = ""
        """What was wanted when the last good reading began."""
        self._asked = asyncio.Event()
        self._backoff = Backoff()
        self.keys: GatewayKeys | None = None
        self.why = ""
        """Why wanted keys are not loaded; empty while they are."""
        self.failures = 0

    def has(self, keys: str) -> bool:
        """Whether what is loaded is what a table means by ``keys``, or newer.

        The Secret is written before the table that names it: whatever was read after that table
        was seen is good for it.
        """
        return self.keys is not None and keys in ("", self.keys.digest, self._read_for)

    def want(self, keys: str) -> None:
        """Have these keys: read them at once, unless they are loaded or asked for already."""
        if keys == self._wanted:
            return
        self._wanted = keys
        self._backoff = Backoff()
        self._asked.set()

    def take(self, keys: GatewayKeys) -> None:
        """Load these: of the API server, or of the mounted copy."""
        self.keys = keys
        if keys.unfit_groups:
            facts = {"groups": keys.unfit_groups, "secret": self._target}
            _log.warning("keys of groups are not 64 hex digits; not used", extra={"facts": facts})
        self._tell()

    async def run(self) -> None:
        """Runs until cancelled: nothing that the API server does ends it, and no defect of ours."""
        while True:
            await self._moment()
            if not self.has(self._wanted):
                await self._attempt()

    async def _moment(self) -> None:
        """Until something is asked for; or, after an attempt that failed, for a while."""
        seconds = None if self.has(self._wanted) else self._backoff.seconds(self._jitter())
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return
        self._asked.clear()

    async def _attempt(self) -> None:
        wanted = self._wanted
        try:
            async with asyncio.timeout(READ_SECONDS):
                keys = await self._read()
        except KeysRefused as refused:
            self._failed(str(refused))
        except Exception as error:
            self._failed(words_of(error, READ_SECONDS), defect_of(error))
        else:
            self._read_for, self._backoff, self.why = wanted, Backoff(), ""
            _log.info("keys were read", extra={"facts": {"keys": keys.digest}})
            self.take(keys)

    async def _read(self) -> GatewayKeys:
        answer = await self._api.get(self._target)
        if answer.status == NOT_FOUND:
            answer.release()
            raise KeysRefused("the Secret is not there")
        body = await body_of(answer, MAX_SECRET_BYTES)
        try:
            document = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise KeysRefused("the API server's answer is no object") from None
        return keys_of_secret(document)

    def _failed(self, why: str, defect: Exception | None = None) -> None:
        self.why = why
        self.failures += 1
        if self._backoff.failures % TOLD_EVERY == 0:
            facts = {"why": why, "failures": self._backoff.failures + 1}
            _log.warning(
                "the keys cannot be read; loaded ones stay",
                extra={"facts": facts},
                exc_info=defect,
            )
        self._backoff = self._backoff.failed()
        self._tell()

    def _tell(self) -> None:
        try:
            self._changed()
        except Exception:
            _log.exception("a change of the keys could not be taken; going on")
