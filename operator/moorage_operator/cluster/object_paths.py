"""Where the API server has the objects of each kind that the operator touches."""

from dataclasses import dataclass

from moorage_operator.api.resource_kinds import API_VERSION, GATEWAY_KIND, GROUP_KIND


@dataclass(frozen=True)
class ResourceKind:
    """One kind of object."""

    kind: str
    api_version: str
    plural: str

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        return self.api_version.rpartition("/")[2]

    def collection(self, namespace: str | None) -> str:
        """Path of all objects of the kind, in one namespace or in all."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        return (
            f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"
        )

    def path(self, namespace: str | None, name: str) -> str:
        """Path of one object."""
        return f"{self.collection(namespace)}/{name}"


_ALL = (
    ResourceKind(GATEWAY_KIND, API_VERSION, "mcpgateways"),
    ResourceKind(GROUP_KIND, API_VERSION, "mcpupstreamgroups"),
    ResourceKind("Deployment", "apps/v1", "deployments"),
    ResourceKind("StatefulSet", "apps/v1", "statefulsets"),
    ResourceKind("Service", "v1", "services"),
    ResourceKind("ConfigMap", "v1", "configmaps"),
    ResourceKind("Secret", "v1", "secrets"),
    ResourceKind("ServiceAccount", "v1", "serviceaccounts"),
    ResourceKind("Namespace", "v1", "namespaces"),
    ResourceKind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    ResourceKind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    ResourceKind("Role", "rbac.authorization.k8s.io/v1", "roles"),
    ResourceKind("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings"),
    ResourceKind("Lease", "coordination.k8s.io/v1", "leases"),
    ResourceKind("EndpointSlice", "discovery.k8s.io/v1", "endpointslices"),
    ResourceKind("Event", "events.k8s.io/v1", "events"),
)
RESOURCE_KINDS = {kind.kind: kind for kind in _ALL}


def object_path(kind: str, namespace: str | None, name: str) -> str:
    """Path of one object of a kind by its name."""
    return RESOURCE_KINDS[kind].path(namespace, name)
