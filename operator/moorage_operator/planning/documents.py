"""Documents of the cluster as specs, or the condition that says why they are refused."""

from moorage_operator.api.findings import SpecError, SpecFinding
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.resources import read_resource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.planning.conditions import ConditionTypes
from moorage_operator.planning.snapshot import Condition, ObservedResource

FINDINGS_TOLD = 10


def read_gateway(resource: ObservedResource) -> McpGateway:
    """The gateway; raises ``SpecError``."""
    gateway = read_resource(resource.document)
    assert isinstance(gateway, McpGateway), "indices keep the kinds apart"
    return gateway


def read_group(resource: ObservedResource) -> McpUpstreamGroup:
    """The group; raises ``SpecError``."""
    group = read_resource(resource.document)
    assert isinstance(group, McpUpstreamGroup), "indices keep the kinds apart"
    return group


def refused(kind: ConditionTypes, error: SpecError) -> Condition:
    """``Accepted`` of a document that is refused: its findings, the first ten of them."""
    findings = error.findings
    reasons = {finding.reason for finding in findings}
    reason = findings[0].reason if len(reasons) == 1 else "InvalidSpec"
    return kind.condition("Accepted", reason, f"{told(findings)}. What was accepted last goes on")


def told(findings: tuple[SpecFinding, ...]) -> str:
    """The findings in one text, each with its place and remedy, the first ten of them."""
    text = ". ".join(str(finding) for finding in findings[:FINDINGS_TOLD])
    more = len(findings) - FINDINGS_TOLD
    return f"{text}. And {more} more" if more > 0 else text
