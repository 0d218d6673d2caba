"""Each reason of each condition, by a snapshot in which it is so; no reason is never given."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from fakes.cr_documents import Document, group_document, route
from fakes.golden_cases import plan_case, read_case
from moorage_operator.planning.conditions import (
    GATEWAY,
    GROUP,
    MESSAGE_CHARACTERS,
    ConditionTypes,
)
from moorage_operator.planning.group_plan import group_failure
from moorage_operator.planning.snapshot import Condition
from moorage_operator.rendering.child_names import TABLE_DIGEST_ANNOTATION

Change = Callable[[Document], object]
"""What is done to a case in which all is well."""


def well_gateway() -> Document:
    """A gateway whose one pod serves its newest table."""
    case = read_case("gateway-one-pod")
    uid = case["resource"]["metadata"]["uid"]
    case.update(children={"Deployment": uid, "Secret": uid}, deployment={"replicas": 1})
    case["reports"] = [{"pod": "a", "table_digest": digest_of(case)}]
    return case


def well_group() -> Document:
    """A group with one ready pod that speaks MCP."""
    case = read_case("group-workload")
    case["workload"].update(replicas=1, ready_replicas=1)
    case["verdicts"] = [{"endpoint_uid": "a", "verified": True, "versions": ["2025-11-25"]}]
    return case


def well_stdio_group() -> Document:
    case = read_case("group-stdio")
    case["deployment"] = {"replicas": 1}
    case["verdicts"] = [{"endpoint_uid": "a", "verified": True, "versions": ["2025-11-25"]}]
    return case


def digest_of(case: Document) -> str:
    children: Any = plan_case(case).children
    digest: str = children[0]["metadata"]["annotations"][TABLE_DIGEST_ANNOTATION]
    return digest


def spec(**members: Any) -> Change:
    return lambda case: case["resource"]["spec"].update(members)


def source(kind: str, **members: Any) -> Change:
    return lambda case: case["resource"]["spec"]["source"][kind].update(members)


def given(**members: Any) -> Change:
    return lambda case: case.update(members)


def told_by_pod(**members: Any) -> Change:
    return lambda case: case["reports"][0].update(members)


def child(kind: str, owner: str | None) -> Change:
    return lambda case: case.setdefault("children", {}).update({kind: owner})


def without(*members: str) -> Change:
    return lambda case: [case.pop(member) for member in members]


def all_of(*changes: Change) -> Change:
    return lambda case: [change(case) for change in changes]


def another_group(document: Document, namespace: str, reference: Document) -> Change:
    """A group in some namespace, and a route to it."""
    document["metadata"]["namespace"] = namespace
    path = {"path": f"/{reference['name']}", "upstream": reference}
    return lambda case: (
        case["groups"].append(document),
        case["resource"]["spec"]["routes"].append(path),
    )


def large_group(number: int) -> Change:
    """A group within the bounds; many of them are beyond the table's."""
    texts = [hashlib.sha512(f"{number} {at}".encode()).hexdigest() for at in range(256)]
    endpoints = [{"url": f"http://a/{text * 4}{text[:at]}"} for at, text in enumerate(texts, 1)]
    document = group_document(f"g{number}", source={"external": {"endpoints": endpoints}})
    return another_group(document, "agents", {"name": f"g{number}"})


def missing_group(number: int) -> Change:
    """A route to a group that is not there."""
    return another_group(group_document(f"g{number}"), "no", {"name": f"x{number}"})


def said_before(condition: str, message: str, generation: int = 1) -> Change:
    """The status says so already, for the generation that is observed or another."""
    said = {
        "type": condition,
        "status": "True",
        "observedGeneration": generation,
        "message": message,
    }
    return lambda case: case["resource"].update(status={"conditions": [said]})


def never_deployed(case: Document) -> None:
    """No Deployment of ours was ever written."""
    del case["children"]["Deployment"], case["deployment"]


TLS = spec(listener={"tls": {"secretName": "mcp-tls"}})
LIMIT = {"per": "Route", "tokensPerSecond": 1, "burstTokens": 1}
NOT_ALLOWED = another_group(
    group_document("notes"), "office", {"name": "notes", "namespace": "office"}
)
SAME_ROUTES = [route("/a", "tickets"), route("/a", "tickets")]

