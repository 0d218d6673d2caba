"""One real MCP handshake with an endpoint, ended again: is it an MCP server, of which versions?"""

import msgspec

from moorage_contract.version import VERSION
from moorage_gateway.connecting.control_request import ask
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import BadAnswer, UpstreamError
from moorage_wire.eras import LEGACY_VERSIONS, MODERN_VERSIONS

HANDSHAKE_SECONDS = 5.0
PING_SECONDS = 1.0
QUOTED_CHARS = 220
"""Of what an endpoint says to a handshake; more does not reach the operator."""

_FORWARD = (
    b"content-type: application/json\r\n"
    b"accept: application/json, text/event-stream\r\n"
    b"user-agent: moorage\r\n"
)
_CLIENT = {"name": "moorage", "version": VERSION}
_NEWEST_LEGACY, _NEWEST_MODERN = LEGACY_VERSIONS[-1], MODERN_VERSIONS[-1]
_encode = msgspec.json.encode

INITIALIZE_BODY = _encode(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": _NEWEST_LEGACY,
            "capabilities": {},
            "clientInfo": _CLIENT,
        },
    }
)
"""The gateway's own ``initialize``; its request id is 1."""


async def shake_hands(pool: UpstreamPool) -> tuple[str, ...]:
    """The protocol versions an endpoint speaks, oldest first; raises UpstreamError if none."""
    modern = await discover(pool, HANDSHAKE_SECONDS)
    try:
        legacy: tuple[str, ...] = (await initialize(pool, HANDSHAKE_SECONDS),)
    except BadAnswer:
        if not modern:
            raise
        legacy = ()
    return legacy + modern


async def ping(pool: UpstreamPool) -> None:
    """Any HTTP answer will do; OPTIONS opens no stream and no session anywhere."""
    await ask(pool, pool.bodiless(b"OPTIONS", b"", b""), PING_SECONDS)


async def discover(pool: UpstreamPool, seconds: float) -> tuple[str, ...]:
    """Versions of the modern era, oldest first; none where the answer is any other than theirs."""
    body = _encode(
        {
            "jsonrpc": "2.0",
            "id": "moorage-discover",
            "method": "server/discover",
            "params": {
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": _NEWEST_MODERN,
                    "io.modelcontextprotocol/clientInfo": _CLIENT,
                    "io.modelcontextprotocol/clientCapabilities": {},
                }
            },
        }
    )
    head = _FORWARD + b"mcp-protocol-version: %b\r\nmcp-method: server/discover\r\n" % (
        _NEWEST_MODERN.encode()
    )
    answer = await ask(pool, pool.post(head, b"", body), seconds)
    return tuple(sorted(_result(answer.body).supportedVersions))[:16]


async def initialize(pool: UpstreamPool, seconds: float) -> str:
    """The legacy version that is settled on; the session is ended. Raises UpstreamError."""
    answer = await ask(pool, pool.post(_FORWARD, b"", INITIALIZE_BODY), seconds)
    version = negotiated(answer.body)
    if version is None:
        raise refused_initialize(answer.body, f"HTTP {answer.status}")
    session_id = answer.headers.get(b"mcp-session-id")
    if session_id is not None:
        await _end(pool, session_id, version)
    return version


async def _end(pool: UpstreamPool, session_id: bytes, version: str) -> None:
    lines = b"mcp-session-id: %b\r\nmcp-protocol-version: %b\r\n" % (session_id, version.encode())
    try:
        await ask(pool, pool.bodiless(b"DELETE", _FORWARD, lines), HANDSHAKE_SECONDS)
    except UpstreamError:
        # The handshake has succeeded; the endpoint will drop its idle session by itself.
        return


def negotiated(body: bytes) -> str | None:
    """The protocol version that an answer to ``initialize`` settles on, None if it is none."""
    return _result(body).protocolVersion


def refused_initialize(body: bytes, how: str) -> BadAnswer:
    """What an answer says that settles on no version; ``how`` it came, where it says nothing."""
    try:
        said = msgspec.json.decode(body, type=_Refusal).error.message
    except (msgspec.DecodeError, UnicodeDecodeError):
        excerpt = body[:QUOTED_CHARS].decode("utf-8", "replace")
        return BadAnswer(f"it answered initialize with {how}: {_quoted(excerpt)!r}")
    return BadAnswer(f"it refused initialize: {_quoted(said)}")


def _quoted(text: str) -> str:
    """One line of bounded length; the end is kept: last words say most."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    if len(line) <= QUOTED_CHARS:
        return line
    half = QUOTED_CHARS // 2 - 2
    return f"{line[:half]} … {line[-half:]}"


class _Error(msgspec.Struct):
    message: str


class _Refusal(msgspec.Struct):
    error: _Error


class _Result(msgspec.Struct):
    """Named as on the wire; typed, since untyped numbers of a hostile text are read slowly."""

    protocolVersion: str | None = None
    supportedVersions: list[str] = []


class _Answer(msgspec.Struct):
    result: _Result


def _result(body: bytes) -> _Result:
    try:
        return msgspec.json.decode(body, type=_Answer).result
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Result()
