"""Documents of the cluster as specs, or the condition that says why they are refused."""

from moorage_operator.api.findings import SpecError, SpecFinding
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.resources import read_resource
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.planning.conditions import SEVERAL_FINDINGS, ConditionTypes
from moorage_operator.planning.sentences import told
from moorage_operator.planning.snapshot import Condition, ObservedResource

_NO_IMAGE = SpecFinding(
    ("spec", "source", "stdio", "image"),
    "MissingField",
    "is missing, and pods are made from it",
    "add the image that holds the command",
)


def read_gateway(resource: ObservedResource) -> McpGateway:
    """The gateway; raises ``SpecError``."""
    gateway = read_resource(resource.document)
    assert isinstance(gateway, McpGateway), "indices keep the kinds apart"
    return gateway


def read_group(resource: ObservedResource) -> McpUpstreamGroup:
    """The group; raises ``SpecError``, also where a desk would need no image."""
    group = read_resource(resource.document)
    assert isinstance(group, McpUpstreamGroup), "indices keep the kinds apart"
    source = group.spec.source
    if isinstance(source, StdioSource) and source.pod.image is None:
        raise SpecError((_NO_IMAGE,))
    return group


def refused(kind: ConditionTypes, error: SpecError) -> Condition:
    """``Accepted`` of a document that is refused: its findings, the first ten of them."""
    findings = error.findings
    reasons = {finding.reason for finding in findings} & kind.reasons["Accepted"].keys()
    alike = all(finding.reason in reasons for finding in findings) and len(reasons) == 1
    reason = reasons.pop() if alike else SEVERAL_FINDINGS
    text = told(list(map(str, findings)), "What was accepted last goes on")
    return kind.condition("Accepted", reason, text)
