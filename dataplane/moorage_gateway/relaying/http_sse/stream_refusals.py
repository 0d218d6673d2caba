"""What HTTP+SSE clients are refused, in one place."""

from moorage_gateway.errors import (
    BadAnswer,
    CapacityError,
    EndpointGone,
    MalformedRequest,
    OutcomeUnknown,
)


def not_initialized() -> MalformedRequest:
    """Any request before ``initialize`` was answered."""
    return MalformedRequest(
        "this session is not initialized",
        reason="NotInitialized",
        remedy="send initialize first and wait for its answer",
    )


def already_initialized() -> MalformedRequest:
    """A second ``initialize`` on one stream."""
    return MalformedRequest(
        "this session is initialized already",
        reason="InitializeInSession",
        remedy="open a stream of its own for each session",
    )


def no_batches() -> MalformedRequest:
    """2024-11-05 has no batches over HTTP+SSE."""
    return MalformedRequest(
        "HTTP+SSE carries no JSON-RPC batches",
        reason="BatchNotAllowed",
        remedy="send each message in a POST of its own",
    )


def not_acceptable() -> MalformedRequest:
    """What only an event stream can answer, asked by a client that cannot read one."""
    return MalformedRequest(
        "the answer is an event stream, which this client does not accept",
        reason="NotAcceptable",
        remedy="send Accept: text/event-stream",
        status=406,
    )


def too_many_calls(limit: int) -> CapacityError:
    """More requests in flight than one session may have."""
    return CapacityError(
        f"this session already waits for {limit} answers",
        reason="TooManyCallsInSession",
        remedy="wait for answers before asking more",
        retry_after_seconds=1,
    )


def too_many_streams(limit: int) -> CapacityError:
    """More streams than this process may hold."""
    return CapacityError(
        f"this gateway already holds {limit} HTTP+SSE streams",
        reason="TooManyStreams",
        remedy="close streams that are not needed, or add gateway replicas",
        retry_after_seconds=5,
    )


def refused_by_endpoint(status: int) -> BadAnswer:
    """The endpoint answered a message with an HTTP error of no meaning to the client."""
    return BadAnswer(
        f"the endpoint answered the message with HTTP {status}", reason="EndpointRefused"
    )


def ended_without_answer() -> OutcomeUnknown:
    """The endpoint's answer ended and the response was not in it."""
    return OutcomeUnknown(
        "the endpoint ended its answer without a response; the call may have run",
        remedy="check its effect before calling again",
    )


def session_lost() -> EndpointGone:
    """The endpoint that held the session's state is no more."""
    return EndpointGone(
        "the endpoint that held this session's state is gone",
        remedy="open a new stream and initialize again; the session's state is lost",
    )


def already_listening() -> MalformedRequest:
    """A second GET on one session: the first one keeps its stream (threat P4)."""
    return MalformedRequest(
        "this session has its GET stream open already",
        reason="StreamTaken",
        remedy="close the first stream; a session has one",
        status=409,
    )


def session_id_missing() -> MalformedRequest:
    """A message of no session, where each one belongs to one."""
    return MalformedRequest(
        "this message belongs to a session, but names none",
        reason="SessionIdMissing",
        remedy="send initialize first, then the Mcp-Session-Id of its answer with every message",
    )


def no_modern_here() -> MalformedRequest:
    """A modern request to an endpoint of 2024-11-05: the client shall fall back."""
    return MalformedRequest(
        "the server behind this route speaks HTTP+SSE, which knows sessions only",
        reason="InitializeNeeded",
        remedy="send initialize, as of protocol versions up to 2025-11-25",
    )
