"""Whether the programs that stdio servers are started with are there."""

import shutil
from collections.abc import Iterable, Mapping

from moorage_operator.api.findings import quoted
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup


def missing_programs(
    groups: Iterable[McpUpstreamGroup], environment: Mapping[str, str]
) -> list[str]:
    """A note for each that is not found from here. No finding: it may be installed until then."""
    return [
        f"{group.name.name}: the program {quoted(source.command[0])} is not found from here; "
        "correct spec.source.stdio.command, or install it"
        for group in groups
        if isinstance(source := group.spec.source, StdioSource)
        and shutil.which(source.command[0], path=_search_path(source, environment)) is None
    ]


def _search_path(source: StdioSource, environment: Mapping[str, str]) -> str | None:
    own = (variable.value for variable in source.environment if variable.name == "PATH")
    return next(own, None) or environment.get("PATH")
