"""What ``moorage up`` serves: one gateway, its groups, and where each group's endpoints are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from moorage_contract.route_table import Endpoint
from moorage_local.addresses import Address
from moorage_local.desk_notes import desk_notes
from moorage_local.files import Files
from moorage_local.findings import ConfigurationRefused, FileFinding
from moorage_local.resources import NAME_PATH, Resources, read_resources
from moorage_local.stdio_commands import BridgePlan, plan_bridge
from moorage_local.stdio_programs import missing_programs
from moorage_operator.api.external_source import ExternalSource
from moorage_operator.api.findings import did_you_mean, quoted
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.api.workload_source import WorkloadSource
from moorage_operator.planning.route_table import url_endpoint

Upstreams = Mapping[str, tuple[str, ...]]
"""What ``--upstream`` says: URLs by the name of a workload group."""


@dataclass(frozen=True)
class Configuration:
    """One accepted configuration."""

    gateway: McpGateway
    groups: Mapping[ResourceName, McpUpstreamGroup]
    """Those that the gateway's routes name."""
    url_endpoints: Mapping[ResourceName, tuple[Endpoint, ...]]
    """Of external groups, and of workload groups with ``--upstream``."""
    bridges: Mapping[ResourceName, BridgePlan]
    """Of stdio groups."""
    counted: str
    """``1 gateway and 2 groups from 2 files``."""
    notes: tuple[str, ...]
    """What the user should know, though nothing is wrong."""


def load_configuration(
    files: Files, upstreams: Upstreams, listen: Address | None = None
) -> Configuration:
    """Read the files as they are now; raises ``ConfigurationRefused`` with all findings."""
    resources = read_resources(files.read())
    return configure(resources, upstreams, os.environ, listen)


def configure(
    resources: Resources,
    upstreams: Upstreams,
    environment: Mapping[str, str],
    listen: Address | None = None,
) -> Configuration:
    """The configuration that these resources and options make.

    ``environment`` gives the variables that a stdio server's ``valueFrom`` names; ``listen`` is
    what ``--listen`` says, None means loopback.
    Raises ``ConfigurationRefused`` with all findings, those of the resources too.
    """
    gateway = _only_gateway(resources)
    plan = _Plan(resources, upstreams, environment)
    if gateway is not None:
        plan.check_listener(gateway, listen)
        for name in _named_groups(gateway, resources):
            plan.add(resources.groups[name])
    findings = (*resources.findings, *plan.findings, *_unused_upstreams(resources, upstreams))
    if findings or gateway is None:
        raise ConfigurationRefused(findings)
    return Configuration(
        gateway=gateway,
        groups=plan.groups,
        url_endpoints=plan.url_endpoints,
        bridges=plan.bridges,
        counted=resources.counted(),
        notes=(
            *resources.warnings,
            *desk_notes(resources, gateway, plan.groups),
            *missing_programs(plan.groups.values(), environment),
        ),
    )


