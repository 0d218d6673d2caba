"""A caller reads one shape of refusal, whether the gateway or a bridge behind it refuses."""

import msgspec
import pytest

from moorage_gateway import errors
from moorage_gateway.refusals import body_of
from moorage_sidecar import refusals
from moorage_sidecar.refusals import BadRequest, Refusal

REFUSALS = (
    refusals.ClientTooSlow(),
    refusals.DidNotStart("server", "how"),
    refusals.GarbledAnswer("why"),
    refusals.NoAnswer(1),
    refusals.NotReading("how"),
    refusals.OutcomeUnknown("how"),
    refusals.RequestCancelled(),
    refusals.SessionNotFound(),
    refusals.Stopping(),
    refusals.SubscriptionEnded("how"),
    refusals.TooMany("things", 1, 1),
    refusals.WrongKey(),
    BadRequest("NotAcceptable", "what", "do that", status=406),
    BadRequest("BadHeaderValue", "what, and what to do", None),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.reason)
def test_the_body_is_what_the_gateway_would_say(refusal: Refusal) -> None:
    same = errors.GatewayError(
        refusal.message, reason=refusal.reason, remedy=refusal.remedy, code=refusal.code
    )

    assert refusal.answer(b'"a"') == body_of(same, b'"a"')
    assert refusal.answer(None) == body_of(same, None)


@pytest.mark.parametrize("refusal", REFUSALS[:-1], ids=lambda refusal: refusal.reason)
def test_the_remedy_is_said_once_and_apart_from_what_happened(refusal: Refusal) -> None:
    error = msgspec.json.decode(refusal.answer(b"1"))["error"]

    assert error["data"]["reason"] == refusal.reason
    assert ("remedy" in error["data"]) == (refusal.reason != "RequestCancelled")
    assert error["data"].get("remedy", "nothing") not in error["message"]
    assert not error["message"].endswith(".")


def test_what_the_protocol_asks_for_stands_beside_it() -> None:
    refusal = refusals.UnsupportedVersion("2026-07-28", ["2025-06-18", "2025-11-25"])

    assert msgspec.json.decode(refusal.answer(b"1"))["error"]["data"] == {
        "reason": "UnsupportedVersion",
        "remedy": "use one of 2025-06-18, 2025-11-25",
        "supported": ["2025-06-18", "2025-11-25"],
        "requested": "2026-07-28",
    }
