"""What ``moorage up`` serves: one gateway, endpoints for every group, and no guesses."""

from pathlib import Path
from typing import Any

import pytest

from fakes.cr_documents import (
    Document,
    gateway_document,
    group_document,
    route,
    stdio_group_document,
)
from fakes.cr_files import resources_in, write
from moorage_local.addresses import Address
from moorage_local.configuration import Configuration, configure
from moorage_local.findings import ConfigurationRefused
from moorage_local.stdio_commands import BridgePlan
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.route_table import url_endpoint
from moorage_sidecar import BridgeLimits, StdioServer

TICKETS = ResourceName("desk", "tickets")
WORKLOAD = {"workload": {"name": "tickets", "port": 8080, "path": "/api/mcp"}}


def configured(
    folder: Path,
    *documents: Document,
    upstreams: dict[str, tuple[str, ...]] | None = None,
    environment: dict[str, str] | None = None,
    listen: Address | None = None,
) -> Configuration:
    resources = resources_in(write(folder / "a.yaml", *documents))
    return configure(resources, upstreams or {}, environment or {}, listen)


def refused(folder: Path, *documents: Document, **options: Any) -> list[str]:
    with pytest.raises(ConfigurationRefused) as caught:
        configured(folder, *documents, **options)
    return [str(finding).replace(f"{folder}/", "") for finding in caught.value.findings]


def test_external_groups_have_their_urls(tmp_path: Path) -> None:
    configuration = configured(tmp_path, gateway_document(), group_document())
    assert configuration.gateway.name == ResourceName("desk", "agents")
    assert configuration.url_endpoints == {TICKETS: (url_endpoint("http://127.0.0.1:9000/mcp"),)}
    assert configuration.bridges == {}
    assert configuration.counted == "1 gateway and 1 group from 1 file"


def test_an_url_has_the_same_uid_in_every_process() -> None:
    assert url_endpoint("http://a/mcp") == url_endpoint("http://a/mcp")
    assert url_endpoint("http://a/mcp").uid != url_endpoint("http://a/mcp2").uid


def test_workloads_need_to_be_told_where_they_run(tmp_path: Path) -> None:
    assert refused(tmp_path, gateway_document(), group_document(source=WORKLOAD)) == [
        "a.yaml:3: spec.source.workload: there are no pods at a desk to serve McpUpstreamGroup "
        '"tickets"; say where it runs: --upstream tickets=URL'
    ]


@pytest.mark.parametrize("name", ["tickets", "desk/tickets"])
def test_upstream_urls_are_endpoints_of_the_workload(tmp_path: Path, name: str) -> None:
    urls = ("http://a:1", "http://b:1/mcp", "http://b:1/mcp")
    configuration = configured(
        tmp_path,
        gateway_document(),
        group_document(source=WORKLOAD),
        upstreams={name: urls},
    )
    assert [endpoint.url for endpoint in configuration.url_endpoints[TICKETS]] == [
        "http://a:1/api/mcp",
        "http://b:1/mcp",
    ]


def test_upstreams_that_name_no_workload_are_told(tmp_path: Path) -> None:
    documents = (gateway_document(), group_document(source=WORKLOAD))
    options = {"tickets": ("http://a",), "ticket": ("http://b",)}
    assert refused(tmp_path, *documents, upstreams=options) == [
        '--upstream ticket: no McpUpstreamGroup "ticket" with a workload in these files; '
        'did you mean "tickets"?'
    ]
    assert refused(
        tmp_path, gateway_document(), group_document(), upstreams={"tickets": ("http://a",)}
    ) == [
        '--upstream tickets: no McpUpstreamGroup "tickets" with a workload in these files; '
        "remove the option or correct the name"
    ]


def test_groups_that_no_route_names_need_no_endpoints(tmp_path: Path) -> None:
    idle = group_document("idle", source=WORKLOAD)
    configuration = configured(tmp_path, gateway_document(), group_document(), idle)
    assert set(configuration.groups) == {TICKETS}
    assert configuration.notes == (f"{tmp_path}/a.yaml:5: no route leads to McpUpstreamGroup idle",)


def test_stdio_groups_get_a_bridge(tmp_path: Path) -> None:
    group = stdio_group_document(
        args=["-v"], workingDir="/srv", env=[{"name": "A", "value": "1"}, {"name": "B"}]
    )
    group["spec"] |= {
        "sessions": {"perPod": 7, "idleSeconds": 8},
        "timeouts": {"answerSeconds": 9},
    }
    assert configured(tmp_path, gateway_document(), group).bridges == {
        TICKETS: BridgePlan(
            StdioServer(("server", "-v"), {"A": "1", "B": ""}, "/srv"),
            BridgeLimits(max_sessions=7, max_principals=7, idle_seconds=8, answer_seconds=9),
        )
    }


def secret(name: str, **reference: Any) -> Document:
    return {
        "name": name,
        "valueFrom": {"secretKeyRef": {"name": "tickets", "key": "token", **reference}},
    }


