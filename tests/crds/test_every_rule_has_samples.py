"""Every CEL rule of the schemas takes a good resource and refuses a bad one, in its own words."""

import re
from dataclasses import dataclass

import pytest

from fakes.api_server import ApiServer
from fakes.cr_documents import (
    Document,
    gateway_document,
    group_document,
    image_group_document,
    route,
    stdio_group_document,
    workload_group_document,
)
from fakes.crd_schema import fields

JWT = {"issuer": "https://a.example", "audience": "a", "jwksUrl": "https://a.example/keys"}
LIMIT = {"per": "Gateway", "tokensPerSecond": 1, "burstTokens": 1}
REFERENCE = {"name": "notes", "key": "token"}
LABEL = "example.com/team-A_1.x"
LONG_PREFIX = ".".join(["a" * 63] * 4)


@dataclass(frozen=True)
class Sample:
    """A good and a bad resource for the rule at ``path`` whose message begins with ``says``."""

    path: str
    says: str
    good: Document
    bad: Document

    @property
    def key(self) -> tuple[str, str, str]:
        return self.good["kind"], self.path, self.says


def named(document: Document, name: str) -> Document:
    return {**document, "metadata": {"name": name}}


def with_path(path: str) -> Document:
    return gateway_document(routes=[route(path, "tickets")])


def with_hostname(name: str) -> Document:
    return gateway_document(listener={"hostnames": [name]})


def with_url(url: str) -> Document:
    return group_document(source={"external": {"endpoints": [{"url": url}]}})


def with_toleration(**toleration: object) -> Document:
    return image_group_document(tolerations=[toleration])


def with_mount(path: str = "/data", **mount: object) -> Document:
    volumes = [{"name": "data", "emptyDir": {}}]
    return image_group_document(
        volumes=volumes, volumeMounts=[{"name": "data", "mountPath": path, **mount}]
    )


def with_volume(**volume: object) -> Document:
    return image_group_document(volumes=[{"name": "data", **volume}])


def with_affinity(**affinity: str) -> Document:
    return group_document(sessions={"affinity": affinity})


def allowing(**namespaces: object) -> Document:
    return group_document(allowedGateways={"namespaces": namespaces})


def selecting(label: str) -> Document:
    return allowing(**{"from": "Selector", "selector": {"matchLabels": {label: "a"}}})


STDIO = "spec.source.stdio"
URL = "spec.source.external.endpoints[].url"
ROUTE = "spec.routes[].path"
HOSTNAME = "spec.listener.hostnames[]"
TLS_HOSTNAME = "spec.source.workload.tls.hostname"
MOUNT = f"{STDIO}.volumeMounts[].mountPath"
SUB_PATH = f"{STDIO}.volumeMounts[].subPath"

GATEWAY, GROUP, IMAGE = gateway_document(), group_document(), image_group_document()

