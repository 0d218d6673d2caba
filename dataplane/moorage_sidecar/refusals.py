"""The bridge's one error tree: what a caller is told, with the HTTP status and JSON-RPC code.

The codes are the house's own (``moorage_contract/error_codes.py``). A fault that
concerns one call is a JSON-RPC error under HTTP 200: the bridge as an endpoint is well, and a
gateway in front must not take it out of service for it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from moorage_contract.error_codes import BOUND_REACHED, NOT_REACHED, OUTCOME_UNKNOWN, REFUSED
from moorage_wire.jsonrpc import INVALID_REQUEST, error_response

REQUEST_CANCELLED: Final = -32800
"""What the official SDKs answer to a cancelled request of the legacy era."""
INVALID_PARAMS: Final = -32602
METHOD_NOT_FOUND: Final = -32601
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022


class Refusal(Exception):
    """What a caller gets instead of an answer: its name, what happened, and what to do about it.

    ``data`` is what the protocol asks for besides name and remedy.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        remedy: str | None,
        *,
        status: int = 200,
        code: int = INVALID_REQUEST,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.remedy = remedy
        self.status = status
        self.code = code
        self.data = dict(data or {})
        self.headers = dict(headers or {})

    def answer(self, raw_id: bytes | None) -> bytes:
        """The JSON-RPC error answer to the request with this raw id.

        Its ``data`` has the shape of the gateway's: ``reason``, and ``remedy`` where there is one.
        """
        data: dict[str, object] = {"reason": self.reason}
        if self.remedy is not None:
            data["remedy"] = self.remedy
        return error_response(raw_id, self.code, self.message, {**data, **self.data})


class ProcessRefusal(Refusal):
    """The server process cannot do what was asked."""


class DidNotStart(ProcessRefusal):
    """The process could not be started, or ended before its first answer."""

    def __init__(self, program: str, how: str) -> None:
        super().__init__(
            "DidNotStart",
            f"the MCP server {program!r} did not start: {how}",
            "run its command by hand to see what it needs, then try again",
            code=NOT_REACHED,
        )


class OutcomeUnknown(ProcessRefusal):
    """The process ended while a call was running; ``how`` says by what."""

    def __init__(self, how: str) -> None:
        self.how = how
        super().__init__(
            "OutcomeUnknown",
            f"outcome unknown: {how} while this call was running; it may or may not have taken "
            "effect",
            "check its effect before calling again; a new session starts a new server process",
            code=OUTCOME_UNKNOWN,
        )


class NoAnswer(ProcessRefusal):
    """The process said nothing for longer than a caller may wait."""

    def __init__(self, silent_seconds: float) -> None:
        super().__init__(
            "NoAnswer",
            f"no answer: the MCP server was silent for {silent_seconds:g} s and the call was "
            "cancelled; it may or may not have taken effect",
            "check its effect before calling again",
            code=OUTCOME_UNKNOWN,
        )


class NotReading(ProcessRefusal):
    """The process does not take what is written to its stdin."""

    def __init__(self, how: str) -> None:
        super().__init__(
            "NotReading",
            f"the MCP server does not read its stdin: {how}; this message was not given to it",
            "try again later, or end the session and start a new one",
            code=NOT_REACHED,
        )


class GarbledAnswer(ProcessRefusal):
    """The process answered with a line that is no safe JSON-RPC message."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "GarbledAnswer",
            f"the MCP server's answer cannot be relayed: {why}; the call may have taken effect",
            "check its effect before calling again, and mend the server's output",
            code=OUTCOME_UNKNOWN,
        )


class RequestCancelled(Refusal):
    """The client cancelled and the server, rightly, says no more."""

    def __init__(self) -> None:
        super().__init__("RequestCancelled", "request cancelled", None, code=REQUEST_CANCELLED)


class ClientTooSlow(Refusal):
    """The client did not take its stream's messages in time."""

    def __init__(self) -> None:
        super().__init__(
            "ClientTooSlow",
            "messages of this stream came faster than they were taken; the stream was ended",
            "ask again and read the answer as it arrives",
            code=REFUSED,
        )


class TooMany(Refusal):
    """A bound of the bridge is reached."""

    def __init__(self, what: str, limit: int, retry_seconds: int) -> None:
        super().__init__(
            "TooMany",
            f"this bridge holds at most {limit} {what}",
            f"retry in {retry_seconds} s, or end what is no longer needed",
            status=503,
            code=BOUND_REACHED,
            headers={"Retry-After": str(retry_seconds)},
        )


class Stopping(Refusal):
    """The bridge takes nothing new because it is going away."""

    def __init__(self) -> None:
        super().__init__(
            "Stopping",
            "this bridge is stopping and opens nothing new",
            "send it again: another one will answer",
            status=503,
            code=BOUND_REACHED,
            headers={"Retry-After": "1"},
        )


class WrongKey(Refusal):
    """The caller has not shown the group's key."""

    def __init__(self) -> None:
        super().__init__(
            "WrongKey",
            "this server is reached only through the gateways of its group",
            "call a gateway; if this is one, see whether its Secret holds the group's key",
            status=401,
            code=REFUSED,
        )


class BadRequest(Refusal):
    """The request itself is wrong. ``allow`` names the HTTP methods that are not."""

    def __init__(
        self,
        reason: str,
        message: str,
        remedy: str | None,
        *,
        status: int = 400,
        code: int = INVALID_REQUEST,
        allow: str | None = None,
    ) -> None:
        headers = {"Allow": allow} if allow else None
        super().__init__(reason, message, remedy, status=status, code=code, headers=headers)


class UnsupportedVersion(Refusal):
    """The server behind the bridge does not speak the requested version.

    ``is_spoken`` is false for what only a server's silence tells, which may be a slow start.
    """

    def __init__(self, requested: str, supported: Sequence[str], *, is_spoken: bool = True) -> None:
        self.is_spoken = is_spoken
        super().__init__(
            "UnsupportedVersion",
            f"protocol version {requested} is not supported by this server",
            f"use one of {', '.join(supported)}",
            status=400,
            code=UNSUPPORTED_VERSION,
            data={"supported": list(supported), "requested": requested},
        )


class SubscriptionEnded(ProcessRefusal):
    """The process of a subscription ended."""

    def __init__(self, how: str) -> None:
        super().__init__(
            "SubscriptionEnded",
            f"the subscription ended: {how}",
            "listen again and refetch what you follow",
            code=REFUSED,
        )


class SessionNotFound(Refusal):
    """The session is unknown or has ended; the client must initialize anew."""

    def __init__(self) -> None:
        super().__init__(
            "SessionNotFound",
            "no such session: it ended or never was",
            "send initialize without a session id",
            status=404,
        )
