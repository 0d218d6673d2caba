"""What a gateway pod is told (docs/decisions/0007-in-the-cluster.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from moorage_gateway.watching.api_server import ApiAccess


class SettingsRefused(Exception):
    """The environment lacks something; the message names it."""


@dataclass(frozen=True)
class ClusterFiles:
    """Where the pod's files are."""

    table: Path = Path("/etc/moorage/table")
    keys: Path = Path("/etc/moorage/keys")
    tls: Path = Path("/etc/moorage/tls")
    state: Path = Path("/var/lib/moorage")
    identity: Path = Path("/var/run/secrets/moorage")

    @property
    def endpoints(self) -> Path:
        """The last endpoint book."""
        return self.state / "endpoints.json"


@dataclass(frozen=True)
class ClusterSettings:
    """One gateway pod."""

    gateway: str
    """``namespace/name``."""
    pod_name: str
    pod_ip: str
    api_url: str
    files: ClusterFiles = ClusterFiles()
    listen_port: int = 8080
    admin_port: int = 9090

    @property
    def api_access(self) -> ApiAccess:
        """How the API server is reached."""
        identity = self.files.identity
        return ApiAccess(self.api_url, identity / "api-token", identity / "ca.crt")


def settings_of(environment: Mapping[str, str]) -> ClusterSettings:
    """Raises SettingsRefused."""
    gateway = _wanted(environment, "MOORAGE_GATEWAY")
    namespace, slash, name = gateway.partition("/")
    if not (namespace and slash and name):
        raise SettingsRefused(f"MOORAGE_GATEWAY is {gateway!r}: it must be namespace/name")
    host = _wanted(environment, "KUBERNETES_SERVICE_HOST")
    port = _wanted(environment, "KUBERNETES_SERVICE_PORT")
    return ClusterSettings(
        gateway=gateway,
        pod_name=_wanted(environment, "POD_NAME"),
        pod_ip=_wanted(environment, "POD_IP"),
        api_url=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
    )


def _wanted(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsRefused(f"{name} is not set: the operator's Deployment sets it")
    return value
