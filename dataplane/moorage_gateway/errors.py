"""The gateway's error tree: the name tells whose fault it is.

    GatewayError
    ├── ClientError            the request is wrong; asking again unchanged will not help
    │   ├── MalformedRequest   the head or the body breaks HTTP, JSON-RPC or MCP
    │   ├── Forbidden          Host or Origin is not one of ours
    │   ├── NotFound           no route at that path
    │   ├── MethodNotAllowed   the HTTP method means nothing here
    │   ├── SessionNotFound    unknown, ended, forged or foreign session id
    │   ├── InvalidParameter   unknown, expired, forged or foreign state, cursor or task id
    │   ├── RequestTimeout     the client was too slow to send it
    │   └── LoopDetected       it has passed through this gateway already, or through too many
    ├── CapacityError          a bound was reached; asking again later may help
    └── UpstreamError          the endpoint failed
        ├── EndpointUnreachable   no connection; nothing was sent
        │   └── GroupKeyRefused   the sidecar turned the request away; nothing has run
        ├── EndpointGone          the process that held this session is gone
        ├── AnswerTimeout         no answer in time; the call may have run
        ├── OutcomeUnknown        the answer is lost; the call may have run
        └── BadAnswer             what came was not HTTP or not MCP

``refusals.py`` is the one place that maps them to HTTP and JSON-RPC.
"""

CHECK_EFFECT = "the call may have run: check its effect before calling again"


class GatewayError(Exception):
    """A refusal with a name (``reason``), a sentence and a remedy.

    ``reason`` is CamelCase, one of a closed set: it is a metric label and a log field.
    """

    reason = "InternalError"
    remedy: str | None = None

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        remedy: str | None = None,
        status: int | None = None,
        code: int | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if remedy is not None:
            self.remedy = remedy
        self.status = status
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        if reason is not None:
            self.reason = reason


class ClientError(GatewayError):
    """The request is wrong; asking again unchanged will not help."""

    reason = "BadRequest"


class MalformedRequest(ClientError):
    """The head or the body breaks HTTP, JSON-RPC or MCP."""

    reason = "MalformedRequest"
    remedy = "send requests that follow HTTP/1.1, JSON-RPC 2.0 and MCP"


class Forbidden(ClientError):
    """Host or Origin is not one of ours."""

    reason = "Forbidden"


class NotFound(ClientError):
    """No route at that path."""

    reason = "RouteNotFound"


class MethodNotAllowed(ClientError):
    """The HTTP method means nothing here."""

    reason = "MethodNotAllowed"

    def __init__(self, message: str, *, allowed: str) -> None:
        super().__init__(message, remedy=f"use {allowed}")
        self.allowed = allowed


class SessionNotFound(ClientError):
    """Unknown, ended, forged or foreign session id: all look alike to the client."""

    reason = "SessionNotFound"


class InvalidParameter(ClientError):
    """Unknown, expired, forged or foreign request state, cursor or task id: all look alike."""

    reason = "InvalidParameter"


class RequestTimeout(ClientError):
    """The client was too slow to send its request."""

    reason = "RequestTimeout"


class LoopDetected(ClientError):
    """It has passed through this gateway already, or through too many."""

    reason = "LoopDetected"


class CapacityError(GatewayError):
    """A bound was reached; asking again later may help."""

    reason = "CapacityReached"


class UpstreamError(GatewayError):
    """The endpoint failed."""

    reason = "UpstreamError"


class EndpointUnreachable(UpstreamError):
    """No connection could be made: nothing was sent, nothing has run."""

    reason = "EndpointUnreachable"


class GroupKeyRefused(EndpointUnreachable):
    """A stdio group's sidecar does not take the key that this gateway shows; nothing has run.

    The keys of both are exchanged within minutes of each other: it passes.
    """

    reason = "GroupKeyRefused"
    remedy = (
        "send it again; if it stays so, see that the gateway's Secret holds the key of the "
        "group's Secret"
    )


class EndpointGone(UpstreamError):
    """The process that held this session is gone, and the session's state with it."""

    reason = "EndpointGone"


class AnswerTimeout(UpstreamError):
    """No answer in time; the call may have run."""

    reason = "AnswerTimeout"
    remedy = CHECK_EFFECT


class OutcomeUnknown(UpstreamError):
    """The connection ended before the answer; the call may have run."""

    reason = "OutcomeUnknown"
    remedy = CHECK_EFFECT


class BadAnswer(UpstreamError):
    """What the endpoint sent is not HTTP or breaks a bound; the call may have run."""

    reason = "BadAnswer"
    remedy = CHECK_EFFECT
