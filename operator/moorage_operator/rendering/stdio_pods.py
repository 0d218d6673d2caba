"""The Deployment of a stdio group: the user's image, the launcher in it, the sidecar beside it."""

from collections.abc import Mapping

from moorage_operator.api.environment import EnvironmentVariable
from moorage_operator.api.environment_sources import EnvironmentSource
from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.pod_fields import PodFields, ResourcesSpec
from moorage_operator.api.resource_kinds import LAUNCHER_FOLDER
from moorage_operator.api.security_context import SecurityContextSpec
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroupSpec
from moorage_operator.rendering import child_names as names
from moorage_operator.rendering.manifests import render_manifest
from moorage_operator.rendering.owner import Owner

Manifest = Mapping[str, object]

SOCKET_FOLDER = LAUNCHER_FOLDER
_LAUNCHER = f"{SOCKET_FOLDER}/launcher"
_SOCKET = f"{SOCKET_FOLDER}/server.sock"
_KEY_FOLDER = "/etc/moorage/key"
_HOME = "/home/moorage"
_TMP = "/tmp"

DRAIN_SECONDS = 20
GRACE_SECONDS = DRAIN_SECONDS + 10
"""The ladder down which the sidecar takes a server needs 8 s after the drain."""

SPARE_PROCESSES = 8
"""What the sidecar allows beyond its sessions: those that end, and gateways that verify the pod."""

SIDECAR_RESOURCES: Mapping[str, object] = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"memory": "256Mi"},
}
_INSTALL_RESOURCES: Mapping[str, object] = {
    "requests": {"cpu": "10m", "memory": "16Mi"},
    "limits": {"memory": "64Mi"},
}

_RESTRICTED: Mapping[str, object] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
_OUR_CONTAINERS: Mapping[str, object] = {
    **_RESTRICTED,
    "runAsNonRoot": True,
    "runAsUser": names.USER_ID,
    "runAsGroup": names.USER_ID,
    "readOnlyRootFilesystem": True,
}


def render_stdio_deployment(
    owner: Owner, spec: McpUpstreamGroupSpec, source: StdioSource, settings: InstallationSettings
) -> Manifest:
    """The Deployment, without replicas: those go through its scale subresource."""
    pod = source.pod
    return render_manifest(
        "group/deployment",
        metadata=owner.metadata(),
        name=owner.child_name,
        selector=names.group_pod_selector(owner.name),
        labels=owner.labels,
        grace_seconds=GRACE_SECONDS,
        pod_security_context=_pod_security(pod.security_context),
        service_account_name=pod.service_account_name,
        image_pull_secrets=tuple(
            dict.fromkeys((*pod.image_pull_secrets, *settings.image_pull_secrets))
        ),
        node_selector=dict(pod.node_selector),
        tolerations=list(pod.tolerations),
        install_command=["launcher", "install", _LAUNCHER],
        drain_command=["launcher", "drain", f"127.0.0.1:{names.STDIO_HEALTH_PORT}"],
        install_resources=_INSTALL_RESOURCES,
        sidecar_image=settings.gateway_image,
        sidecar_image_pull_policy=settings.image_pull_policy,
        sidecar_command=_sidecar_command(owner, spec),
        sidecar_resources=settings.sidecar_resources or SIDECAR_RESOURCES,
        our_security_context=_OUR_CONTAINERS,
        image=pod.image,
        image_pull_policy=pod.image_pull_policy,
        server_command=_server_command(spec, source),
        working_dir=source.working_dir,
        env=_environment(source.environment),
        env_from=[_environment_source(origin) for origin in source.environment_from],
        resources=_resources(pod.resources),
        security_context=_server_security(pod.security_context),
        socket_folder=SOCKET_FOLDER,
        key_folder=_KEY_FOLDER,
        home_folder=_HOME,
        **_volumes(pod),
    )


