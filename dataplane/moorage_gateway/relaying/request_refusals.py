"""What a client is told whose bytes never became a request (pure)."""

from moorage_gateway.errors import MalformedRequest, RequestTimeout


def malformed(message: str) -> MalformedRequest:
    return MalformedRequest(
        message, reason="MalformedHead", remedy="send requests that follow RFC 9112"
    )


def unknown_version() -> MalformedRequest:
    return MalformedRequest(
        "this HTTP version is not served here",
        reason="HttpVersionNotSupported",
        remedy="use HTTP/1.1",
        status=505,
    )


def no_chunks_behind_offer() -> MalformedRequest:
    return MalformedRequest(
        "a request that offers to switch protocols has a body of chunks",
        reason="UpgradeNotSupported",
        remedy="leave upgrade out, or send the body with its length",
    )


def head_too_large(limit_bytes: int) -> MalformedRequest:
    return MalformedRequest(
        f"the request's head is over {limit_bytes} bytes",
        reason="HeaderTooLarge",
        remedy="send fewer or shorter headers",
        status=431,
    )


def too_slow(*, in_head: bool) -> RequestTimeout:
    return RequestTimeout(
        f"the request's {'head' if in_head else 'body'} did not come in time",
        reason="HeadTimeout" if in_head else "BodyTimeout",
        remedy="send each request in one go",
    )


def body_too_large(limit_bytes: int) -> MalformedRequest:
    return MalformedRequest(
        f"the request's body is over {limit_bytes} bytes",
        reason="BodyTooLarge",
        remedy="send less in one message",
        status=413,
    )