WELL = f"in force on 1 pod: table {digest_of(read_case('gateway-one-pod'))}"
SAID_WELL = said_before("Programmed", WELL)
SAID_OF_ANOTHER_GENERATION = said_before("Programmed", WELL, 0)

GROUPS_DEPLOYMENT_NEEDS = ("Secret", "Role", "RoleBinding")
GATEWAYS_DEPLOYMENT_NEEDS = (*GROUPS_DEPLOYMENT_NEEDS, "ConfigMap", "ServiceAccount")

GATEWAY_CASES: list[tuple[str, str, Change]] = [
    *((condition, condition, given()) for condition in GATEWAY.reasons),
    ("Accepted", "MissingField", spec(routes=[{"path": "/a"}])),
    ("Accepted", "UnknownField", spec(colour="red")),
    ("Accepted", "WrongType", spec(replicas="2")),
    ("Accepted", "OutOfBounds", spec(replicas=5000)),
    ("Accepted", "InvalidValue", spec(routes=[route("/a//b", "tickets")])),
    ("Accepted", "Duplicate", spec(routes=SAME_ROUTES)),
    ("Accepted", "NotSupportedYet", spec(limits=[LIMIT])),
    ("Accepted", "InvalidSpec", spec(replicas="2", colour="red")),
    ("Accepted", "InvalidSpec", spec(**{f"colour{number}": 1 for number in range(200)})),
    ("Accepted", "InvalidSpec", lambda case: case["resource"].update(apiVersion="moorage.dev/v9")),
    (
        "Accepted",
        "HostnameTaken",
        all_of(spec(listener={"hostnames": ["a.b"]}), given(hostname_owners={"a.b": "old/front"})),
    ),
    ("Accepted", "TableTooLarge", all_of(*map(large_group, range(60)))),
    ("Accepted", "NameTaken", child("Role", None)),
    ("ResolvedRefs", "UpstreamNotFound", without("groups")),
    ("ResolvedRefs", "UpstreamNotFound", all_of(NOT_ALLOWED, spec(routes=[route("/a", "b")]))),
    ("ResolvedRefs", "RefNotPermitted", NOT_ALLOWED),
    ("ResolvedRefs", "UpstreamFailed", given(group_failures={"agents/tickets": "gone"})),
    ("ResolvedRefs", "TlsSecretMissing", TLS),
    ("ResolvedRefs", "TlsSecretMissing", all_of(TLS, given(tls_secret={"state": "Missing"}))),
    ("ResolvedRefs", "TlsSecretMissing", all_of(TLS, without("groups"))),
    (
        "ResolvedRefs",
        "TlsSecretUnfit",
        all_of(TLS, given(tls_secret={"state": "Unfit", "why": "it has expired"})),
    ),
    ("ResolvedRefs", "SpecRefused", spec(colour="red")),
    ("Programmed", "Pending", spec(replicas=2)),
    ("Programmed", "Pending", given(deployment={"replicas": 2})),
    ("Programmed", "Pending", given(deployment={"replicas": 2, "ready_replicas": 1})),
    ("Programmed", "Pending", without("deployment", "reports")),
    ("Programmed", "KeyRingLost", lambda case: case["children"].pop("Secret")),
    ("Programmed", "KeyRingLost", given(key_ring_problem="it holds no key")),
    ("Programmed", "EndpointsRefused", told_by_pod(unfollowed={"agents": "HTTP 403"})),
    ("Programmed", "NotAccepted", spec(colour="red")),
    ("Programmed", "NotAccepted", all_of(*map(large_group, range(60)))),
    ("Programmed", "NoReports", without("reports")),
    ("Programmed", "NoReports", told_by_pod(stopping=True)),
    ("Programmed", "NoReports", all_of(without("reports"), said_before("Programmed", "older"))),
    ("Programmed", "Programmed", all_of(without("reports"), SAID_WELL)),
    ("Programmed", "Programmed", all_of(given(deployment={"replicas": 2}), SAID_WELL)),
    ("Programmed", "NoReports", all_of(without("reports"), SAID_OF_ANOTHER_GENERATION)),
    ("Ready", "NoReadyPods", given(deployment={"replicas": 1, "ready_replicas": 0})),
    ("Ready", "NoReadyPods", without("deployment")),
    ("Ready", "NoRouteServed", without("groups")),
    ("Ready", "NameTaken", child("Service", "somebody")),
    ("Ready", "NameTaken", child("Deployment", None)),
    ("Ready", "Ready", child("Role", None)),
    *(
        ("Ready", "NameTaken", all_of(child(kind, None), never_deployed))
        for kind in GATEWAYS_DEPLOYMENT_NEEDS
    ),
]

