"""``spec.source`` of an McpUpstreamGroup: where its endpoints come from, exactly one way."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from moorage_operator.api.external_source import ExternalSource, read_external
from moorage_operator.api.stdio_source import StdioSource, read_stdio
from moorage_operator.api.value import Value
from moorage_operator.api.workload_source import WorkloadSource, read_workload

SourceSpec = WorkloadSource | StdioSource | ExternalSource

SOURCE_READERS: Mapping[str, Callable[[Value], SourceSpec]] = MappingProxyType(
    {"workload": read_workload, "stdio": read_stdio, "external": read_external}
)


def read_source(value: Value) -> SourceSpec | None:
    """The one source, or None after a finding: none or several, or nothing that has members."""
    with value.members() as source:
        given = [(read, source.optional(name)) for name, read in SOURCE_READERS.items()]
        sources = [read(member) for read, member in given if member is not None]
        if len(sources) > 1:
            source.refuse("Contradiction", f"has {len(sources)} members", _keep_one())
        if not sources:
            source.refuse("MissingField", "has none of its members", _keep_one())
    return sources[0] if len(sources) == 1 else None


def _keep_one() -> str:
    return f"give exactly one of {', '.join(SOURCE_READERS)}"
