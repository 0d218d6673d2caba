"""Which objects of the API server a gateway follows or reads (pure)."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from moorage_contract.cluster_names import GROUP_LABEL

PAGE_ITEMS = 500
Kind = Literal["ConfigMap", "EndpointSlices"]


@dataclass(frozen=True)
class Followed:
    """One list+watch: a kind in a namespace, and which objects of it."""

    kind: Kind
    namespace: str
    selector: tuple[str, str]
    """Query parameter and its value."""

    @property
    def path(self) -> str:
        """Where the API server has the collection."""
        if self.kind == "EndpointSlices":
            return f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices"
        return f"/api/v1/namespaces/{self.namespace}/configmaps"

    def list_target(self, next_page: str) -> str:
        """Path and query of one page of the list."""
        query = [self.selector, ("limit", str(PAGE_ITEMS))]
        return self._target([*query, ("continue", next_page)] if next_page else query)

    def watch_target(self, version: str, timeout_seconds: int) -> str:
        """Path and query of a watch of all that changed since ``version``."""
        return self._target(
            [
                self.selector,
                ("watch", "true"),
                ("allowWatchBookmarks", "true"),
                ("resourceVersion", version),
                ("timeoutSeconds", str(timeout_seconds)),
            ]
        )

    def _target(self, query: list[tuple[str, str]]) -> str:
        return f"{self.path}?{urlencode(query)}"


def one_config_map(namespace: str, name: str) -> Followed:
    """One object by its name: all that rights by ``resourceNames`` allow."""
    return Followed("ConfigMap", namespace, ("fieldSelector", f"metadata.name={name}"))


def secret_target(namespace: str, name: str) -> str:
    """Where one Secret is read."""
    return f"/api/v1/namespaces/{namespace}/secrets/{name}"


def endpoint_slices(namespace: str) -> Followed:
    """The slices of every upstream group in a namespace."""
    return Followed("EndpointSlices", namespace, ("labelSelector", GROUP_LABEL))