@dataclass
class _Plan:
    """Collects where the endpoints are, and what hinders."""

    resources: Resources
    upstreams: Upstreams
    environment: Mapping[str, str]
    groups: dict[ResourceName, McpUpstreamGroup] = field(default_factory=dict)
    url_endpoints: dict[ResourceName, tuple[Endpoint, ...]] = field(default_factory=dict)
    bridges: dict[ResourceName, BridgePlan] = field(default_factory=dict)
    findings: list[FileFinding] = field(default_factory=list)

    def check_listener(self, gateway: McpGateway, listen: Address | None) -> None:
        if gateway.spec.listener.tls is not None and listen is not None and not listen.is_loopback:
            message = f"a desk has no Secrets, so clients would be served at {listen} without TLS"
            remedy = "leave --listen out or name a loopback address, or remove the field"
            document = self.resources.document_of(gateway)
            self.findings.append(document.finding(("spec", "listener", "tls"), message, remedy))

    def add(self, group: McpUpstreamGroup) -> None:
        self.groups[group.name] = group
        source = group.spec.source
        if isinstance(source, ExternalSource):
            self.url_endpoints[group.name] = tuple(map(url_endpoint, source.urls))
        elif isinstance(source, WorkloadSource):
            self._add_workload(group, source)
        else:
            self._add_stdio(group, source)

    def _add_workload(self, group: McpUpstreamGroup, source: WorkloadSource) -> None:
        urls = _upstream_of(group, self.upstreams)
        if not urls:
            message = f"there are no pods at a desk to serve {GROUP_KIND} {quoted(group.name.name)}"
            remedy = f"say where it runs: --upstream {group.name.name}=URL"
            document = self.resources.document_of(group)
            self.findings.append(document.finding(("spec", "source", "workload"), message, remedy))
        whole = (url if urlsplit(url).path else f"{url}{source.path}" for url in urls)
        self.url_endpoints[group.name] = tuple(map(url_endpoint, dict.fromkeys(whole)))

    def _add_stdio(self, group: McpUpstreamGroup, source: StdioSource) -> None:
        bridge, missing = plan_bridge(group.spec, source, self.environment)
        document = self.resources.document_of(group)
        for index, name in missing:
            path = ("spec", "source", "stdio", "env", index, "valueFrom")
            message = f"there are no Secrets or ConfigMaps at a desk to take {quoted(name)} from"
            remedy = f"set {name} in the environment of moorage"
            self.findings.append(document.finding(path, message, remedy))
        self._add_environment_sources(group, source)
        self.bridges[group.name] = bridge

    def _add_environment_sources(self, group: McpUpstreamGroup, source: StdioSource) -> None:
        document = self.resources.document_of(group)
        message = "there are no Secrets or ConfigMaps at a desk to take variables from"
        remedy = "name each variable in env with valueFrom instead, or mark it optional: true"
        for index, variables in enumerate(source.environment_from):
            if not variables.optional:
                path = ("spec", "source", "stdio", "envFrom", index)
                self.findings.append(document.finding(path, message, remedy))


def _only_gateway(resources: Resources) -> McpGateway | None:
    """The one gateway; a finding if there is none or several (refused ones are told already)."""
    gateways = list(resources.gateways.values())
    if len(gateways) > 1:
        documents = [resources.document_of(gateway) for gateway in gateways]
        first = f"{documents[0].file}:{documents[0].lines.line_of(NAME_PATH)}"
        for gateway, document in zip(gateways[1:], documents[1:], strict=True):
            message = (
                f"one process serves one gateway, and {quoted(gateways[0].name.name)} is at "
                f"{first}, {quoted(gateway.name.name)} here"
            )
            remedy = "name files with one of them, and start a process for each"
            resources.findings.append(document.finding(NAME_PATH, message, remedy))
    if not gateways and not resources.findings:
        message, remedy = f"no {GATEWAY_KIND} in these files", "add one, or name its file too"
        resources.findings.append(FileFinding("moorage up", None, None, message, remedy))
    return gateways[0] if gateways else None


def _named_groups(gateway: McpGateway, resources: Resources) -> list[ResourceName]:
    targets = {route.upstream.resolve(gateway.name.namespace) for route in gateway.spec.routes}
    return sorted(targets & resources.groups.keys())


def _upstream_of(group: McpUpstreamGroup, upstreams: Upstreams) -> tuple[str, ...]:
    return upstreams.get(str(group.name)) or upstreams.get(group.name.name) or ()


def _unused_upstreams(resources: Resources, upstreams: Upstreams) -> list[FileFinding]:
    """Options that name no workload group: a slip that would else show as a silent nothing."""
    workloads = [
        name
        for group in resources.groups.values()
        if isinstance(group.spec.source, WorkloadSource)
        for name in (group.name.name, str(group.name))
    ]
    return [
        FileFinding(
            f"--upstream {name}",
            None,
            None,
            f"no {GROUP_KIND} {quoted(name)} with a workload in these files",
            did_you_mean(name, workloads) or "remove the option or correct the name",
        )
        for name in upstreams
        if name not in workloads and not resources.findings
    ]