STDIO = {"image": "a:1", "command": ["a"]}
ROOT = {"runAsUser": 0, "runAsNonRoot": False}
FAILED = {"endpoint_uid": "a", "verified": False, "why": "answered 404 Not Found"}
CA = {"hostname": "a.b", "caConfigMapName": "ca"}
EXPRESSIONS = {"name": "tickets", "match_labels": {"app": "a"}, "has_expressions": True}

GROUP_CASES: list[tuple[str, str, Change]] = [
    *((each, each, given()) for each in GROUP.reasons if each != "Restricted"),
    ("Accepted", "MissingField", spec(source={"stdio": {"command": ["a"]}})),
    ("Accepted", "MissingField", spec(source={})),
    ("Accepted", "UnknownField", spec(colour="red")),
    ("Accepted", "WrongType", spec(replicas="2")),
    ("Accepted", "OutOfBounds", spec(replicas=5000)),
    ("Accepted", "InvalidValue", source("workload", path="mcp")),
    ("Accepted", "Duplicate", spec(source={"stdio": {**STDIO, "env": [{"name": "A"}] * 2}})),
    ("Accepted", "Contradiction", spec(scaling={"minReplicas": 9, "maxReplicas": 2})),
    ("Accepted", "NotSupportedYet", spec(failover={"backups": [{"name": "b"}]})),
    ("Accepted", "InvalidSpec", spec(replicas="2", colour="red")),
    ("Accepted", "WorkloadTaken", given(workload_owner="agents/older")),
    ("Accepted", "NameTaken", child("Service", "somebody")),
    ("ResolvedRefs", "WorkloadNotFound", without("workload")),
    ("ResolvedRefs", "SelectorNotSupported", given(workload=EXPRESSIONS)),
    ("ResolvedRefs", "SelectorNotSupported", given(workload={"name": "a", "match_labels": {}})),
    ("ResolvedRefs", "CaMissing", source("workload", tls=CA)),
    ("ResolvedRefs", "ResolvedRefs", all_of(source("workload", tls=CA), given(ca_pem="pem"))),
    ("ResolvedRefs", "SpecRefused", spec(colour="red")),
    ("Verified", "HandshakeFailed", given(verdicts=[FAILED] * 5)),
    ("Verified", "Verified", lambda case: case["verdicts"].append(FAILED)),
    ("Verified", "Pending", without("verdicts")),
    ("Verified", "Pending", all_of(without("verdicts"), said_before("Verified", "once", 0))),
    ("Verified", "Verified", all_of(without("verdicts"), said_before("Verified", "once"))),
    ("Verified", "HandshakeFailed", all_of(given(verdicts=[FAILED]), said_before("Verified", ""))),
    ("Verified", "NoGateway", all_of(without("gateways", "verdicts"), said_before("Verified", ""))),
    ("Verified", "NoGateway", without("verdicts", "gateways")),
    ("Verified", "NoGateway", given(verdicts=[], gateways=[{"name": "office/front"}])),
    ("Verified", "SpecRefused", spec(colour="red")),
    ("Ready", "NoReadyPods", lambda case: case["workload"].update(ready_replicas=0)),
    ("Ready", "NotVerified", given(verdicts=[FAILED])),
    ("Ready", "NotVerified", without("verdicts")),
    ("Ready", "NotResolved", without("workload")),
    ("Ready", "NotResolved", given(workload_owner="agents/older")),
    ("Ready", "NoGateway", without("verdicts", "gateways")),
    ("Ready", "SpecRefused", spec(colour="red")),
]
STDIO_CASES: list[tuple[str, str, Change]] = [
    ("Restricted", "Restricted", given()),
    ("Restricted", "Weakened", source("stdio", securityContext=ROOT)),
    ("Restricted", "Weakened", source("stdio", securityContext={"readOnlyRootFilesystem": False})),
    ("Ready", "Ready", given()),
    ("Ready", "NoReadyPods", without("deployment")),
    ("Ready", "NotResolved", child("Deployment", "somebody")),
    ("Accepted", "NameTaken", child("Secret", None)),
    *(
        ("Ready", "NotResolved", all_of(child(kind, None), never_deployed))
        for kind in GROUPS_DEPLOYMENT_NEEDS
    ),
]


