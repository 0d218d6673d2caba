"""What a client can read (pure): RFC 9110 §12.5.1, as far as MCP's two types need it."""

from dataclasses import dataclass

from moorage_sidecar.refusals import BadRequest


@dataclass(frozen=True)
class AcceptedTypes:
    """Which of MCP's two answer types a client takes."""

    json: bool
    events: bool


def read_accept(accept: bytes | None) -> AcceptedTypes:
    """The types of an ``Accept`` header; absent means all. Raises ``BadRequest`` for neither."""
    if accept is None:
        return AcceptedTypes(json=True, events=True)
    ranges = {_media_range(part) for part in accept.decode("latin-1").lower().split(",")}
    types = AcceptedTypes(
        json=bool(ranges & {"application/json", "application/*", "*/*"}),
        events=bool(ranges & {"text/event-stream", "text/*", "*/*"}),
    )
    if not (types.json or types.events):
        raise BadRequest(
            "NotAcceptable",
            "an answer is JSON or an event stream, and neither is accepted",
            "send `Accept: application/json, text/event-stream`",
            status=406,
        )
    return types


def not_a_stream_reader() -> BadRequest:
    """The refusal of a client that does not accept the stream it asks for."""
    return BadRequest(
        "NotAcceptable",
        "what was asked for is an event stream, and none is accepted",
        "send `Accept: text/event-stream`",
        status=406,
    )


def _media_range(part: str) -> str:
    media_range, *parameters = (piece.strip() for piece in part.split(";"))
    refused = any(p.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for p in parameters)
    return "" if refused else media_range
