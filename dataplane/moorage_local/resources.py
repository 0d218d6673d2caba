"""From files to the resources in them, and everything that is wrong with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from moorage_local.files import SourceFile
from moorage_local.findings import FileFinding
from moorage_local.yaml_documents import Document, UnreadableYaml, YamlFile
from moorage_operator.api.bounds import DEFAULT_NAMESPACE
from moorage_operator.api.findings import SpecError
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.references import check_references, unreferenced_groups
from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND
from moorage_operator.api.resources import Resource, is_ours, read_resource
from moorage_operator.api.upstream_group import McpUpstreamGroup

NAME_PATH = ("metadata", "name")


@dataclass
class Resources:
    """What is in the files of one command."""

    file_count: int
    gateways: dict[ResourceName, McpGateway] = field(default_factory=dict)
    groups: dict[ResourceName, McpUpstreamGroup] = field(default_factory=dict)
    documents: dict[tuple[str, ResourceName], Document] = field(default_factory=dict)
    """By kind and name; those of refused resources too, as far as they have a name."""
    foreign_kinds: list[str] = field(default_factory=list)
    """Kinds of objects that are for Kubernetes alone and were passed over."""
    empty_files: list[str] = field(default_factory=list)
    """Names of files without a document."""
    findings: list[FileFinding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def document_of(self, resource: Resource) -> Document:
        """Where the resource is written."""
        kind = GATEWAY_KIND if isinstance(resource, McpGateway) else GROUP_KIND
        return self.documents[kind, resource.name]

    def counted(self) -> str:
        """``1 gateway and 2 groups from 2 files``."""
        gateways = plural(len(self.gateways), "gateway")
        groups = plural(len(self.groups), "group")
        return f"{gateways} and {groups} from {plural(self.file_count, 'file')}"


def read_resources(files: Iterable[SourceFile]) -> Resources:
    """All resources of the files; ``findings`` is empty when every one of them is accepted."""
    files = tuple(files)
    resources = Resources(len(files))
    readable = [_read_file(file, resources) for file in files]
    _tell_empty_files(resources)
    # In an unreadable rest may stand whatever seems to be missing.
    if all(readable):
        _check_references(resources)
    resources.findings.sort(key=lambda finding: (finding.file, finding.line or 0))
    return resources


def plural(count: int, noun: str) -> str:
    """``1 group``, ``2 groups``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _read_file(file: SourceFile, resources: Resources) -> bool:
    yaml_file = YamlFile(file.name, file.text)
    readable, is_empty = True, True
    try:
        for document in yaml_file.documents():
            is_empty = False
            _read_document(document, resources)
    except UnreadableYaml as error:
        finding = FileFinding(file.name, error.line, None, error.message, error.remedy)
        resources.findings.append(finding)
        readable = False
    resources.findings += yaml_file.findings
    if readable and is_empty:
        resources.empty_files.append(file.name)
    return readable


def _tell_empty_files(resources: Resources) -> None:
    """Beside others an empty file may be meant to be; alone it leaves nothing to serve."""
    message = "there is nothing in it"
    if len(resources.empty_files) < resources.file_count:
        resources.warnings += [f"{file}: {message}" for file in resources.empty_files]
        return
    remedy = f"write an {GATEWAY_KIND} and its {GROUP_KIND}s in it, or name the file that has them"
    resources.findings += [
        FileFinding(file, None, None, message, remedy) for file in resources.empty_files
    ]


def _read_document(document: Document, resources: Resources) -> None:
    if not is_ours(document.value):
        assert isinstance(document.value, Mapping)
        resources.foreign_kinds.append(str(document.value["kind"]))
        return
    _note_document(document, resources)
    try:
        resource = read_resource(document.value)
    except SpecError as error:
        resources.findings += [
            document.finding(finding.path, finding.message, finding.remedy)
            for finding in error.findings
        ]
        return
    if isinstance(resource, McpGateway):
        resources.gateways.setdefault(resource.name, resource)
    else:
        resources.groups.setdefault(resource.name, resource)


def _note_document(document: Document, resources: Resources) -> None:
    """Remember where the resource is, even a refused one, so that references to it resolve."""
    key = _kind_and_name(document.value)
    if key is None:
        return
    first = resources.documents.setdefault(key, document)
    if first is not document:
        kind, name = key
        place = f"{first.file}:{first.lines.line_of(NAME_PATH)}"
        message = f"{kind} {name} is at {place} already"
        resources.findings.append(document.finding(NAME_PATH, message, "remove one of them"))


def _kind_and_name(value: object) -> tuple[str, ResourceName] | None:
    if not isinstance(value, Mapping) or not isinstance(value.get("metadata"), Mapping):
        return None
    kind, metadata = value.get("kind"), value["metadata"]
    name, namespace = metadata.get("name"), metadata.get("namespace") or DEFAULT_NAMESPACE
    if all(isinstance(text, str) for text in (kind, name, namespace)):
        return str(kind), ResourceName(namespace, name)
    return None


def _check_references(resources: Resources) -> None:
    groups = {
        name: resources.groups.get(name) for kind, name in resources.documents if kind == GROUP_KIND
    }
    for gateway in resources.gateways.values():
        document = resources.document_of(gateway)
        resources.findings += [
            document.finding(finding.path, finding.message, finding.remedy)
            for finding in check_references(gateway, groups, in_files=True)
        ]
    refused_gateways = len(resources.gateways) < sum(
        kind == GATEWAY_KIND for kind, _ in resources.documents
    )
    if not refused_gateways:
        _warn_of_unreferenced(resources)


def _warn_of_unreferenced(resources: Resources) -> None:
    for name in unreferenced_groups(list(resources.gateways.values()), resources.groups):
        document = resources.documents[GROUP_KIND, name]
        place = f"{document.file}:{document.lines.line_of(NAME_PATH)}"
        resources.warnings.append(f"{place}: no route leads to {GROUP_KIND} {name.name}")