def closed(kind: ConditionTypes) -> set[tuple[str, str]]:
    return {(type_, reason) for type_, reasons in kind.reasons.items() for reason in reasons} - {
        # Not planned: it is what becomes of a plan.
        ("Accepted", "ApplyFailed")
    }


def conditions_after(case: Document, change: Change) -> dict[str, Condition]:
    change(case)
    return {condition.type: condition for condition in plan_case(case).conditions}


@pytest.mark.parametrize(("condition", "reason", "change"), GATEWAY_CASES)
def test_gateways(condition: str, reason: str, change: Change) -> None:
    planned = conditions_after(well_gateway(), change)

    assert planned.keys() == GATEWAY.reasons.keys()
    assert planned[condition].reason == reason, planned[condition]
    assert planned[condition].status == GATEWAY.reasons[condition][reason]


@pytest.mark.parametrize(("condition", "reason", "change"), GROUP_CASES)
def test_groups(condition: str, reason: str, change: Change) -> None:
    planned = conditions_after(well_group(), change)

    assert planned.keys() >= GROUP.reasons.keys() - {"Restricted"}
    assert planned[condition].reason == reason, planned[condition]
    assert planned[condition].status == GROUP.reasons[condition][reason]


@pytest.mark.parametrize(("condition", "reason", "change"), STDIO_CASES)
def test_stdio_groups(condition: str, reason: str, change: Change) -> None:
    assert conditions_after(well_stdio_group(), change)[condition].reason == reason


@pytest.mark.parametrize(
    ("well", "kind"),
    [
        *((well_gateway, kind) for kind in GATEWAYS_DEPLOYMENT_NEEDS),
        *((well_stdio_group, kind) for kind in GROUPS_DEPLOYMENT_NEEDS),
    ],
)
def test_nobody_is_sent_to_pods_that_a_taken_place_keeps_from_being_made(
    well: Callable[[], Document], kind: str
) -> None:
    message = conditions_after(well(), all_of(child(kind, None), never_deployed))["Ready"].message
    assert "see Accepted" in message and "describe" not in message


def test_no_reason_is_missing_here() -> None:
    assert {(type_, reason) for type_, reason, _ in GATEWAY_CASES} == closed(GATEWAY)
    assert {(type_, reason) for type_, reason, _ in GROUP_CASES + STDIO_CASES} == closed(GROUP)


@pytest.mark.parametrize(
    "change",
    [
        spec(**{"x" * 10_000: 1}),
        spec(routes=[route("/a", "x" * 10_000)]),
        spec(**{f"colour{number}": 1 for number in range(5_000)}),
        all_of(*map(missing_group, range(900))),
    ],
)
def test_messages_stay_short_whatever_users_write(change: Change) -> None:
    planned = conditions_after(well_gateway(), change)

    assert all(len(condition.message) <= MESSAGE_CHARACTERS for condition in planned.values())
    assert any(condition.status == "False" for condition in planned.values())


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        (given(), False),
        (without("workload"), True),
        (given(workload=EXPRESSIONS), True),
        (given(workload_owner="agents/older"), True),
        (source("workload", tls=CA), True),
        (child("NetworkPolicy", None), False),
        (given(verdicts=[FAILED]), False),
        (without("gateways"), False),
        (spec(colour="red"), False),
    ],
)
def test_gateways_hear_which_groups_cannot_be_served(change: Change, fails: bool) -> None:
    conditions = conditions_after(well_group(), change)

    assert (group_failure(conditions.values()) is not None) is fails


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        (["2026-07-28", "2025-11-25"], "1 of 1 instance answered with MCP 2025-11-25, 2026-07-28"),
        ([], "1 of 1 instance answered with MCP"),
    ],
)
def test_verified_tells_the_versions(versions: list[str], message: str) -> None:
    good = {"endpoint_uid": "a", "verified": True, "versions": versions}

    planned = conditions_after(well_group(), given(verdicts=[good]))

    assert planned["Verified"].message == message
