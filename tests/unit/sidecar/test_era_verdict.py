"""Which era a server is of, by its answer to ``server/discover``."""

from typing import Any

import msgspec
import pytest

from moorage_sidecar.sharing.era_probe import read_verdict
from moorage_wire.eras import LEGACY_VERSIONS


def verdict(**members: object) -> Any:
    return read_verdict(msgspec.json.encode({"jsonrpc": "2.0", "id": 1, **members}))


def test_a_server_that_lists_the_version_is_modern() -> None:
    assert verdict(result={"supportedVersions": ["2026-07-28"], "capabilities": {}}) is None


@pytest.mark.parametrize(
    "members",
    [
        {"error": {"code": -32601, "message": "unknown method"}},
        {"error": {"code": -32600, "message": "not initialized"}},
        {"error": {"code": 0, "message": "?"}},
        {"result": {}},
        {"result": None},
    ],
)
def test_any_other_answer_means_legacy(members: dict[str, Any]) -> None:
    refusal = verdict(**members)
    assert refusal.status == 400
    assert refusal.code == -32022
    assert refusal.data == {"supported": list(LEGACY_VERSIONS), "requested": "2026-07-28"}


def test_what_the_server_itself_lists_is_passed_on() -> None:
    error = {"code": -32022, "message": "?", "data": {"supported": ["2027-01-01"]}}
    assert verdict(error=error).data["supported"] == ["2027-01-01"]
    listed = verdict(result={"supportedVersions": ["2025-11-25"]})
    assert listed.data["supported"] == ["2025-11-25"]
