"""A Secret that cannot be a listener's certificate is told with the commands that mend it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from fakes.golden_cases import plan_case, read_case
from moorage_contract.report_channel import DemandReport
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.secret_reader import SecretContent
from moorage_operator.cluster.tls_secret import judge_tls_secret
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules

CREATE = "`kubectl -n agents create secret tls mcp-tls --cert=tls.crt --key=tls.key`"
DELETE = "`kubectl -n agents delete secret mcp-tls`"


class _NothingServed:
    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        return {}


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


PODS = [
    {"pod": name, "table_digest": "d", "certificate_refused": "they do not fit"} for name in "ba"
]


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        ([], None),
        ([{**PODS[0], "stopping": True}], None),
        ([{**PODS[0], "certificate_refused": ""}], None),
        (PODS[:1], "b told: they do not fit; replace"),
        (PODS, "a and 1 other pod told: they do not fit; replace"),
    ],
)
def test_what_pods_do_not_use_is_told_before_the_secret_is_read_again(
    reports: list[dict[str, Any]], told: str | None
) -> None:
    message = _messages({"state": "Present"}, reports=reports)["ResolvedRefs"]

    assert (told in message) if told else ("Secret" not in message)


def test_a_pods_word_on_its_certificate_concerns_the_gateway() -> None:
    pod = GatewayPod(ResourceName("agents", "agents"), "a")
    report: dict[str, Any] = {"gateway": "agents/agents", "pod": "a", "table_digest": "d"}
    ledger = DemandLedger(_NothingServed(), leading_since=-1000.0)
    ledger.hear(pod, DemandReport(seq=1, whole=True, **report), 0.0)

    heard = ledger.hear(pod, DemandReport(seq=2, certificate_refused="odd", **report), 1.0)

    assert heard.in_force
    (told,) = ledger.reports(pod.gateway)
    assert told.certificate_refused == "odd"


def test_pods_that_are_older_than_the_secret_are_waited_for() -> None:
    assert "at most 2 minutes" in _messages({"state": "Present"})["Ready"]
    assert "ResolvedRefs" not in _messages({"state": "Present"})["Ready"]
