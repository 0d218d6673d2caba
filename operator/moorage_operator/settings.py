"""What an operator process is told at its start: a JSON file from the chart, and its pod."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from moorage_operator.api.installation import InstallationSettings

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
LogLevel = Literal["debug", "info", "warning", "error"]
Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class SettingsError(Exception):
    """The settings cannot be used; the message says which member, and what to write instead."""


class SettingsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON file; member names as the chart's values have them, in camelCase."""

    gateway_image: str = msgspec.field(name="gatewayImage")
    image_pull_policy: str = msgspec.field(name="imagePullPolicy", default="IfNotPresent")
    image_pull_secrets: tuple[str, ...] = msgspec.field(name="imagePullSecrets", default=())
    watch_namespaces: tuple[str, ...] = msgspec.field(name="watchNamespaces", default=())
    """Empty means all, which takes cluster-wide rights."""
    service_name: str = msgspec.field(name="serviceName", default="moorage-operator")
    """The Service before the operator's report port."""
    cluster_domain: str = msgspec.field(name="clusterDomain", default="cluster.local")
    gateway_resources: dict[str, Any] = msgspec.field(name="gatewayResources", default_factory=dict)
    sidecar_resources: dict[str, Any] = msgspec.field(name="sidecarResources", default_factory=dict)
    admin_peers: tuple[dict[str, Any], ...] = msgspec.field(name="adminPeers", default=())
    """NetworkPolicy peers that may reach the admin ports of gateways."""
    key_rotation_days: Days = msgspec.field(name="keyRotationDays", default=30)
    report_port: Port = msgspec.field(name="reportPort", default=8443)
    metrics_port: Port = msgspec.field(name="metricsPort", default=9090)
    log_level: LogLevel = msgspec.field(name="logLevel", default="info")


class PodIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Which pod this process is."""

    name: str
    address: str
    """Where other replicas and gateways reach it; empty where nobody does."""
    namespace: str

    @property
    def holder(self) -> str:
        """What stands in the Lease: neither pod names nor addresses have underscores."""
        return f"{self.name}_{self.address}"


class OperatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All that the process is told."""

    file: SettingsFile
    pod: PodIdentity

    @property
    def service_host(self) -> str:
        return f"{self.file.service_name}.{self.pod.namespace}.svc"

    def certificate_names(self) -> tuple[str, ...]:
        """Every name under which gateways reach the report channel."""
        return (self.service_host, f"{self.service_host}.{self.file.cluster_domain}")

    def installation(self, report_ca_pem: str) -> InstallationSettings:
        """What rendered children are told."""
        return InstallationSettings(
            gateway_image=self.file.gateway_image,
            image_pull_policy=self.file.image_pull_policy,
            image_pull_secrets=self.file.image_pull_secrets,
            cluster_domain=self.file.cluster_domain,
            gateway_resources=self.file.gateway_resources,
            sidecar_resources=self.file.sidecar_resources,
            admin_peers=self.file.admin_peers,
            report_url=f"wss://{self.service_host}:{self.file.report_port}/report",
            report_server_name=self.service_host,
            report_ca_pem=report_ca_pem,
        )


def read_settings(path: Path, environment: Mapping[str, str] | None = None) -> OperatorSettings:
    """The settings of this process; raises ``SettingsError``."""
    environment = os.environ if environment is None else environment
    try:
        file = msgspec.json.decode(path.read_bytes(), type=SettingsFile)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; give the file by --settings") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"{path}: {error}; docs/operating.md has its members") from error
    return OperatorSettings(file=file, pod=_pod(environment))


def _pod(environment: Mapping[str, str]) -> PodIdentity:
    namespace = environment.get("POD_NAMESPACE")
    if not namespace:
        raise SettingsError(
            "POD_NAMESPACE is not set; set it to the namespace with the Lease moorage-operator"
        )
    return PodIdentity(
        name=environment.get("POD_NAME") or socket.gethostname(),
        address=environment.get("POD_IP", ""),
        namespace=namespace,
    )
