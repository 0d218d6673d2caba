"""How a stdio group's server is started at a desk (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from moorage_operator.api.environment import EnvironmentVariable
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroupSpec
from moorage_sidecar import BridgeLimits, StdioServer


@dataclass(frozen=True)
class BridgePlan:
    """One bridge: two equal plans need no restart between them."""

    server: StdioServer
    limits: BridgeLimits


MissingVariables = list[tuple[int, str]]
"""Index in ``env`` and name of each variable that has its value nowhere."""


def plan_bridge(
    spec: McpUpstreamGroupSpec, source: StdioSource, environment: Mapping[str, str]
) -> tuple[BridgePlan, MissingVariables]:
    """The bridge of a stdio group, and the variables that ``environment`` should have given.

    The command comes from the file alone: nothing of any request reaches it (threat P14).
    """
    variables, missing = {}, []
    for index, variable in enumerate(source.environment):
        value = _value_of(variable, environment)
        if value is not None:
            variables[variable.name] = value
        elif variable.value_from is not None and not variable.value_from.optional:
            missing.append((index, variable.name))
    server = StdioServer(
        command=(*source.command, *source.args),
        environment=variables,
        working_directory=source.working_dir,
    )
    limits = BridgeLimits(
        max_sessions=spec.sessions.per_pod,
        max_principals=spec.sessions.per_pod,
        idle_seconds=spec.sessions.idle_seconds,
        answer_seconds=spec.timeouts.answer_seconds,
    )
    return BridgePlan(server, limits), missing


def _value_of(variable: EnvironmentVariable, environment: Mapping[str, str]) -> str | None:
    return variable.value if variable.value_from is None else environment.get(variable.name)