SAMPLES = [
    Sample("", "must be a name", named(GATEWAY, "a" * 55), named(GATEWAY, "a" * 56)),
    Sample("", "must be a name", named(GROUP, "a1-b" + "c" * 50), named(GROUP, "1tickets")),
    Sample(
        "spec",
        "this version does not enforce it (everybody",
        GATEWAY,
        gateway_document(authentication={"jwt": [JWT]}),
    ),
    Sample(
        "spec",
        "this version does not enforce it (nobody would be limited",
        GATEWAY,
        gateway_document(limits=[LIMIT]),
    ),
    Sample(
        "spec",
        "this version does not enforce it (no backup",
        GROUP,
        group_document(failover={"backups": [{"name": "other"}]}),
    ),
    Sample(HOSTNAME, "is a wildcard", with_hostname("a.example"), with_hostname("*.example")),
    Sample(HOSTNAME, "is not a host name", with_hostname("10.0.0.7"), with_hostname("a:8080")),
    Sample(HOSTNAME, "is not the usual form", with_hostname("2001:db8::7"), with_hostname("::0:1")),
    Sample(ROUTE, "must be an absolute path", with_path("/a/b~c.d_e-1"), with_path("/a//b")),
    Sample(ROUTE, "has a . or .. segment", with_path("/a/..b/.c"), with_path("/a/../b")),
    Sample(ROUTE, "is the gateway's own", with_path("/metrics2"), with_path("/metrics/a")),
    Sample(
        "spec.source",
        "give exactly one of workload",
        workload_group_document(),
        group_document(source={}),
    ),
    Sample(
        "spec.source.workload.path",
        "must be an absolute path",
        workload_group_document(path="/"),
        workload_group_document(path="mcp"),
    ),
    Sample(
        "spec.source.workload.path",
        "has a . or .. segment",
        workload_group_document(path="/.mcp"),
        workload_group_document(path="/./mcp"),
    ),
    Sample(
        TLS_HOSTNAME,
        "is not a host name",
        workload_group_document(tls={"hostname": "tickets.agents.svc"}),
        workload_group_document(tls={"hostname": "*.agents.svc"}),
    ),
    Sample(
        TLS_HOSTNAME,
        "is an address",
        workload_group_document(tls={"hostname": "tickets"}),
        workload_group_document(tls={"hostname": "10.0.0.7"}),
    ),
    Sample(URL, "is not an absolute http", with_url("HTTPS://a/b"), with_url("ftp://a/b")),
    Sample(URL, "has a user name", with_url("http://a/@b"), with_url("http://u:p@a/b")),
    Sample(URL, "has no host name", with_url("http://[::1]:80"), with_url("http://a:65536/b")),
    Sample(
        URL,
        "has other characters in its path",
        with_url("http://a/b?c=d"),
        with_url("http://a/{b}"),
    ),
    Sample(STDIO, "needs image", IMAGE, stdio_group_document()),
    Sample(STDIO, "names none of the volumes", with_mount(), with_mount(name="other")),
    Sample(
        f"{STDIO}.env[]",
        "has value and valueFrom",
        image_group_document(env=[{"name": "A", "valueFrom": {"secretKeyRef": REFERENCE}}]),
        image_group_document(
            env=[{"name": "A", "value": "", "valueFrom": {"secretKeyRef": REFERENCE}}]
        ),
    ),
    Sample(
        f"{STDIO}.env[].valueFrom",
        "name exactly one of secretKeyRef",
        image_group_document(env=[{"name": "A", "valueFrom": {"configMapKeyRef": REFERENCE}}]),
        image_group_document(env=[{"name": "A", "valueFrom": {}}]),
    ),
    Sample(
        f"{STDIO}.envFrom[]",
        "name exactly one of secretRef",
        image_group_document(envFrom=[{"prefix": "A_", "secretRef": {"name": "notes"}}]),
        image_group_document(envFrom=[{"prefix": "A_"}]),
    ),
    Sample(
        f"{STDIO}.securityContext",
        "is root, which runAsNonRoot forbids",
        image_group_document(securityContext={"runAsUser": 0, "runAsNonRoot": False}),
        image_group_document(securityContext={"runAsUser": 0}),
    ),
    Sample(
        f"{STDIO}.resources",
        "is more than the limit",
        image_group_document(resources={"requests": {"cpu": "1.5"}, "limits": {"cpu": 2}}),
        image_group_document(resources={"requests": {"cpu": 1}, "limits": {"cpu": "999m"}}),
    ),
    Sample(
        f"{STDIO}.resources.requests",
        "has a name that no resource can have",
        image_group_document(resources={"requests": {"example.com/gpu": 1}}),
        image_group_document(resources={"requests": {"a b": 1}}),
    ),
    Sample(
        f"{STDIO}.resources.limits",
        "has a name that no resource can have",
        image_group_document(resources={"limits": {"memory": "1Gi"}}),
        image_group_document(resources={"limits": {f"{LONG_PREFIX}/{'a' * 64}": 1}}),
    ),
    Sample(
        f"{STDIO}.nodeSelector",
        "has a name that no label can have",
        image_group_document(nodeSelector={LABEL: "fast"}),
        image_group_document(nodeSelector={"-disk": "fast"}),
    ),
    Sample(
        f"{STDIO}.tolerations[]",
        "has a value, which the operator Exists",
        with_toleration(operator="Exists", value=""),
        with_toleration(key="a", operator="Exists", value="b"),
    ),
    Sample(
        f"{STDIO}.tolerations[]",
        "has no key",
        with_toleration(operator="Exists"),
        with_toleration(value="b"),
    ),
    Sample(
        f"{STDIO}.tolerations[]",
        "has tolerationSeconds",
        with_toleration(key="a", effect="NoExecute", tolerationSeconds=0),
        with_toleration(key="a", tolerationSeconds=0),
    ),
    Sample(
        f"{STDIO}.volumes[]",
        "give exactly one of emptyDir",
        with_volume(secret={"secretName": "notes"}),
        with_volume(emptyDir={}, secret={"secretName": "notes"}),
    ),
    Sample(
        f"{STDIO}.volumes[].name",
        "begins like the pods' own",
        with_volume(name="moorage", emptyDir={}),
        with_volume(name="moorage-run", emptyDir={}),
    ),
    Sample(MOUNT, "is not a folder to mount at", with_mount("/a b/c"), with_mount("/a:b")),
    Sample(MOUNT, "has a . or .. segment", with_mount("/a/..b"), with_mount("/a/..")),
    Sample(
        MOUNT, "is where the launcher is", with_mount("/run/moorage2"), with_mount("/run/moorage")
    ),
    Sample(SUB_PATH, "is not a path", with_mount(subPath="a/b"), with_mount(subPath="/a")),
    Sample(SUB_PATH, "has a . or ..", with_mount(subPath="..a"), with_mount(subPath="../a")),
    Sample(
        "spec.sessions",
        "is more than maxSeconds",
        group_document(sessions={"idleSeconds": 5, "maxSeconds": 5}),
        group_document(sessions={"idleSeconds": 6, "maxSeconds": 5}),
    ),
    Sample(
        "spec.sessions.affinity",
        "and header contradict",
        with_affinity(type="Header", header="X-Session-ID"),
        with_affinity(type="Header"),
    ),
    Sample(
        "spec.sessions.affinity.header",
        "has another job",
        with_affinity(type="Header", header="X-Cookie"),
        with_affinity(type="Header", header="Cookie"),
    ),
    Sample(
        "spec.scaling",
        "is more than maxReplicas",
        group_document(scaling={"minReplicas": 10}),
        group_document(scaling={"minReplicas": 11}),
    ),
    Sample(
        "spec.allowedGateways.namespaces",
        "and selector contradict",
        selecting("team"),
        allowing(**{"from": "All", "selector": {"matchLabels": {"a": "b"}}}),
    ),
    Sample(
        "spec.allowedGateways.namespaces.selector.matchLabels",
        "has a name that no label can have",
        selecting(LABEL),
        selecting("a" * 64),
    ),
]

