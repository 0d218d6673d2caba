"""A Secret that cannot be a listener's certificate is told with the commands that mend it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fakes.golden_cases import plan_case, read_case
from moorage_operator.cluster.secret_reader import SecretContent
from moorage_operator.cluster.tls_secret import judge_tls_secret

CREATE = "`kubectl -n agents create secret tls mcp-tls --cert=tls.crt --key=tls.key`"
DELETE = "`kubectl -n agents delete secret mcp-tls`"


def _messages(secret: dict[str, str], **members: Any) -> dict[str, str]:
    case = read_case("gateway-one-pod")
    case["resource"]["spec"]["listener"] = {"tls": {"secretName": "mcp-tls"}}
    case |= {"tls_secret": secret, **members}
    return {condition.type: condition.message for condition in plan_case(case).conditions}


def test_one_that_is_missing_is_told_with_the_command_that_makes_it() -> None:
    assert CREATE in _messages({"state": "Missing"})["ResolvedRefs"]


def test_one_of_another_type_must_be_made_anew() -> None:
    content = SecretContent("uid", "1", "Opaque", None, {}, {"tls.crt": b"a", "tls.key": b"b"})
    observed = judge_tls_secret(content, datetime.now(UTC))
    assert observed.state == "WrongType"

    told = _messages({"state": observed.state, "why": observed.why})["ResolvedRefs"]

    assert "its type is Opaque, not kubernetes.io/tls" in told
    assert "type cannot be changed" in told
    assert told.index(DELETE) < told.index(CREATE)


@pytest.mark.parametrize("state", ["Missing", "WrongType", "Unfit"])
def test_nobody_is_told_that_routes_are_served_without_a_certificate(state: str) -> None:
    messages = _messages({"state": state, "why": "it is odd"})

    assert "routes are served" not in messages["ResolvedRefs"]
    assert "others wait" in messages["ResolvedRefs"]
    assert "see ResolvedRefs" in messages["Ready"]


def test_pods_that_are_older_than_the_secret_are_waited_for() -> None:
    assert "at most 2 minutes" in _messages({"state": "Present"})["Ready"]
    assert "ResolvedRefs" not in _messages({"state": "Present"})["Ready"]
