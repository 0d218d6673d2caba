"""Looks whether files changed, and says so once they are still again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from moorage_local.files import Fingerprint

POLL_SECONDS: Final = 0.3
SETTLE_SECONDS: Final = 0.1
"""Editors write in steps (truncate and write, rename away and create): wait for the last one."""
SETTLE_TURNS: Final = 20
"""Something that is written to without pause is read all the same after 2 s."""


async def changes(look: Callable[[], Fingerprint], seen: Fingerprint) -> AsyncIterator[Fingerprint]:
    """Yields the new fingerprint after each change from ``seen`` on; ends never."""
    while True:
        await asyncio.sleep(POLL_SECONDS)
        now = await asyncio.to_thread(look)
        if now != seen:
            seen = await _settled(look, now)
            yield seen


async def _settled(look: Callable[[], Fingerprint], seen: Fingerprint) -> Fingerprint:
    for _ in range(SETTLE_TURNS):
        await asyncio.sleep(SETTLE_SECONDS)
        now = await asyncio.to_thread(look)
        if now == seen:
            break
        seen = now
    return seen
