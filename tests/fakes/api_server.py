"""What the API server says of a resource, without keeping it: a server-side dry run."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from kubernetes import client, config

from fakes.cr_documents import Document

_PLURALS = {"McpGateway": "mcpgateways", "McpUpstreamGroup": "mcpupstreamgroups"}
_AS_TABLE = {
    "Accept": "application/json;as=Table;v=v1;g=meta.k8s.io",
    "Content-Type": "application/merge-patch+json",
}


@dataclass(frozen=True)
class Refusal:
    """One thing that the API server finds wrong."""

    field: str
    """``spec.routes[0].path``; empty where it names none."""
    text: str


class ApiServer:
    """The API server that KUBECONFIG names, asked about resources of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def refusals(self, document: Document) -> list[Refusal]:
        """Everything that is wrong with the resource; empty if it would be kept."""
        try:
            self.kept(document)
        except client.ApiException as error:
            return _refusals(json.loads(error.body or "{}"))
        return []

    def kept(self, document: Document) -> Document:
        """The resource as it would be kept, defaults filled in."""
        placed = {**document, "metadata": {**document["metadata"], "namespace": self.namespace}}
        group, _, version = placed["apiVersion"].partition("/")
        kept = _api().create_namespaced_custom_object(
            group=group,
            version=version,
            namespace=self.namespace,
            plural=_PLURALS[placed["kind"]],
            body=placed,
            dry_run="All",
            field_validation="Strict",
        )
        assert isinstance(kept, dict)
        return kept

    def columns(self, kind: str, name: str, status: Document) -> dict[str, object]:
        """What ``kubectl get -o wide`` would show of the resource if it had this status."""
        way = f"/apis/moorage.dev/v1alpha1/namespaces/{self.namespace}/{_PLURALS[kind]}/{name}"
        api = _api().api_client
        request = api.param_serialize(
            "PATCH",
            f"{way}/status",
            query_params=[("dryRun", "All")],
            header_params=_AS_TABLE,
            body={"status": status},
        )
        table = json.loads(api.call_api(*request).read())
        names = [column["name"] for column in table["columnDefinitions"]]
        return dict(zip(names, table["rows"][0]["cells"], strict=True))


@cache
def _api() -> client.CustomObjectsApi:
    config.load_kube_config()
    return client.CustomObjectsApi()


def _refusals(status: Any) -> list[Refusal]:
    details = status.get("details") or {}
    causes = details.get("causes") or [{"message": status["message"]}]
    return [
        Refusal(cause.get("field", "").removeprefix("<nil>"), cause["message"]) for cause in causes
    ]
