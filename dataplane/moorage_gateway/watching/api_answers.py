"""Reads an answer of the API server whole, within a bound."""

import aiohttp

from moorage_gateway.watching.watch_events import (
    GONE,
    NotPermitted,
    VersionExpired,
    WatchBroken,
)

REFUSED = (401, 403)
_FAULTS = (VersionExpired, WatchBroken, aiohttp.ClientError, OSError, ValueError)
"""How an API server, the way to it and its answers fail."""


async def body_of(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The body of a good answer; raises VersionExpired (410), WatchBroken."""
    async with answer:
        require_ok(answer)
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > max_bytes:
                raise WatchBroken(f"an answer of the API server is over {max_bytes} bytes")
    return bytes(body)


def require_ok(answer: aiohttp.ClientResponse) -> None:
    """Raises VersionExpired (410), NotPermitted (401, 403), WatchBroken for others but 200."""
    if answer.status == GONE:
        raise VersionExpired
    if answer.status in REFUSED:
        raise NotPermitted(f"the API server answers HTTP {answer.status}")
    if answer.status != 200:
        raise WatchBroken(f"the API server answers HTTP {answer.status}")


def defect_of(error: Exception) -> Exception | None:
    """The error where it is nobody's fault but ours: people need its traceback."""
    return None if isinstance(error, _FAULTS) else error


def words_of(error: Exception, silent_seconds: float) -> str:
    """What is told of a failure: no text of it that may quote a token."""
    if isinstance(error, WatchBroken):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"the API server was silent for {silent_seconds:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
