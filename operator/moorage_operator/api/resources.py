"""One document of a CR in, the resource or everything that is wrong with it out."""

from collections.abc import Mapping
from contextlib import suppress

from moorage_operator.api.findings import EnoughFindings, Findings, SpecError, did_you_mean, quoted
from moorage_operator.api.gateway import McpGateway, read_gateway_spec
from moorage_operator.api.metadata import read_metadata
from moorage_operator.api.name_rules import gateway_name, group_name
from moorage_operator.api.not_supported_yet import find_unsupported
from moorage_operator.api.resource_kinds import (
    API_GROUP,
    API_VERSION,
    GATEWAY_KIND,
    KINDS,
)
from moorage_operator.api.upstream_group import McpUpstreamGroup, read_group_spec
from moorage_operator.api.value import Value, quoted_value

Resource = McpGateway | McpUpstreamGroup


def read_resource(document: object) -> Resource:
    """The resource that the document describes.

    ``document`` is what YAML or JSON decodes to: mappings, lists, text, numbers.
    Raises ``SpecError`` with all findings of the document at once.
    """
    findings = Findings()
    resource = None
    with suppress(EnoughFindings):
        resource = _read_document(document, findings)
    met = tuple(findings)
    if met or resource is None:
        raise SpecError(met)
    return resource


def is_ours(document: object) -> bool:
    """Whether the document means to be one of the two kinds, be it with mistakes.

    Others (a Deployment beside the CRs, say) are no mistake: they are for Kubernetes.
    """
    if not isinstance(document, Mapping):
        return True
    version, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return True
    return version.partition("/")[0] == API_GROUP or kind in KINDS


def _read_document(document: object, findings: Findings) -> Resource | None:
    with Value(document, (), findings).members() as root:
        _check_version(root.required("apiVersion", f'add "apiVersion: {API_VERSION}"'))
        kind = root.required("kind", f"add one of {', '.join(KINDS)}")
        metadata = root.required("metadata", 'add "metadata: {name: …}"')
        spec = root.required("spec")
        root.optional("status")
        if kind.raw not in KINDS:
            _refuse_kind(kind)
            return None
        for finding in find_unsupported(kind.raw, document):
            findings.add(finding)
        return (
            _read_gateway(metadata, spec)
            if kind.raw == GATEWAY_KIND
            else _read_group(metadata, spec)
        )


def _read_gateway(metadata: Value, spec: Value) -> McpGateway:
    return McpGateway(read_metadata(metadata, gateway_name), read_gateway_spec(spec))


def _read_group(metadata: Value, spec: Value) -> McpUpstreamGroup | None:
    name, group = read_metadata(metadata, group_name), read_group_spec(spec)
    return None if group is None else McpUpstreamGroup(name, group)


def _check_version(version: Value) -> None:
    if version.text(lambda _: None) not in ("", API_VERSION):
        message = f"{quoted_value(version.raw)} is not known here"
        version.refuse("UnknownKind", message, f'write "{API_VERSION}"')


def _refuse_kind(kind: Value) -> None:
    name = kind.text(lambda _: None)
    if name:
        near = did_you_mean(name, list(KINDS))
        one_of = f"use one of {', '.join(KINDS)}"
        kind.refuse("UnknownKind", f"{quoted(name)} is not known here", near or one_of)
