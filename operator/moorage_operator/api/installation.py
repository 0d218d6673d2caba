"""What the chart tells the operator about everything that it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class InstallationSettings:
    """Images, resources and addresses of what the operator makes."""

    gateway_image: str
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    cluster_domain: str = "cluster.local"
    gateway_resources: Mapping[str, object] = field(default_factory=dict)
    sidecar_resources: Mapping[str, object] = field(default_factory=dict)
    admin_peers: tuple[Mapping[str, object], ...] = ()
    """NetworkPolicy peers that may reach the admin port, besides the gateway's own pods."""
    report_url: str = ""
    report_server_name: str = ""
    report_ca_pem: str = ""
