"""Gateway pods that may not follow endpoints: the gateway's status says which, where and why."""

from collections.abc import Mapping
from typing import Any

from fakes.cr_documents import Document, workload_group_document
from fakes.golden_cases import plan_case, read_case
from moorage_contract.report_channel import DemandReport
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules
from moorage_operator.planning.snapshot import Condition

WHY = "the API server answered HTTP 403"
POD = GatewayPod(ResourceName("agents", "agents"), "a")


class _ServesNothing:
    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        return {}


def _case(*reports: Document) -> Document:
    """A gateway with groups in two namespaces, and pods that told this."""
    case = read_case("gateway-one-pod")
    uid = case["resource"]["metadata"]["uid"]
    case.update(children={"Deployment": uid, "Secret": uid}, deployment={"replicas": 2})
    elsewhere = workload_group_document()
    elsewhere["metadata"] = {"name": "notes", "namespace": "office"}
    elsewhere["spec"]["allowedGateways"] = {"namespaces": {"from": "All"}}
    case["groups"].append(elsewhere)
    upstream = {"name": "notes", "namespace": "office"}
    case["resource"]["spec"]["routes"].append({"path": "/notes/mcp", "upstream": upstream})
    case["reports"] = list(reports)
    return case


def _report(pod: str, **members: Any) -> Document:
    return {"pod": pod, "table_digest": "whatever", **members}


def _programmed(case: Document) -> Condition:
    (found,) = [each for each in plan_case(case).conditions if each.type == "Programmed"]
    return found


def test_pods_namespace_groups_reason_and_remedy_are_told() -> None:
    refused = {"office": WHY}
    told = _programmed(
        _case(_report("b", unfollowed=refused), _report("a", unfollowed=refused), _report("c"))
    )
    assert (told.status, told.reason) == ("False", "EndpointsRefused")
    assert told.message.startswith(
        f"pods a, b may not list EndpointSlices in namespace office (group notes): {WHY}; "
        "see the RoleBinding notes-upstream there"
    )
    assert "ServiceAccount agents/agents-gateway" in told.message


def test_a_namespace_without_groups_of_the_gateway_or_a_pod_that_stops_is_no_matter() -> None:
    for report in (
        _report("a", unfollowed={"left-long-ago": WHY}),
        _report("a", unfollowed={"office": WHY}, stopping=True),
    ):
        assert _programmed(_case(report)).reason != "EndpointsRefused"


def test_many_pods_are_counted() -> None:
    reports = [_report(f"p{number}", unfollowed={"office": WHY}) for number in range(8)]
    told = _programmed(_case(*reports)).message
    assert told.startswith("pods p0, p1, p2, p3, p4 and 3 more may not list")


def test_what_a_pod_reports_is_handed_on_and_looked_at_at_once() -> None:
    ledger = DemandLedger(_ServesNothing(), leading_since=0.0)
    report: dict[str, Any] = {"gateway": "agents/agents", "pod": "a", "table_digest": "d"}
    ledger.hear(POD, DemandReport(seq=1, whole=True, **report), 0.0)
    heard = ledger.hear(POD, DemandReport(seq=2, unfollowed={"office": WHY}, **report), 1.0)
    assert heard.in_force, "Programmed is looked at anew"
    (told,) = ledger.reports(POD.gateway)
    assert told.unfollowed == {"office": WHY}