def test_secrets_come_from_the_environment_at_a_desk(tmp_path: Path) -> None:
    group = stdio_group_document(env=[secret("TOKEN"), secret("OTHER", optional=True)])
    documents = (gateway_document(), group)
    configuration = configured(tmp_path, *documents, environment={"TOKEN": "t", "PATH": "/bin"})
    assert configuration.bridges[TICKETS].server.environment == {"TOKEN": "t"}
    assert refused(tmp_path, *documents) == [
        "a.yaml:3: spec.source.stdio.env[0].valueFrom: there are no Secrets or ConfigMaps at a "
        'desk to take "TOKEN" from; set TOKEN in the environment of moorage'
    ]


def test_one_process_serves_one_gateway(tmp_path: Path) -> None:
    second = gateway_document()
    second["metadata"]["name"] = "others"
    assert refused(tmp_path, gateway_document(), group_document(), second) == [
        'a.yaml:5: metadata.name: one process serves one gateway, and "agents" is at a.yaml:1, '
        '"others" here; name files with one of them, and start a process for each'
    ]


def test_without_a_gateway_there_is_nothing_to_serve(tmp_path: Path) -> None:
    assert refused(tmp_path, group_document()) == [
        "moorage up: no McpGateway in these files; add one, or name its file too"
    ]


def test_a_refused_gateway_is_not_missing_as_well(tmp_path: Path) -> None:
    assert refused(tmp_path, gateway_document(replicas=0), group_document(source=WORKLOAD)) == [
        "a.yaml:1: spec.replicas: 0 is not in 1 to 100; use 1 to 100"
    ]


def test_findings_of_files_and_of_options_come_together(tmp_path: Path) -> None:
    gateway = gateway_document(routes=[route("/a", "tickets"), route("/b", "nobody")])
    findings = refused(tmp_path, gateway, group_document(source=WORKLOAD))
    assert [line.split(": ")[1] for line in findings] == [
        "spec.routes[1].upstream.name",
        "spec.source.workload",
    ]


def test_what_a_desk_does_not_do_is_noted(tmp_path: Path) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment"}
    scaled = group_document(scaling={"maxReplicas": 3})
    configuration = configured(tmp_path, gateway_document(replicas=2), scaled, deployment)
    assert configuration.notes == (
        "passed over, for Kubernetes alone: Deployment",
        "scaling is for the cluster and not used here: tickets",
        "spec.replicas 2 is for the cluster: here one process serves; start more with the same "
        "--key-file and other ports",
    )


SECURE = {"tls": {"secretName": "mcp-tls"}, "hostnames": ["mcp.example.com"]}


@pytest.mark.parametrize("listen", [None, Address("127.0.0.1", 8080), Address("localhost", 0)])
def test_on_loopback_a_listener_with_tls_is_served_without_and_that_is_noted(
    tmp_path: Path, listen: Address | None
) -> None:
    documents = (gateway_document(listener=SECURE), group_document())
    assert configured(tmp_path, *documents, listen=listen).notes == (
        "spec.listener.tls is for the cluster: here clients are served plain HTTP",
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example.com"])
def test_nobody_else_is_served_without_the_tls_that_the_file_asks_for(
    tmp_path: Path, host: str
) -> None:
    listen = Address(host, 8080)
    documents = (gateway_document(listener=SECURE), group_document())
    assert refused(tmp_path, *documents, listen=listen) == [
        "a.yaml:1: spec.listener.tls: a desk has no Secrets, so clients would be served at "
        f"{listen} without TLS; leave --listen out or name a loopback address, or remove the field"
    ]
    plain = (gateway_document(), group_document())
    assert configured(tmp_path, *plain, listen=listen).notes == ()


def test_at_a_desk_the_option_says_whether_a_workload_has_tls(tmp_path: Path) -> None:
    secure = {"workload": {**WORKLOAD["workload"], "tls": {"hostname": "tickets.desk.svc"}}}
    configuration = configured(
        tmp_path,
        gateway_document(),
        group_document(source=secure),
        upstreams={"tickets": ("http://a:1",)},
    )
    assert [endpoint.url for endpoint in configuration.url_endpoints[TICKETS]] == [
        "http://a:1/api/mcp"
    ]
    assert configuration.notes == ("workload.tls is for the cluster and not used here: tickets",)


def test_a_desk_has_nothing_to_take_all_variables_from(tmp_path: Path) -> None:
    needed = {"secretRef": {"name": "tickets"}}
    spare = {"configMapRef": {"name": "tickets", "optional": True}}
    assert refused(tmp_path, gateway_document(), stdio_group_document(envFrom=[spare, needed])) == [
        "a.yaml:3: spec.source.stdio.envFrom[1]: there are no Secrets or ConfigMaps at a desk to "
        "take variables from; name each variable in env with valueFrom instead, or mark it "
        "optional: true"
    ]
    configuration = configured(tmp_path, gateway_document(), stdio_group_document(envFrom=[spare]))
    assert configuration.bridges[TICKETS].server.environment == {}
    assert "envFrom is for the cluster and not used here: tickets" in configuration.notes
