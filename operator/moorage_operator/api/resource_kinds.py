"""What the two kinds are called, and the names their children get."""

API_GROUP = "moorage.dev"
API_VERSION = f"{API_GROUP}/v1alpha1"
GATEWAY_KIND = "McpGateway"
GROUP_KIND = "McpUpstreamGroup"
KINDS = (GATEWAY_KIND, GROUP_KIND)

GROUP_CHILD_SUFFIX = "-upstream"

RESERVED_PATHS = ("/healthz", "/readyz", "/metrics", "/.well-known")
"""Paths that are the gateway's own, now or later: no route may be one of them or lie below."""

LAUNCHER_FOLDER = "/run/moorage"
"""Where the launcher and its socket are in a stdio pod: nobody else mounts there."""
RESERVED_VOLUME_PREFIX = "moorage-"
"""Begins the names of a stdio pod's own volumes."""

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that every namespace has: its own name."""
