"""Does a server speak the modern era? Asked once of each process, by ``server/discover``.

MCP 2026-07-28, ``basic/versioning``: any answer that is not a modern one, and silence, mean a
legacy server; no single code may be relied on.
"""

from typing import Final

import msgspec

from moorage_sidecar.refusals import (
    UNSUPPORTED_VERSION,
    NoAnswer,
    Refusal,
    UnsupportedVersion,
)
from moorage_sidecar.sharing.modern_checks import CAPABILITIES_MEMBER, VERSION_MEMBER
from moorage_sidecar.sharing.shared_server import SharedServer
from moorage_wire.eras import LEGACY_VERSIONS, MODERN_VERSIONS
from moorage_wire.jsonrpc import read_message

NEWEST: Final = MODERN_VERSIONS[-1]
QUESTION: Final = read_message(
    msgspec.json.encode(
        {
            "jsonrpc": "2.0",
            "id": 0,
            "method": "server/discover",
            "params": {"_meta": {VERSION_MEMBER: NEWEST, CAPABILITIES_MEMBER: {}}},
        }
    )
)


class _Discovered(msgspec.Struct):
    supportedVersions: list[str] = []


class _ErrorData(msgspec.Struct):
    supported: list[str] = []


class _Error(msgspec.Struct):
    code: int
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Answer(msgspec.Struct):
    result: _Discovered | None = None
    error: _Error | None = None


async def open_modern(shared: SharedServer, start_seconds: float) -> None:
    """Mark a started server as open; raises ``UnsupportedVersion`` or ``DidNotStart``."""
    call = shared.ask(QUESTION)
    try:
        delivery = await call.outbox.get(start_seconds)
    except TimeoutError:
        shared.cancel(call, NoAnswer(start_seconds).reason)
        raise UnsupportedVersion(NEWEST, LEGACY_VERSIONS, is_spoken=False) from None
    if shared.closed_by is not None:
        raise shared.closed_by.with_traceback(None)
    refusal = read_verdict(delivery.message if delivery else b"null")
    if refusal is not None:
        raise refusal
    shared.is_open = True


def read_verdict(answer: bytes) -> Refusal | None:
    """``None`` for a server of the modern era, else what its clients are told (pure)."""
    try:
        read = msgspec.json.decode(answer, type=_Answer)
    except msgspec.DecodeError:
        return UnsupportedVersion(NEWEST, LEGACY_VERSIONS)
    supported = read.result.supportedVersions if read.result else _supported_of(read.error)
    if read.result is not None and NEWEST in supported:
        return None
    return UnsupportedVersion(NEWEST, supported or LEGACY_VERSIONS)


def _supported_of(error: _Error | None) -> list[str]:
    if error is None or error.code != UNSUPPORTED_VERSION:
        return []
    try:
        return msgspec.json.decode(error.data, type=_ErrorData).supported
    except msgspec.DecodeError:
        return []
