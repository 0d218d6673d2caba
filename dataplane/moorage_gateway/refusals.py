"""Maps the error tree to the wire: HTTP status, JSON-RPC code, body and head, in this file only.

Own JSON-RPC codes lie outside -32768..-32000, which JSON-RPC and MCP reserve
(spec 2026-07-28 basic/index, error codes).
"""

from http import HTTPStatus

from moorage_contract.error_codes import BOUND_REACHED, NOT_REACHED, OUTCOME_UNKNOWN, REFUSED
from moorage_gateway import errors
from moorage_wire.jsonrpc import error_response

_WIRE: dict[type[errors.GatewayError], tuple[int, int]] = {
    errors.MalformedRequest: (400, -32600),
    errors.Forbidden: (403, REFUSED),
    errors.NotFound: (404, REFUSED),
    errors.MethodNotAllowed: (405, REFUSED),
    errors.SessionNotFound: (404, -32600),
    errors.InvalidParameter: (400, -32602),
    errors.RequestTimeout: (408, REFUSED),
    errors.LoopDetected: (508, REFUSED),
    errors.CapacityError: (503, BOUND_REACHED),
    errors.EndpointUnreachable: (503, NOT_REACHED),
    errors.EndpointGone: (404, -32600),
    errors.AnswerTimeout: (504, OUTCOME_UNKNOWN),
    errors.OutcomeUnknown: (502, OUTCOME_UNKNOWN),
    errors.BadAnswer: (502, OUTCOME_UNKNOWN),
}


def status_of(error: errors.GatewayError) -> int:
    """The HTTP status of a refusal."""
    return error.status or _entry(error)[0]


def code_of(error: errors.GatewayError) -> int:
    """The JSON-RPC code of a refusal."""
    return error.code if error.code is not None else _entry(error)[1]


def _entry(error: errors.GatewayError) -> tuple[int, int]:
    for kind in type(error).__mro__:
        if kind in _WIRE:
            return _WIRE[kind]
    return (500, -32603)


def body_of(error: errors.GatewayError, raw_id: bytes | None) -> bytes:
    """The JSON-RPC error body: message, and ``data`` with the refusal's name and its remedy."""
    data = {"reason": error.reason}
    if error.remedy is not None:
        data["remedy"] = error.remedy
    return error_response(raw_id, code_of(error), error.message, data)


def head_of(
    error: errors.GatewayError, body_bytes: int, extra_lines: bytes = b"", *, keep_alive: bool
) -> bytes:
    """The whole HTTP/1.1 head of a refusal, up to and with the empty line."""
    status = status_of(error)
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "content-type: application/json",
        f"content-length: {body_bytes}",
        f"connection: {'keep-alive' if keep_alive else 'close'}",
    ]
    if error.retry_after_seconds is not None:
        lines.append(f"retry-after: {error.retry_after_seconds}")
    if isinstance(error, errors.MethodNotAllowed):
        lines.append(f"allow: {error.allowed}")
    return ("\r\n".join(lines) + "\r\n").encode("ascii") + extra_lines + b"\r\n"