RULES = [(field.kind, field.path, rule) for field in fields() for rule in field.rules]


def rules_of(sample: Sample) -> list[dict[str, str]]:
    kind, path, says = sample.key
    return [
        rule
        for rule_kind, rule_path, rule in RULES
        if (kind, path) == (rule_kind, rule_path) and rule["message"].startswith(says)
    ]


def test_every_rule_has_one_pair_of_samples() -> None:
    sampled = [
        (*sample.key[:2], rule["message"]) for sample in SAMPLES for rule in rules_of(sample)
    ]
    assert sorted(sampled) == sorted((kind, path, rule["message"]) for kind, path, rule in RULES)


def test_every_rule_says_what_to_do_and_under_which_reason() -> None:
    for _, path, rule in RULES:
        assert rule["message"][0].islower() and not rule["message"].endswith("."), path
        assert re.search(r"; |^must|^give|^name", rule["message"]), path
        assert rule["reason"].startswith("FieldValue"), path


each_sample = pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: "/".join(sample.key).replace(" ", "-")
)


@pytest.mark.cluster
@each_sample
def test_the_good_sample_is_taken(sample: Sample, api_server: ApiServer) -> None:
    assert api_server.refusals(sample.good) == []


@pytest.mark.cluster
@each_sample
def test_the_bad_sample_is_refused_by_the_rule_alone(sample: Sample, api_server: ApiServer) -> None:
    (rule,) = rules_of(sample)
    place = (sample.path + rule.get("fieldPath", "")).removeprefix(".")
    (refusal,) = api_server.refusals(sample.bad)
    assert re.sub(r"\[\d+\]", "[]", refusal.field) == place
    assert refusal.text.endswith(rule["message"])
