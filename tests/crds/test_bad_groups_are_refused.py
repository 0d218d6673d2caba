"""Groups that are wrong are refused by the API server at the field, in words that help."""

import pytest

from fakes.api_server import ApiServer
from fakes.bad_resources import Bad, assert_refused, each_of
from fakes.cr_documents import (
    Document,
    group_document,
    workload_group_document,
)

pytestmark = pytest.mark.cluster

WORKLOAD = {"name": "tickets", "port": 8080}
EXTERNAL = {"endpoints": [{"url": "https://a.example/mcp"}]}


def external(*urls: str, **members: object) -> Document:
    endpoints = [{"url": url} for url in urls]
    return group_document(source={"external": {"endpoints": endpoints, **members}})


def allowing(**namespaces: object) -> Document:
    return group_document(allowedGateways={"namespaces": namespaces})


def tls(**members: str) -> Document:
    return workload_group_document(tls=members)


WORKLOAD_AT = "spec.source.workload"
ENDPOINTS_AT = "spec.source.external.endpoints"
NAMESPACES_AT = "spec.allowedGateways.namespaces"
PATTERN = "should match"

SOURCES = [
    Bad("metadata.name", "could have: at most 54", group_document("a" * 55)),
    Bad("metadata.name", "a letter first", group_document("1tickets")),
    Bad("spec.source", "Required value", {**group_document(), "spec": {}}),
    Bad("spec.source", "must be of type object", group_document(source="stdio")),
    Bad("spec.source", "exactly one of workload, stdio, external", group_document(source={})),
    Bad(
        "spec.source",
        "exactly one of workload, stdio, external",
        group_document(source={"workload": WORKLOAD, "external": EXTERNAL}),
    ),
    Bad("spec.source.service", "unknown field", group_document(source={"service": WORKLOAD})),
]
WORKLOADS = [
    Bad(f"{WORKLOAD_AT}.name", "Required value", group_document(source={"workload": {"port": 1}})),
    Bad(
        f"{WORKLOAD_AT}.port", "Required value", group_document(source={"workload": {"name": "a"}})
    ),
    Bad(f"{WORKLOAD_AT}.name", PATTERN, workload_group_document(name="Tickets")),
    Bad(
        f"{WORKLOAD_AT}.kind",
        'supported values: "Deployment"',
        workload_group_document(kind="DaemonSet"),
    ),
    Bad(f"{WORKLOAD_AT}.port", "less than or equal to 65535", workload_group_document(port=70_000)),
    Bad(f"{WORKLOAD_AT}.port", "must be of type integer", workload_group_document(port="http")),
    Bad(f"{WORKLOAD_AT}.path", "an absolute path", workload_group_document(path="mcp")),
    Bad(f"{WORKLOAD_AT}.path", "segment", workload_group_document(path="/a/../mcp")),
    Bad(f"{WORKLOAD_AT}.path", "at least 1 chars", workload_group_document(path="")),
    Bad(f"{WORKLOAD_AT}.transport", "HttpSse", workload_group_document(transport="Sse")),
    Bad(f"{WORKLOAD_AT}.namespace", "unknown field", workload_group_document(namespace="a")),
    Bad(f"{WORKLOAD_AT}.tls.hostname", "Required value", tls(caConfigMapName="a")),
    Bad(f"{WORKLOAD_AT}.tls.hostname", "not a host name", tls(hostname="*.a.example")),
    Bad(f"{WORKLOAD_AT}.tls.hostname", "not a host name", tls(hostname="https://a.example")),
    Bad(f"{WORKLOAD_AT}.tls.hostname", "is an address", tls(hostname="10.0.0.7")),
    Bad(f"{WORKLOAD_AT}.tls.caConfigMapName", PATTERN, tls(hostname="a", caConfigMapName="A")),
    Bad(f"{WORKLOAD_AT}.tls.insecure", "unknown field", tls(hostname="a", insecure="true")),
]
ENDPOINTS = [
    Bad(ENDPOINTS_AT, "Required value", group_document(source={"external": {}})),
    Bad(ENDPOINTS_AT, "at least 1 items", external()),
    Bad(ENDPOINTS_AT, "at most 256 items", external(*(f"http://a/{n}" for n in range(257)))),
    Bad(f"{ENDPOINTS_AT}[1]", "Duplicate value", external("http://a/b", "http://a/b")),
    Bad(f"{ENDPOINTS_AT}[0].url", "http or https URL", external("a.example/mcp")),
    Bad(f"{ENDPOINTS_AT}[0].url", "http or https URL", external("file:///etc/passwd")),
    Bad(f"{ENDPOINTS_AT}[0].url", "http or https URL", external("http://a/b c")),
    Bad(f"{ENDPOINTS_AT}[0].url", "has no host name", external("http:///mcp")),
    Bad(f"{ENDPOINTS_AT}[0].url", "has no host name", external("http://a_b/mcp")),
    Bad(f"{ENDPOINTS_AT}[0].url", "no port from 1", external("http://a:0/mcp")),
    Bad(f"{ENDPOINTS_AT}[0].url", "no port from 1", external("http://a:99999/mcp")),
    Bad(f"{ENDPOINTS_AT}[0].url", "a password", external("https://user:secret@a/mcp")),
    Bad(f"{ENDPOINTS_AT}[0].url", "a fragment", external("https://a/mcp#top")),
    Bad(f"{ENDPOINTS_AT}[0].url", "encode what is not", external("https://a/{mcp}")),
    Bad(f"{ENDPOINTS_AT}[0].url", "Too long", external("https://a/" + "b" * 1_024)),
    Bad("spec.source.external.transport", "Unsupported", external("http://a", transport="stdio")),
]
SESSIONS = [
    Bad("spec.sessions.perPod", "or equal to 1", group_document(sessions={"perPod": 0})),
    Bad("spec.sessions.perPod", "or equal to 10000", group_document(sessions={"perPod": 10_001})),
    Bad(
        "spec.sessions.idleSeconds",
        "be of type integer",
        group_document(sessions={"idleSeconds": "5m"}),
    ),
    Bad("spec.sessions.idleSeconds", "lower it", group_document(sessions={"maxSeconds": 60})),
    Bad(
        "spec.sessions.maxSeconds",
        "equal to 2592000",
        group_document(sessions={"maxSeconds": 9**9}),
    ),
    Bad(
        "spec.sessions.onPodLoss",
        "supported values",
        group_document(sessions={"onPodLoss": "replay"}),
    ),
    Bad("spec.sessions.affinty", "unknown field", group_document(sessions={"affinty": {}})),
    Bad(
        "spec.sessions.affinity.type",
        "give header exactly when",
        group_document(sessions={"affinity": {"type": "Header"}}),
    ),
    Bad(
        "spec.sessions.affinity.type",
        "give header exactly when",
        group_document(sessions={"affinity": {"header": "X-A"}}),
    ),
    Bad(
        "spec.sessions.affinity.header",
        "use a header of your own",
        group_document(sessions={"affinity": {"type": "Header", "header": "Mcp-Session-Id"}}),
    ),
    Bad(
        "spec.sessions.affinity.header",
        PATTERN,
        group_document(sessions={"affinity": {"type": "Header", "header": "X A"}}),
    ),
    Bad(
        "spec.timeouts.answerSeconds",
        "or equal to 3600",
        group_document(timeouts={"answerSeconds": 3_601}),
    ),
]
PODS = [
    Bad("spec.replicas", "or equal to 0", group_document(replicas=-1)),
    Bad("spec.replicas", "or equal to 1000", group_document(replicas=1_001)),
    Bad(
        "spec.scaling.minReplicas", "raise maxReplicas", group_document(scaling={"minReplicas": 11})
    ),
    Bad("spec.scaling.maxReplicas", "or equal to 1", group_document(scaling={"maxReplicas": 0})),
    Bad("spec.scaling.mode", "supported values", group_document(scaling={"mode": "Auto"})),
    Bad("spec.scaling.holdSeconds", "or equal to 45", group_document(scaling={"holdSeconds": 60})),
    Bad(
        "spec.scaling.confidencePercent",
        "to 99",
        group_document(scaling={"confidencePercent": 100}),
    ),
    Bad(
        "spec.failover",
        "does not enforce it (no backup would step in); remove the field",
        group_document(failover={"backups": [{"name": "other"}]}),
    ),
    Bad("spec.failover.backups", "Required value", group_document(failover={})),
]
ALLOWED = [
    Bad(NAMESPACES_AT, "Required value", group_document(allowedGateways={})),
    Bad(f"{NAMESPACES_AT}.from", "supported values", allowing(**{"from": "Any"})),
    Bad(f"{NAMESPACES_AT}.from", "exactly when from is Selector", allowing(**{"from": "Selector"})),
    Bad(
        f"{NAMESPACES_AT}.from",
        "exactly when from is Selector",
        allowing(selector={"matchLabels": {"a": "b"}}),
    ),
    Bad(
        f"{NAMESPACES_AT}.selector.matchLabels",
        "at least 1 properties",
        allowing(**{"from": "Selector", "selector": {"matchLabels": {}}}),
    ),
    Bad(
        f"{NAMESPACES_AT}.selector.matchExpressions",
        "unknown field",
        allowing(**{"from": "Selector", "selector": {"matchExpressions": []}}),
    ),
    Bad(
        f"{NAMESPACES_AT}.selector.matchLabels.team",
        PATTERN,
        allowing(**{"from": "Selector", "selector": {"matchLabels": {"team": "a b"}}}),
    ),
]


@each_of([*SOURCES, *WORKLOADS, *ENDPOINTS, *SESSIONS, *PODS, *ALLOWED])
def test_bad_groups_are_refused(bad: Bad, api_server: ApiServer) -> None:
    assert_refused(bad, api_server)
