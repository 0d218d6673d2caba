"""Fields that are right alone and wrong together, and fields that must not be passed over."""

from typing import Any

import pytest

from fakes.cr_documents import (
    findings_in,
    gateway_document,
    group_document,
    reasons_in,
    stdio_group_document,
)

WORKLOAD = {"name": "tickets", "port": 8080}
STDIO = {"command": ["server"]}
EXTERNAL = {"endpoints": [{"url": "http://a"}]}


def test_a_group_has_exactly_one_source() -> None:
    for source in ({"workload": WORKLOAD}, {"stdio": STDIO}, {"external": EXTERNAL}):
        assert findings_in(group_document(source=source)) == ()
    two = {"stdio": STDIO, "external": EXTERNAL}
    (finding,) = findings_in(group_document(source=two))
    assert (finding.reason, finding.message) == ("Contradiction", "has 2 members")
    assert finding.remedy == "give exactly one of workload, stdio, external"
    assert reasons_in(group_document(source={})) == {"spec.source": "MissingField"}
    assert reasons_in(group_document(source={"sdtio": STDIO})) == {
        "spec.source": "MissingField",
        "spec.source.sdtio": "UnknownField",
    }
    assert reasons_in(group_document(source=None)) == {"spec": "MissingField"}


def test_two_sources_are_both_looked_at() -> None:
    both: dict[str, Any] = {"stdio": {}, "external": {"endpoints": []}}
    assert reasons_in(group_document(source=both)) == {
        "spec.source": "Contradiction",
        "spec.source.stdio": "MissingField",
        "spec.source.external.endpoints": "OutOfBounds",
    }


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"sessions": {"idleSeconds": 100, "maxSeconds": 99}}, "spec.sessions"),
        ({"scaling": {"minReplicas": 11}}, "spec.scaling"),
        ({"allowedGateways": {"namespaces": {"from": "Selector"}}}, None),
        (
            {"allowedGateways": {"namespaces": {"selector": {"matchLabels": {"a": "b"}}}}},
            "spec.allowedGateways.namespaces",
        ),
    ],
)
def test_fields_that_contradict_each_other(spec: dict[str, Any], place: str | None) -> None:
    expected = (
        {place: "Contradiction"} if place else {"spec.allowedGateways.namespaces": "MissingField"}
    )
    assert reasons_in(group_document(**spec)) == expected


def test_a_variable_has_one_value() -> None:
    reference = {"name": "a", "key": "b"}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"value": "1", "valueFrom": {"secretKeyRef": reference}}, "env[0]"),
        ({"valueFrom": {}}, "env[0].valueFrom"),
        (
            {"valueFrom": {"secretKeyRef": reference, "configMapKeyRef": reference}},
            "env[0].valueFrom",
        ),
    ]
    for variable, place in cases:
        document = stdio_group_document(env=[{"name": "A", **variable}])
        assert reasons_in(document) == {f"spec.source.stdio.{place}": "Contradiction"}


def test_a_switch_is_true_or_false() -> None:
    reference = {"name": "a", "key": "b", "optional": "yes"}
    document = stdio_group_document(env=[{"name": "A", "valueFrom": {"secretKeyRef": reference}}])
    assert reasons_in(document) == {
        "spec.source.stdio.env[0].valueFrom.secretKeyRef.optional": "WrongType"
    }


def test_a_variable_is_named_once() -> None:
    document = stdio_group_document(env=[{"name": "A"}, {"name": "A", "value": "1"}])
    assert reasons_in(document) == {"spec.source.stdio.env[1]": "Duplicate"}


def test_unquoted_yes_in_a_variable_says_to_quote_it() -> None:
    (finding,) = findings_in(stdio_group_document(env=[{"name": "A", "value": True}]))
    assert (finding.message, finding.remedy) == ("must be text, not true", "put it in quotes")


@pytest.mark.parametrize("word", ["", "a\0b", "a" * 4097])
def test_commands_that_no_process_could_have(word: str) -> None:
    assert reasons_in(stdio_group_document(command=["python", word])) == {
        "spec.source.stdio.command[1]": "InvalidValue"
    }


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"nodeSelector": {"-a": "b"}}, "nodeSelector.-a"),
        ({"nodeSelector": {"a": "b c"}}, "nodeSelector.a"),
        ({"resources": {"limits": {"cpu": "1.5 cores"}}}, "resources.limits.cpu"),
        ({"resources": {"limits": {"cpu": 1.5}}}, "resources.limits.cpu"),
        ({"resources": {"limits": {"a b": "1"}}}, 'resources.limits["a b"]'),
        ({"resources": {"requests": {"cpu": 1}, "limits": {"cpu": "999m"}}}, "resources"),
        ({"resources": {"requests": {"m": "1Gi"}, "limits": {"m": "1G"}}}, "resources"),
        ({"tolerations": ["spot"]}, "tolerations[0]"),
        ({"nodeSelector": ["spot"]}, "nodeSelector"),
        ({"image": "a b"}, "image"),
    ],
)
def test_pod_fields_that_kubernetes_would_refuse(change: dict[str, Any], place: str) -> None:
    assert list(reasons_in(stdio_group_document(**change))) == [f"spec.source.stdio.{place}"]


JWT = {
    "issuer": "https://idp.example.com",
    "audience": "https://mcp.example.com/tickets/mcp",
    "jwksUrl": "https://idp.example.com/jwks",
}


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"authentication": {"jwt": [JWT]}}, "spec.authentication"),
        (
            {"limits": [{"per": "Principal", "tokensPerSecond": 1, "burstTokens": 1}]},
            "spec.limits",
        ),
    ],
)
def test_a_gateway_never_passes_over_its_protection(spec: dict[str, Any], place: str) -> None:
    (finding,) = findings_in(gateway_document(**spec))
    assert (".".join(map(str, finding.path)), finding.reason) == (place, "NotSupportedYet")
    assert finding.remedy == "remove the field"


def test_an_empty_protection_is_not_passed_over_either() -> None:
    assert reasons_in(gateway_document(authentication={}))["spec.authentication"] in {
        "NotSupportedYet",
        "MissingField",
    }
    assert findings_in(gateway_document(limits=[]))
    assert findings_in(gateway_document(authentication=False))


def test_keys_over_plain_http_are_refused() -> None:
    insecure = {"jwt": [{**JWT, "jwksUrl": "http://idp.example.com/jwks"}]}
    assert "spec.authentication.jwt[0].jwksUrl" in reasons_in(
        gateway_document(authentication=insecure)
    )
