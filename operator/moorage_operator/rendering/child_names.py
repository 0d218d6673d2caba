"""What our children are called, which labels they bear, and the ports and folders in their pods."""

from moorage_contract.cluster_names import GATEWAY_CHILD_SUFFIX, GROUP_LABEL
from moorage_operator.api.resource_kinds import API_GROUP, GROUP_CHILD_SUFFIX

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
NAME_LABEL = "app.kubernetes.io/name"
GATEWAY_LABEL = f"{API_GROUP}/gateway"
TABLE_DIGEST_ANNOTATION = f"{API_GROUP}/table-digest"
RING_ANNOTATION = f"{API_GROUP}/ring"
GROUP_KEYS_ANNOTATION = f"{API_GROUP}/group-keys"

MANAGED_BY = "moorage"
GATEWAY_NAME = "moorage-gateway"
GROUP_NAME = "moorage-upstream"

GATEWAY_MCP_PORT = 8080
GATEWAY_ADMIN_PORT = 9090
STDIO_MCP_PORT = 8081
STDIO_HEALTH_PORT = 9091

USER_ID = 65532
"""Who processes run as, if a stdio group does not say otherwise; also the group of volumes."""


def gateway_child_name(gateway: str) -> str:
    """The name of every child of a gateway."""
    return f"{gateway}{GATEWAY_CHILD_SUFFIX}"


def group_child_name(group: str) -> str:
    """The name of every child of a group."""
    return f"{group}{GROUP_CHILD_SUFFIX}"


def gateway_labels(gateway: str) -> dict[str, str]:
    """The labels of a gateway's children and pods."""
    return {MANAGED_BY_LABEL: MANAGED_BY, NAME_LABEL: GATEWAY_NAME, GATEWAY_LABEL: gateway}


def group_labels(group: str) -> dict[str, str]:
    """The labels of a group's children and stdio pods."""
    return {MANAGED_BY_LABEL: MANAGED_BY, NAME_LABEL: GROUP_NAME, GROUP_LABEL: group}


def gateway_pod_selector(gateway: str) -> dict[str, str]:
    """What selects the pods of one gateway within its namespace."""
    return {NAME_LABEL: GATEWAY_NAME, GATEWAY_LABEL: gateway}


def group_pod_selector(group: str) -> dict[str, str]:
    """What selects the pods of one stdio group within its namespace."""
    return {NAME_LABEL: GROUP_NAME, GROUP_LABEL: group}
