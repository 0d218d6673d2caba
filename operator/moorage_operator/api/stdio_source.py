"""``spec.source.stdio`` of an McpUpstreamGroup: a server that speaks on its stdin and stdout."""

from dataclasses import dataclass, field

from moorage_operator.api import bounds
from moorage_operator.api.environment import EnvironmentVariable, read_environment
from moorage_operator.api.environment_sources import (
    EnvironmentSource,
    read_environment_sources,
)
from moorage_operator.api.name_rules import argument, command_word, folder_path
from moorage_operator.api.pod_fields import PodFields, read_pod_fields
from moorage_operator.api.value import Value


@dataclass(frozen=True)
class StdioSource:
    """How one process of the server is started, and the pods around it."""

    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    working_dir: str | None = None
    environment: tuple[EnvironmentVariable, ...] = ()
    environment_from: tuple[EnvironmentSource, ...] = ()
    pod: PodFields = field(default_factory=PodFields)


def read_stdio(value: Value) -> StdioSource:
    """The server as written. Its command comes from here alone, never from a request."""
    with value.members() as stdio:
        command = stdio.items("command", bounds.COMMAND_WORDS)
        arguments = stdio.items("args", bounds.ARGUMENTS)
        return StdioSource(
            command=tuple(word.text(command_word) for word in command),
            args=tuple(word.text(argument) for word in arguments),
            working_dir=stdio.optional_text("workingDir", folder_path),
            environment=read_environment(stdio),
            environment_from=read_environment_sources(stdio),
            pod=read_pod_fields(stdio),
        )