def weakened_fields(context: SecurityContextSpec) -> tuple[str, ...]:
    """The fields by which a pod is less restricted than it would be without them."""
    weak = {
        "runAsUser": context.run_as_user == 0,
        "runAsGroup": context.run_as_group == 0,
        "runAsNonRoot": not context.run_as_non_root,
        "fsGroup": context.fs_group == 0,
        "readOnlyRootFilesystem": not context.read_only_root_filesystem,
    }
    return tuple(field for field, is_weak in weak.items() if is_weak)


def _sidecar_command(owner: Owner, spec: McpUpstreamGroupSpec) -> list[str]:
    options = {
        "--listen": f"0.0.0.0:{names.STDIO_MCP_PORT}",
        "--health": f"0.0.0.0:{names.STDIO_HEALTH_PORT}",
        "--name": f"{owner.namespace}/{owner.name}",
        "--socket": _SOCKET,
        "--key-file": f"{_KEY_FOLDER}/key",
        "--max-sessions": str(spec.sessions.per_pod),
        "--idle-seconds": str(spec.sessions.idle_seconds),
        "--answer-seconds": str(spec.timeouts.answer_seconds),
        "--drain-seconds": str(DRAIN_SECONDS),
    }
    return ["python", "-m", "moorage_sidecar", *(word for pair in options.items() for word in pair)]


def _server_command(spec: McpUpstreamGroupSpec, source: StdioSource) -> list[str]:
    # A session and a principal may have a process each.
    connections = 2 * (spec.sessions.per_pod + SPARE_PROCESSES)
    limits = ["--max-connections", str(connections)]
    return [_LAUNCHER, "serve", "--socket", _SOCKET, *limits, "--", *source.command, *source.args]


def _pod_security(context: SecurityContextSpec) -> Mapping[str, object]:
    return {
        "fsGroup": context.fs_group,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
        # For the namespace's pod security; each container says its own ids.
        "runAsNonRoot": context.run_as_non_root,
    }


def _server_security(context: SecurityContextSpec) -> Mapping[str, object]:
    return {
        **_RESTRICTED,
        "runAsNonRoot": context.run_as_non_root,
        "runAsUser": context.run_as_user,
        "runAsGroup": context.run_as_group,
        "readOnlyRootFilesystem": context.read_only_root_filesystem,
    }


def _environment(variables: tuple[EnvironmentVariable, ...]) -> list[Mapping[str, object]]:
    given = {variable.name for variable in variables}
    # Many servers want to write there (npx, uvx), and the image's own home is read-only.
    folders = [
        {"name": name, "value": folder}
        for name, folder in (("HOME", _HOME), ("TMPDIR", _TMP))
        if name not in given
    ]
    return [*folders, *map(_variable, variables)]


def _variable(variable: EnvironmentVariable) -> Mapping[str, object]:
    reference = variable.value_from
    if reference is None:
        return {"name": variable.name, "value": variable.value}
    key = {"name": reference.name, "key": reference.key, "optional": reference.optional}
    return {"name": variable.name, "valueFrom": {reference.source: key}}


def _resources(spec: ResourcesSpec) -> Mapping[str, object]:
    pairs = (("requests", spec.requests), ("limits", spec.limits))
    return {name: dict(quantities) for name, quantities in pairs if quantities}


def _environment_source(origin: EnvironmentSource) -> Mapping[str, object]:
    reference = {"name": origin.name, "optional": origin.optional}
    prefix = {"prefix": origin.prefix} if origin.prefix else {}
    return {**prefix, origin.source: reference}


def _volumes(pod: PodFields) -> Mapping[str, object]:
    mounted = {str(mount.get("mountPath")).rstrip("/") for mount in pod.volume_mounts}
    return {
        "volumes": pod.volumes,
        "volume_mounts": pod.volume_mounts,
        "own_home": _HOME not in mounted,
        "own_tmp": _TMP not in mounted,
    }
